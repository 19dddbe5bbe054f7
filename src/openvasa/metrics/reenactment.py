"""How truly a driven face repeats its driver: average expression and pose distance.

| figure | unit | better | definition |
|---|---|---|---|
| AED | % of the face's height | lower | mean distance of 468 points, see below |
| APD | degrees | lower | mean absolute difference of yaw, pitch, roll |

The points are taken in the head's own frame, and each video's median face is taken away.

AED and APD are customary since FOMM and PIRenderer, there with coefficients of a morphable model
whose license forbids commercial use; points say the same without one. Without its
median face a video no longer tells who it is, so driver and driven may be different people.
Knows nothing of pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def expression_distance(made: Floats, driver: Floats) -> float:
    """AED in % of the face's height.

    Args:
        made: f64 [T, N, 3], points in the head's own frame, face heights.
        driver: The same of the driving video, frame by frame.

    Raises:
        ValueError: The videos have different lengths.
    """
    _check(made, driver)
    moved, wanted = (points - np.median(points, axis=0) for points in (made, driver))
    return float(100 * np.linalg.norm(moved - wanted, axis=-1).mean())


def pose_distance(made: Floats, driver: Floats) -> float:
    """APD in degrees.

    Args:
        made: f64 [T, 3], yaw, pitch, roll in degrees.
        driver: The same of the driving video.

    Raises:
        ValueError: The videos have different lengths.
    """
    _check(made, driver)
    return float(np.abs(made - driver).mean())


def _check(made: Floats, driver: Floats) -> None:
    if made.shape != driver.shape:
        raise ValueError(f"{made.shape} and {driver.shape} cannot be compared frame by frame")
