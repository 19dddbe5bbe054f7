"""Is the face latent space disentangled? Figures of frames made by changing one code at a time.

| figure | unit | better | definition |
|---|---|---|---|
| dynamics moved by pose | % of range | lower | change of the mesh in the head's own frame |
| pose moved by dynamics | % of range | lower | change of yaw, pitch and roll |
| expression correlation | r | higher | of five curves of the face, made against driver |
| head-pose error | degrees | lower | change from the first frame, made against driver |
| landmark error | % of the face's height | lower | 468 points, made against real |

Natural ranges are `EXPRESSION_RANGE` and `POSE_RANGE`. Knows nothing of models or files.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openvasa.metrics.face_sequence import FaceSequence

Floats = NDArray[np.float64]

EXPRESSION_RANGE = 0.06  # face heights: how far lips and lids travel in speech and blinks
POSE_RANGE = 30.0  # degrees: from -15 to 15, how far heads turn in talk
_MOVING = np.array([13, 14, 61, 291, 0, 17, 159, 145, 386, 374, 105, 334])  # lips, lids, brows
_BROWS, _EYES = ((105, 159), (334, 386)), (33, 263)


def expression_change(faces: FaceSequence, rest: FaceSequence) -> Floats:
    """How far lips, lids and brows are from a resting face, % of `EXPRESSION_RANGE`, [T].

    Args:
        faces: T frames.
        rest: One frame of the same person.
    """
    unit = np.linalg.norm(rest.canonical[0, 10] - rest.canonical[0, 152])
    moved = faces.canonical[:, _MOVING] - rest.canonical[:, _MOVING]
    apart = np.linalg.norm(moved[..., :2], axis=2).mean(1) / unit
    return np.asarray(100 * apart / EXPRESSION_RANGE)


def pose_change(angles: Floats, rest: Floats) -> Floats:
    """How far heads are turned from rest, mean of three angles, % of `POSE_RANGE`, [T]."""
    return np.asarray(100 * np.abs(angles - rest).mean(-1) / POSE_RANGE)


def curves(faces: FaceSequence) -> Floats:
    """Lip gap, lip width, eye opening, brow height and lips' height in the face, [T, 5]."""
    points = faces.canonical
    brow = np.mean([points[:, up, 1] - points[:, lid, 1] for up, lid in _BROWS], axis=0)
    lips = points[:, 0, 1] - points[:, 17, 1]
    return np.stack([faces.gap, faces.lip_width, faces.eye_opening, brow, lips], 1)


def correlations(made: FaceSequence, driver: FaceSequence) -> Floats:
    """Pearson's r of each of the `curves`, [5]; nan where the driver's hardly moves."""
    out = []
    for ours, theirs in zip(curves(made).T, curves(driver).T, strict=True):
        flat = theirs.std() < 1e-3 or ours.std() < 1e-9
        out.append(np.nan if flat else float(np.corrcoef(ours, theirs)[0, 1]))
    return np.array(out)


def landmark_error(made: FaceSequence, real: FaceSequence) -> float:
    """Mean distance of 468 points, % of the real face's height."""
    apart = np.linalg.norm((made.points - real.points)[:, :468, :2], axis=2)
    return float(100 * (apart.mean(1) / real.height).mean())
