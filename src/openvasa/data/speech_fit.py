"""A speaker's mesh -> the expressions that open and widen the lips as far as they were seen to.

Shapes are fitted with the lips weighed most and depth least, which a landmarker only guesses. What
is then missing of the lips' opening and width is made up by the jaw, by puckered and by stretched
lips, so that both come out exactly: without that, widths came out at six tenths.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openvasa.data.head import HeadBasis, Solver, bounded_ridge, index_of
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER, LIP_POINTS
from openvasa.types import EXPRESSION_DIM, Array

Curve = NDArray[np.float64]

RIDGE = 0.01
LIPS_WEIGHT, DEPTH_WEIGHT = 4.0, 0.2
MOST = 0.9  # of a shape that makes up for what is missing
CORNERS = (61, 291)
_SHAPES = EXPRESSION_DIM - 2  # without the gaze


def lip_opening(faces: NDArray[np.floating]) -> Curve:
    """Mean height of the gap between the inner lips of faces [..., 468, 3], crop units."""
    gap = faces[..., INNER_UPPER, 1] - faces[..., INNER_LOWER, 1]
    return np.asarray(gap.mean(-1), np.float64)


def lip_width(faces: NDArray[np.floating]) -> Curve:
    """From corner to corner of faces [..., 468, 3], crop units."""
    left, right = CORNERS
    return np.asarray(faces[..., right, 0] - faces[..., left, 0], np.float64)


def fit_speech(basis: HeadBasis, offsets: Curve) -> Array:
    """Expressions without gaze, f32 [T, 43] in [0, 1].

    Args:
        basis: The parametric head.
        offsets: [T, 468, 3], canonical faces beside the speaker's rest.
    """
    weights = np.ones((offsets.shape[1], 3)) * [1.0, 1.0, DEPTH_WEIGHT]
    weights[LIP_POINTS] *= LIPS_WEIGHT
    shapes = basis.expression[:_SHAPES].astype(np.float64)
    flat = (shapes * weights).reshape(_SHAPES, -1)
    solver = Solver(
        flat, flat @ flat.T + RIDGE * np.eye(_SHAPES), np.zeros(_SHAPES), np.ones(_SHAPES)
    )
    targets = (offsets * weights).reshape(len(offsets), -1) @ flat.T
    found = [bounded_ridge(solver.gram, one, solver.low, solver.high) for one in targets]
    return _made_up(np.stack(found), offsets, shapes).astype(np.float32)


def _made_up(told: Curve, offsets: Curve, shapes: Curve) -> Curve:
    """The same with the lips' width and opening as seen."""
    wide, open_ = lip_width(shapes), lip_opening(shapes)
    pucker, jaw = index_of("mouthPucker"), index_of("jawOpen")
    sides = [index_of(f"mouthStretch{side}") for side in ("Left", "Right")]
    missing = lip_width(offsets) - told @ wide
    narrower = np.clip(missing / wide[pucker], 0, MOST)
    told[:, pucker] = np.minimum(told[:, pucker] + narrower, 1)
    told[:, sides] += np.clip(missing / wide[sides].sum(), 0, MOST)[:, None]
    missing = lip_opening(offsets) - told @ open_
    told[:, jaw] += missing / open_[jaw]
    return np.clip(told, 0, 1)
