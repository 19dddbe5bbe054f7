"""Losses of the motion stage, in normalized motion and in expression space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file
from torch import Tensor

from openvasa.types import (
    DYNAMICS_DIM,
    EXPRESSION_DIM,
    EXPRESSION_NAMES,
    POSE_DIM,
    Array,
    InputError,
)

LIPS = ("jaw", "mouth")  # expressions whose names start so are the lips'
LIDS = ("eyeBlink",)  # and the lids': shut for so few frames that their error hardly counts
MIN_SPREAD = 0.02  # an expression that hardly moves in the data still counts, but not its noise


@dataclass(frozen=True)
class Readout:
    """Linear readout of the face model: expression = dynamics @ weight.T + bias."""

    weight: Array  # f32 [45, 48]
    bias: Array  # f32 [45]

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
    """

    velocity: float
    expression: float
    shake: float


class MotionLoss:
    """Named, weighted losses of predicted windows; their sum is what the stage minimizes."""

    def __init__(self, weights: LossWeights, to_expression: Tensor | None = None) -> None:
        """Takes the weights and, where there is a readout, `expression_matrix`."""
        self.weights = weights
        self.to_expression = to_expression

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
        return losses


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
