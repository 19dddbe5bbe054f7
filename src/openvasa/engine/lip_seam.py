"""Where lips that touch meet, to a fraction of a pixel of the video (numpy only).

A portrait with parted lips has teeth between what the two lips show, so the flow jumps where they
are shut. The coarse grid knows the place only in steps of its pixels; the control points know it
exactly.
"""

from __future__ import annotations

import numpy as np

from openvasa.latent.raster import pixels
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER, close_lips
from openvasa.types import Array

CORNERS = (78, 308)  # of the inner lips
NEAR = 0.006  # crop units: lips nearer than this show nothing between them


def lip_seam(points: np.ndarray, size: int) -> Array:
    """The line between shut lips.

    Args:
        points: [478, 3] control points in the target's view, y up, crop units.
        size: Side of the picture in pixels.

    Returns:
        f32 [size], for each column the row of the line, centers on whole numbers; NaN where lips
        are apart or no lips are.
    """
    seam = np.full(size, np.nan, np.float32)
    shut = close_lips(points)
    upper, lower = shut[INNER_UPPER], shut[INNER_LOWER]
    touch = np.linalg.norm(upper - lower, axis=1) < NEAR
    middle = np.concatenate([shut[[CORNERS[0]]], (upper + lower) / 2, shut[[CORNERS[1]]]])
    x, y = pixels(middle, size).T
    columns = np.arange(max(int(np.ceil(x[0])), 0), min(int(np.floor(x[-1])) + 1, size))
    if len(columns) == 0 or (np.diff(x) <= 0).any():  # lips seen from the side fold
        return seam
    meets = np.interp(columns, x, np.concatenate([[True], touch, [True]]).astype(float)) > 0.99
    seam[columns[meets]] = np.interp(columns[meets], x, y)
    return seam
