"""Mesh -> named expressions: those at which the model's own warp explains where the points are.

For every frame, the scores and gaze angles e with the least

    |w (points - neutral - sum of e_k shape_k)|^2 + PRIOR |e - seen|^2,    0 <= scores <= 1,

where shape_k is what the graph `move` does to the face at expression k, and `seen` is what the
model's encoder read from the picture. Knows nothing of videos.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from openvasa.engine.anchor import Anchor
from openvasa.engine.backends import Backend
from openvasa.latent.control_points import control_points
from openvasa.latent.surface import EYES, IRIS, LIP_POINTS, POINTS, pose_of, to_canonical
from openvasa.types import EXPRESSION_DIM, POSE_DIM, Array

Floats = NDArray[np.float64]

PRIOR = 0.002  # squared crop units that an expression at 1 weighs
GAZE_LIMIT = 0.6  # radians in the head
_FINE = 3.0  # weight of lips, lids and irises beside the rest of the face
_SWEEPS = 40


def head_pose(landmarks: Floats, mean: Array) -> tuple[Array, Floats]:
    """Where a head is, and its points as if it were not turned.

    Args:
        landmarks: [478, 3] in crop units, image convention.
        mean: [468, 3], the mean face of the model.

    Returns:
        z_pose f32 [6] and canonical points f64 [478, 3], y up.
    """
    points, place = control_points(landmarks, mean.astype(np.float64))
    pose = pose_of(place)
    return pose, to_canonical(points, pose.astype(np.float64))


def expression_shapes(run: Backend, anchor: Anchor, neutral: Array, identity: Array) -> Floats:
    """What the model's warp does to a face at each expression, f64 [45, 478, 3].

    Args:
        run: Must know the graph `move`.
        anchor: Of the same model.
        neutral: f32 [478, 3], the face without expression, canonical.
        identity: f32 [1, I], z_id.
    """
    still = np.zeros((1, POSE_DIM), np.float32)
    fixed = {"neutral": neutral[None], "identity": identity, "rest": still, "pose": still}
    rest = run("move", {**fixed, "dynamics": np.zeros_like(anchor.weight[:1])})["points"]
    moved = [run("move", {**fixed, "dynamics": z[None]})["points"] for z in anchor.weight]
    return (np.concatenate(moved) - rest).astype(np.float64)


def fit_expressions(points: Floats, seen: Floats, shapes: Floats) -> tuple[Floats, Floats]:
    """Expressions of one face in T frames.

    Args:
        points: [T, 478, 3], canonical.
        seen: [T, 45], what the encoder reads.
        shapes: [45, 478, 3], from `expression_shapes`.

    Returns:
        e [T, 45], and the neutral face [478, 3] that was found from all frames.
    """
    neutral = np.median(points - np.tensordot(seen, shapes, 1), axis=0)
    weights = _weights()
    flat = (shapes * weights[:, None]).reshape(EXPRESSION_DIM, -1)
    gram = flat @ flat.T + PRIOR * np.eye(EXPRESSION_DIM)
    offsets = ((points - neutral) * weights[:, None]).reshape(len(points), -1)
    targets = offsets @ flat.T + PRIOR * seen
    low, high = np.zeros(EXPRESSION_DIM), np.ones(EXPRESSION_DIM)
    low[-2:], high[-2:] = -GAZE_LIMIT, GAZE_LIMIT
    return _bounded(gram, targets, np.clip(seen, low, high), low, high), neutral


def _weights() -> Floats:
    weights = np.ones(POINTS)
    weights[[*LIP_POINTS, *EYES[0], *EYES[1]]] = _FINE
    weights[IRIS[0] :] = _FINE
    return weights


@njit(cache=True)
def _bounded(gram: Floats, targets: Floats, start: Floats, low: Floats, high: Floats) -> Floats:
    """Minimizes x'Gx/2 - t'x within bounds for each row t, by coordinate descent."""
    out = start.copy()
    for t in range(len(targets)):
        for _ in range(_SWEEPS):
            for k in range(len(low)):
                step = targets[t, k] - np.dot(gram[k], out[t])
                out[t, k] = min(max(out[t, k] + step / gram[k, k], low[k]), high[k])
    return out
