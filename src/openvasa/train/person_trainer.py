"""Fine-tuning on one person: the phase `person` of stage one, and how good a model is for them.

The motion encoder stays, so that the motion model's dynamics keep their meaning; the warps and
all that draws learn. Frames are driven as the engine drives portraits: what changes from the
portrait's own expression is added to the dynamics that the encoder reads in it.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from openvasa.data.frame_pairs import FramePairs, Pool
from openvasa.face.align import CHIN, FOREHEAD
from openvasa.latent.autoencoder import PortraitCode
from openvasa.latent.motion_encoder import FaceCodes
from openvasa.metrics.lpips import Lpips
from openvasa.train.latent_trainer import Batch, LatentTrainer
from openvasa.train.losses import point_loss

JUDGED = 40  # frames, evenly spread


class Figures(NamedTuple):
    """Errors on frames, each a mean; lower is better.

    Attributes:
        points: Distance of the control points, % of the face's height.
        l1: Of the crops, levels of 255.
        lpips: Of the crops; None without the network.
    """

    points: float
    l1: float
    lpips: float | None

    def text(self) -> str:
        """The figures for people to read."""
        far = "" if self.lpips is None else f", LPIPS {self.lpips:.4f}"
        return f"points {self.points:.2f} % of face height, L1 {self.l1:.2f} of 255{far}"

    def worse_than(self, other: Figures, share: float) -> bool:
        """Whether any of these errors is larger by more than this share."""
        pairs = zip(self, other, strict=True)
        return any(a > b * (1 + share) for a, b in pairs if a is not None and b is not None)


class PersonTrainer(LatentTrainer):
    """One step of the phase `person`."""

    def losses(self, batch: Batch, number: int) -> dict[str, Tensor]:
        """The losses of a batch of one person's frames, weighted."""
        model = self.model
        source = self.codes(batch["source_image"], batch["source_pose"])
        dynamics = self.driven(source, batch["target_expression"] - batch["source_expression"])
        code = model.encode(batch["source_image"], batch["source_points"], source)
        moved, _ = model.move(code, batch["target_pose"], dynamics)
        return {
            "point": self.options.point * point_loss(moved, batch["target_points"], self.weights),
            "free": self.free_points(batch, source.identity),
            **self.redrawn(batch, code, batch["target_pose"], dynamics),
        }

    @torch.no_grad()
    def codes(self, image: Tensor, pose: Tensor) -> FaceCodes:
        """The codes that the engine gives a portrait: its pose is that of the mesh."""
        return self.model.motion(image)._replace(pose=pose)

    def driven(self, source: FaceCodes, change: Tensor) -> Tensor:
        """Dynamics z_dyn [N, D] of a portrait whose expression e changes by [N, 45]."""
        return source.dynamics + self.model.motion.embed(change)

    @torch.no_grad()
    def judge_frames(self, train: FramePairs, held_out: FramePairs,
                     lpips: Lpips | None) -> Figures:  # fmt: skip
        """Drives a known frame of each video to its held-out ones; compares with these.

        Args:
            train: Faces that may be learned from.
            held_out: Faces that the model has not seen.
            lpips: The perceptual distance, if there is one.
        """
        own, wanted = train.pool, held_out.pool
        portraits: dict[int, tuple[int, PortraitCode]] = {}
        found: list[tuple[float, float, float]] = []
        for row in np.unique(np.linspace(0, len(wanted.files) - 1, JUDGED).round().astype(int)):
            clip = int(wanted.group[row])
            if clip not in portraits:
                first = calmest(own, clip)
                portraits[clip] = first, self.portrait(train, first)
            portrait, code = portraits[clip]
            change = wanted.expression[[row]] - own.expression[[portrait]]
            pose = torch.from_numpy(wanted.pose[[row]])
            dynamics = self.driven(code.codes, torch.from_numpy(change))
            points = self.model.move(code, pose, dynamics)[0].numpy()
            made, real = self.drawn(code, pose, dynamics), _photos(held_out, [row])
            far = float(lpips.distance(2 * made - 1, 2 * real - 1)) if lpips else 0.0
            level = 255 * float((made - real).abs().mean())
            found.append((_point_error(points[0], wanted.landmarks[row]), level, far))
        points, level, far = np.mean(found, axis=0)
        return Figures(float(points), float(level), float(far) if lpips else None)

    def portrait(self, pairs: FramePairs, row: int) -> PortraitCode:
        """One face as a portrait that can be driven."""
        photo, own = _photos(pairs, [row]), pairs.pool
        codes = self.codes(photo, torch.from_numpy(own.pose[[row]]))
        return self.model.encode(photo, torch.from_numpy(own.landmarks[[row]]), codes)


def calmest(pool: Pool, clip: int) -> int:
    """The row of a video that shows the least expression, near the middle of its poses."""
    rows = np.flatnonzero(pool.group == clip)
    pose, expression = pool.pose[rows, :3], pool.expression[rows, :-2]
    turned = np.abs(pose - np.median(pose, axis=0)).sum(1)
    return int(rows[np.argmin(turned + 0.3 * np.abs(expression).sum(1))])


def _photos(pairs: FramePairs, rows: list[int]) -> Tensor:
    """Crops f32 [N, 3, S, S] in [0, 1]."""
    size = (pairs.size, pairs.size)
    crops = [cv2.resize(pairs.crop(row), size, interpolation=cv2.INTER_AREA) for row in rows]
    return torch.from_numpy(np.stack(crops).transpose(0, 3, 1, 2)).float() / 255


def _point_error(made: np.ndarray, seen: np.ndarray) -> float:
    """Mean distance of control points [478, 3] in the picture, % of the face's height."""
    height = np.linalg.norm(seen[FOREHEAD, :2] - seen[CHIN, :2])
    return float(100 * np.linalg.norm((made - seen)[:, :2], axis=1).mean() / height)
