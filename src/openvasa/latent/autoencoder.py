"""The face latent model whole: portrait -> canonical code -> frame at any pose and dynamics."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from openvasa.latent.appearance_encoder import AppearanceEncoder
from openvasa.latent.config import LatentConfig
from openvasa.latent.drawn import mouth_window
from openvasa.latent.face_decoder import Decoded, FaceDecoder, look
from openvasa.latent.motion_encoder import FaceCodes, MotionEncoder
from openvasa.latent.warp_field import (
    FLIP_Y,
    Z_HALF,
    WarpField,
    place,
    sample_volume,
    unplace,
)
from openvasa.types import POSE_DIM


class PortraitCode(NamedTuple):
    """All that is kept of N portraits.

    Attributes:
        appearance: V_app [N, C + 1, D, S/8, S/8]: canonical features and density logit.
        neutral: [N, 478, 3] canonical control points without expression (y up).
        image: [N, 3, S, S] the crop in [0, 1].
        codes: The portrait's own identity, pose and dynamics.
    """

    appearance: Tensor
    neutral: Tensor
    image: Tensor
    codes: FaceCodes


class FaceAutoencoder(nn.Module):
    """Encoders, warps and decoder of section 3.1 of the paper."""

    def __init__(self, config: LatentConfig) -> None:
        """Make the networks; call `warp.set_template` before training them."""
        super().__init__()
        self.config = config
        size = (config.volume_depth, config.volume_size, config.volume_size)
        self.appearance = AppearanceEncoder(
            config.appearance_widths, config.appearance_blocks, config.volume_channels,
            config.volume_depth,
        )  # fmt: skip
        self.motion = MotionEncoder(
            config.motion_size, config.motion_widths, config.identity_dim, config.dynamics_dim
        )
        self.warp = WarpField(
            config.field_bases, config.field_grid, config.dynamics_dim, config.identity_dim, size
        )
        self.template = nn.Parameter(surface_template(self.warp.points))
        self.condition = nn.Sequential(
            nn.Linear(2 * config.dynamics_dim + 2 * POSE_DIM + config.identity_dim,
                      config.condition_dim),
            nn.SiLU(),
            nn.Linear(config.condition_dim, config.condition_dim),
            nn.SiLU(),
        )  # fmt: skip
        self.decoder = FaceDecoder(
            channels=config.volume_channels, depth=config.volume_depth,
            widths=config.decoder_widths, blocks=config.decoder_blocks,
            condition=config.condition_dim,
        )  # fmt: skip

    def encode(self, image: Tensor, points: Tensor, codes: FaceCodes | None = None) -> PortraitCode:
        """Portraits -> what is kept for all their frames.

        Args:
            image: Crops [N, 3, S, S] in [0, 1].
            points: Control points [N, 478, 3] in the crop's view (y up, `control_points.shallow`).
            codes: Where already known; else read from the image.
        """
        codes = codes or self.motion(image)
        canonical = unplace_up(points, codes.pose)
        neutral = self.warp.neutral(canonical, codes.dynamics, codes.identity)
        volume = self.appearance(image)
        at = self.warp.to_canonical(codes.pose, canonical - neutral)
        appearance = sample_volume(volume, at)
        density = appearance[:, -1:] + self.template
        appearance = torch.cat([appearance[:, :-1], density], 1)
        return PortraitCode(appearance, neutral, image, codes)

    def move(self, code: PortraitCode, pose: Tensor, dynamics: Tensor) -> tuple[Tensor, Tensor]:
        """Control points at z_pose and z_dyn: in the target's view, and canonical; [N, 478, 3]."""
        canonical = self.warp.express(code.neutral, dynamics, code.codes.identity)
        return place_up(canonical, pose), canonical

    def decode(self, code: PortraitCode, pose: Tensor, dynamics: Tensor, flow: Tensor,
               hole: Tensor, drawn: Tensor) -> Decoded:  # fmt: skip
        """Frames of the portraits at z_pose [N, 6] and z_dyn [N, D].

        Args:
            code: The portraits.
            pose: Target z_pose.
            dynamics: Target z_dyn.
            flow: [N, 2, S, S] of the surface moved by `move` (`surface.PortraitSurface`).
            hole: [N, 1, S, S] the parted lips there.
            drawn: [N, 3, S, S] the mouth's mesh there (`mouth.PortraitMouth.picture`).
        """
        own, size = code.codes, int(hole.shape[-1])
        points, canonical = self.move(code, pose, dynamics)
        at = self.warp.from_canonical(pose, canonical - code.neutral, own.pose)
        cuts = [mouth_window(each.numpy(), size) for each in points.detach().float().cpu()]
        volume = sample_volume(
            code.appearance, _cut(at.permute(0, 4, 1, 2, 3), cuts, 8).permute(0, 2, 3, 4, 1)
        )
        seen, open_ = _cut(drawn, cuts), _cut(hole, cuts)
        gain, offset = self.decoder(volume, seen, open_, self.code(own, pose, dynamics))
        made = (seen * gain + offset).clamp(0, 1)
        color = torch.stack([
            F.pad(one, (left, size - left - one.shape[-1], top, size - top - one.shape[-1]))
            for one, (top, left) in zip(made, cuts, strict=True)
        ])  # fmt: skip
        return Decoded(flow, hole, color)

    def code(self, own: FaceCodes, pose: Tensor, dynamics: Tensor) -> Tensor:
        """The vector that modulates the decoder, [N, condition]."""
        parts = [dynamics, own.dynamics, pose, own.pose, own.identity]
        return self.condition(torch.cat(parts, 1))


def place_up(points: Tensor, pose: Tensor) -> Tensor:
    """`place` for points that are y up."""
    flip = points.new_tensor(FLIP_Y)
    return place(points * flip, pose) * flip


def unplace_up(points: Tensor, pose: Tensor) -> Tensor:
    """`unplace` for points that are y up."""
    flip = points.new_tensor(FLIP_Y)
    return unplace(points * flip, pose) * flip


def surface_template(points: Tensor) -> Tensor:
    """A first guess of where faces are dense: under an ellipsoid, logits [1, 1, D, H, W]."""
    x, y, z = points.unbind(-1)
    bulge = (1 - (x / 0.55) ** 2 - (y / 0.75) ** 2).clamp_min(0).sqrt()
    surface = 0.08 + 0.40 * bulge
    step = 2 * Z_HALF / points.shape[0]
    return (4 * (surface - z) / step).clamp(-4, 4)[None, None]


def compose(portrait: Tensor, decoded: Decoded) -> Tensor:
    """The frame [N, 3, S, S]: the portrait's pixels where it shows them, drawn color elsewhere.

    The engine does the same at full resolution (`openvasa.engine.warp2d`).
    """
    hole = decoded.hole
    return (1 - hole) * look(portrait, decoded.flow) + hole * decoded.color


def _cut(pictures: Tensor, corners: list[tuple[int, int]], cell: int = 1) -> Tensor:
    """Each picture's (or volume's) window: [N, ..., S, S] -> [N, ..., S/4, S/4].

    Args:
        pictures: Pictures.
        corners: (row, column) of each in pixels.
        cell: How many pixels a cell of these pictures is wide.
    """
    side = pictures.shape[-1] // 4
    return torch.stack([
        one[..., top // cell : top // cell + side, left // cell : left // cell + side]
        for one, (top, left) in zip(pictures, corners, strict=True)
    ])  # fmt: skip
