"""Losses of the motion stage, in normalized motion and in expression space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.numpy import load_file
from torch import Tensor

from openvasa.data.speech_fit import lip_opening, lip_width
from openvasa.motion.config import MotionStats
from openvasa.motion.lips import LIPS
from openvasa.types import (
    DYNAMICS_DIM,
    EXPRESSION_DIM,
    EXPRESSION_NAMES,
    POSE_DIM,
    Array,
    InputError,
)

LIDS = ("eyeBlink",)  # are shut for so few frames that their error hardly counts
SHUT_WITHIN = 0.3  # of the openings' spread, within which lips look shut
MIN_SPREAD = 0.02  # an expression that hardly moves in the data still counts, but not its noise


@dataclass(frozen=True)
class Readout:
    """Linear readout of the face model: expression = dynamics @ weight.T + bias."""

    weight: Array  # f32 [45, 48]
    bias: Array  # f32 [45]

    @property
    def anchor(self) -> Array:
        """Its inverse, f32 [45, 48]: the dynamics of each expression at 1."""
        return np.linalg.pinv(self.weight.T.astype(np.float64)).astype(np.float32)

    def __call__(self, dynamics: Array) -> Array:
        """Expression scores, f32 [..., 45], of dynamics [..., 48]."""
        return (dynamics @ self.weight.T + self.bias).astype(np.float32)


def read_readout(path: Path) -> Readout:
    """The inverse of a face model's anchor, which makes dynamics of expressions.

    The anchor is linear and fixed, so its inverse reads expressions without an error; the face
    model's own readout, learned for pictures, is a quarter off for some of them.

    Args:
        path: The face model's weights, with `motion.embed.weight` [48, 45].

    Raises:
        InputError: The file is no face model's.
    """
    tensors = load_file(path) if path.is_file() else {}
    anchor = tensors.get("motion.embed.weight")
    if anchor is None or anchor.shape != (DYNAMICS_DIM, EXPRESSION_DIM):
        raise InputError(f"{path} holds no anchor [48, 45]; give the face model's weights.")
    weight = np.linalg.pinv(anchor.astype(np.float64)).astype(np.float32)
    return Readout(weight, np.zeros(EXPRESSION_DIM, np.float32))


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Weights of the named losses.

    Attributes:
        velocity: Of the frame-to-frame error, the seam from the prefix included.
        expression: Of the error in expression space.
        shake: Of the error in the head's second differences.
        seen: Of the error in the lips' opening and width as they are drawn.
        shut: How many times more the opening counts, beside 1, where the lips are shut.
    """

    velocity: float
    expression: float
    shake: float
    seen: float = 0.0
    shut: float = 0.0


class SeenLips(NamedTuple):
    """Reads the lips' opening and width off normalized dynamics, in units of their own spread.

    Attributes:
        rows: f32 [2, 48].
        base: f32 [2], so that 0 is the face at rest, whose lips just meet.
    """

    rows: Tensor
    base: Tensor

    def to(self, device: torch.device) -> SeenLips:
        """The same on a device."""
        return SeenLips(self.rows.to(device), self.base.to(device))


class MotionLoss:
    """Named, weighted losses of predicted windows; their sum is what the stage minimizes."""

    def __init__(
        self,
        weights: LossWeights,
        to_expression: Tensor | None = None,
        lips: SeenLips | None = None,
    ) -> None:
        """Takes the weights and, where there is a readout, `expression_matrix`, `seen_lips`."""
        self.weights, self.to_expression, self.lips = weights, to_expression, lips

    def __call__(self, x0: Tensor, target: Tensor, kept: Tensor) -> dict[str, Tensor]:
        """Losses of a batch.

        Args:
            x0: Predicted windows, f32 [B, W, 54], normalized.
            target: The true ones.
            kept: f32 [B], 1 where the network was given the previous frames.
        """
        error = x0 - target
        # The step over the seam is wrong by just the first frame's error: the frame before it
        # is given.
        steps = torch.cat([error[:, :1] * kept[:, None, None], error.diff(dim=1)], dim=1)
        losses = {
            "x0": error.square().mean(),
            "velocity": self.weights.velocity * steps.square().mean(),
            "shake": self.weights.shake * error[..., :POSE_DIM].diff(n=2, dim=1).square().mean(),
        }
        if self.to_expression is not None:
            shown = error[..., POSE_DIM:] @ self.to_expression.T  # [B, W, 45]
            losses["expression"] = self.weights.expression * shown.square().mean()
        if self.lips is not None:
            losses |= self._seen(error[..., POSE_DIM:], target[..., POSE_DIM:], self.lips)
        return losses

    def _seen(self, error: Tensor, target: Tensor, lips: SeenLips) -> dict[str, Tensor]:
        opening, width = (error @ lips.rows.T).unbind(-1)  # each [B, W]
        true = target @ lips.rows[0] + lips.base[0]
        stress = 1 + self.weights.shut * torch.exp(-true.clamp(min=0) / SHUT_WITHIN)
        return {
            "opening": self.weights.seen * (stress * opening.square()).mean(),
            "width": self.weights.seen * width.square().mean(),
        }


def expression_matrix(
    readout: Readout, std: Array, dynamics: Array, lips: float, lids: float
) -> Array:
    """Turns an error of normalized dynamics into a weighted error of expressions.

    Args:
        readout: The face model's.
        std: f32 [54], the spread that motion was normalized by.
        dynamics: f32 [N, 48], real dynamics (not normalized), for each expression's spread.
        lips: Weight of the lips' expressions, beside 1 for all others.
        lids: Weight of the lids'.

    Returns:
        f32 [45, 48]: rows are in units of each expression's own spread, times sqrt(weight).
    """
    spread = np.maximum(readout(dynamics).std(axis=0), MIN_SPREAD)
    weight = np.asarray(
        [lips if n.startswith(LIPS) else lids if n.startswith(LIDS) else 1.0
         for n in EXPRESSION_NAMES]
    )  # fmt: skip
    scale = np.sqrt(weight) / spread
    return (readout.weight * std[None, POSE_DIM:] * scale[:, None]).astype(np.float32)


def seen_lips(readout: Readout, stats: MotionStats, dynamics: Array, shapes: Array) -> SeenLips:
    """How the lips' opening and width follow from normalized dynamics.

    Args:
        readout: The face model's.
        stats: What motion was normalized by.
        dynamics: f32 [N, 48], real dynamics (not normalized), for the spreads.
        shapes: f32 [45, 468, 3], the head's displacements by each expression.
    """
    seen = np.stack([lip_opening(shapes), lip_width(shapes)])  # [2, 45]
    spread = (readout(dynamics) @ seen.T).std(axis=0)
    rows = seen @ readout.weight / np.maximum(spread, 1e-6)[:, None]
    base = rows @ stats.mean[POSE_DIM:] + seen @ readout.bias / np.maximum(spread, 1e-6)
    return SeenLips(
        torch.from_numpy((rows * stats.std[POSE_DIM:]).astype(np.float32)),
        torch.from_numpy(base.astype(np.float32)),
    )
