"""Warped volume -> dense flow into the portrait, visibility, and color where it shows nothing."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from openvasa.latent.blocks import Residual, coordinates


class Decoded(NamedTuple):
    """What the decoder says of N frames of S x S pixels.

    Attributes:
        flow: [N, 2, S, S], for each pixel the crop coordinates (x, y) in the portrait.
        visible: [N, 1, S, S] logit: does the portrait show this pixel.
        color: [N, 3, S, S] in [0, 1], used where it does not.
    """

    flow: Tensor
    visible: Tensor
    color: Tensor


class FaceDecoder(nn.Module):
    """One decoder for the whole frame.

    It sees the warped appearance volume, the flow of the moved surface, the portrait through that
    flow, and where lips are parted; it corrects the flow, says what the portrait cannot show, and
    draws it.
    """

    rest: Tensor  # [2, S/8, S/8], where each pixel is

    def __init__(self, *, channels: int, depth: int, skip: int, widths: tuple[int, ...],
                 blocks: tuple[int, ...], condition: int, size: int) -> None:  # fmt: skip
        """Make the layers.

        Args:
            channels: Features of a voxel, density not counted.
            depth: Voxels along the line of sight.
            skip: Channels of the portrait's features at 1/4.
            widths: Channels at 1/8, 1/4 and 1/2 of the crop.
            blocks: Residual blocks at each.
            condition: Width of the code that modulates them.
            size: Side of the crop in pixels.
        """
        super().__init__()
        self.size = size
        wide, middle, narrow = widths
        self.enter = nn.Conv2d((channels + 1) * depth + 3, wide, 1)
        self.low = nn.ModuleList(Residual(wide, condition) for _ in range(blocks[0]))
        self.to_middle = nn.Conv2d(wide, middle * 4, 1)
        self.join_middle = nn.Conv2d(middle + skip + 2, middle, 3, padding=1)
        self.mid = nn.ModuleList(Residual(middle, condition) for _ in range(blocks[1]))
        self.to_narrow = nn.Conv2d(middle, narrow * 4, 1)
        self.join_narrow = nn.Conv2d(narrow + 6, narrow, 3, padding=1)
        self.high = nn.ModuleList(Residual(narrow, condition) for _ in range(blocks[2]))
        self.out = nn.Conv2d(narrow, 6 * 4, 3, padding=1)
        nn.init.normal_(self.out.weight, std=1e-3)
        if self.out.bias is not None:
            nn.init.zeros_(self.out.bias)
        self.register_buffer("rest", coordinates(size // 8, size // 8).permute(2, 0, 1),
                             persistent=False)  # fmt: skip

    def forward(self, volume: Tensor, flow: Tensor, hole: Tensor, skip: Tensor, half: Tensor,
                mouth: Tensor, code: Tensor) -> Decoded:  # fmt: skip
        """Decode.

        Args:
            volume: [N, C + 1, D, S/8, S/8] warped: features and density logit.
            flow: [N, 2, S, S] of the moved surface, crop coordinates (x, y).
            hole: [N, 1, S, S], 1 where the lips are parted.
            skip: [N, K, S/4, S/4] the portrait's features.
            half: [N, 3, S/2, S/2] the portrait at half size, in [0, 1].
            mouth: [N, 2, S/2, S/2] `warp_field.mouth_frame`.
            code: [N, condition] modulation.
        """
        half_flow = F.avg_pool2d(flow, 2)
        quarter_flow = F.avg_pool2d(half_flow, 2)
        eighth_flow = F.avg_pool2d(quarter_flow, 2)
        half_hole = F.avg_pool2d(hole, 2)
        offset = (eighth_flow - self.rest) * 4
        opacity = torch.sigmoid(volume[:, -1:])
        x = torch.cat([volume[:, :-1] * opacity, volume[:, -1:]], 1).flatten(1, 2)
        x = self.enter(torch.cat([x, offset, F.avg_pool2d(half_hole, 4)], 1))
        for block in self.low:
            x = block(x, code)
        x = F.pixel_shuffle(self.to_middle(x), 2)
        x = self.join_middle(torch.cat([x, look(skip, quarter_flow), F.avg_pool2d(mouth, 2)], 1))
        for block in self.mid:
            x = block(x, code)
        x = F.pixel_shuffle(self.to_narrow(x), 2)
        seen = look(half, half_flow) * 2 - 1
        x = self.join_narrow(torch.cat([x, seen, half_hole * 2 - 1, mouth], 1))
        for block in self.high:
            x = block(x, code)
        out = F.pixel_shuffle(self.out(F.silu(x)), 2)  # [N, 6, S, S]
        visible = 8 * (0.5 - hole) + 4 * out[:, 2:3]
        return Decoded(flow + 0.05 * out[:, :2], visible, torch.sigmoid(4 * out[:, 3:]))


def look(image: Tensor, flow: Tensor) -> Tensor:
    """Bilinear sampling: image [N, C, h, w] at flow [N, 2, H, W] (crop coordinates)."""
    return F.grid_sample(
        image, flow.permute(0, 2, 3, 1), padding_mode="border", align_corners=False
    )
