"""Is the face latent space disentangled? What is measured on frames when one code changes.

| figure | unit | better | definition |
|---|---|---|---|
| dynamics moved | % of range | lower | change of five curves of the face, see `curves` |
| pose moved | % of range | lower | change of yaw, pitch and roll |
| expression correlation | r | higher | of each curve, made against driver |
| landmark error | % of the face's height | lower | 468 points, made against real |

Natural ranges are `CURVE_RANGE` and `POSE_RANGE`. A reader of faces mixes pose and expression up
by itself; where a true picture of the same pose and expression is known, what it reads there is
taken off (`extra`). Knows nothing of models or files.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openvasa.latent.surface import LIDS
from openvasa.metrics.face_sequence import FaceSequence

Floats = NDArray[np.float64]
Index = int | NDArray[np.int64]

CURVES = ("lip gap", "lip width", "eye opening", "brow height", "lips' height")
# 5th to 95th percentile around each clip's median: at most 20 clips of each of nine GRID speakers
# that train, 146 clips and 10,949 frames of speech.
CURVE_RANGE = np.array([0.088, 0.043, 0.033, 0.031, 0.090])  # of the mean face
# Degrees of yaw, pitch and roll between the scripted poses. GRID's speakers sit still: 5th to 95th
# percentile are 1.5, 2.9 and 1.1 degrees within a clip, 12, 14 and 7 over all clips.
POSE_RANGE = np.array([30.0, 20.0, 20.0])
_BROWS = ((105, 159), (334, 386))  # brow and upper lid of each eye
_INNER_LIPS, _CORNERS = ((13, 14), (82, 87), (312, 317)), (61, 291)


def curves(faces: FaceSequence) -> Floats:
    """The `CURVES` in the head's own frame, units of the mean face, [T, 5].

    There, and not in the picture, so that a turn by itself changes none of them.
    """
    face = faces.canonical[..., :2]
    lids = [(up[2:5], low[2:5]) for up, low in LIDS]  # the middle of each eye
    pairs = (_INNER_LIPS, [_CORNERS], lids, _BROWS, [(0, 17)])
    return np.stack([np.mean([_apart(face, *pair) for pair in one], axis=0) for one in pairs], 1)


def _apart(face: Floats, first: Index, second: Index) -> Floats:
    apart = np.linalg.norm(face[:, first] - face[:, second], axis=-1)
    return np.asarray(apart.reshape(len(face), -1).mean(1))


def dynamics_moved(change: Floats) -> Floats:
    """Changes of the curves [..., 5] as % of their natural range, mean of the five."""
    return np.asarray(100 * (np.abs(change) / CURVE_RANGE).mean(-1))


def pose_moved(change: Floats) -> Floats:
    """Changes of yaw, pitch and roll in degrees [..., 3] as % of range, mean of the three."""
    return np.asarray(100 * (np.abs(change) / POSE_RANGE).mean(-1))


def extra(made: Floats, true: Floats) -> Floats:
    """What a model adds to a change, [N, K]: its readings less those of true pictures.

    Args:
        made: [N + 1, K] readings of made frames, the resting one first.
        true: The same of true pictures of the same poses and expressions.
    """
    return np.asarray((made[1:] - made[:1]) - (true[1:] - true[:1]))


def correlations(made: FaceSequence, driver: FaceSequence) -> Floats:
    """Pearson's r of each of the `curves`, [5]; nan where the driver's hardly moves."""
    out = []
    for ours, theirs in zip(curves(made).T, curves(driver).T, strict=True):
        flat = theirs.std() < 1e-3 or ours.std() < 1e-9
        out.append(np.nan if flat else float(np.corrcoef(ours, theirs)[0, 1]))
    return np.array(out)


def landmark_errors(made: Floats, real: Floats) -> Floats:
    """Mean distance of 468 points in % of the real face's height, [T].

    Args:
        made: [T, >= 468, >= 2], pixels.
        real: The same of the real pictures.
    """
    apart = np.linalg.norm((made - real)[:, :468, :2], axis=2).mean(1)
    height = np.linalg.norm(real[:, 10, :2] - real[:, 152, :2], axis=1)
    return np.asarray(100 * apart / height)
