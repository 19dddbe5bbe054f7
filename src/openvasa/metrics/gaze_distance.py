"""Does somebody look where they were asked to, from the distance they were asked to keep?

| figure | unit | better | definition |
|---|---|---|---|
| gaze error | degrees | lower | mean angle between measured and requested gaze (VASA-1, Table 5) |
| gaze spread | degrees | near real | root mean square angle from the clip's own median gaze |
| distance error | portrait's distance | lower | mean absolute difference to the requested one |

Gaze is relative to the camera: right and up of the image positive, (0, 0) is into it. Distance is
told by the head's size: at twice the distance it is half as large. Knows nothing of pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def gaze_error(gaze: Floats, wanted: tuple[float, float] | Floats) -> float:
    """Mean angle between measured and requested gaze.

    Args:
        gaze: f64 [T, 2], yaw and pitch in degrees.
        wanted: (yaw, pitch) or f64 [T, 2], degrees.

    Returns:
        Degrees in [0, 180].
    """
    cosine = (directions(gaze) * directions(np.asarray(wanted, np.float64))).sum(-1)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean())


def gaze_spread(gaze: Floats) -> float:
    """How far the gaze wanders: root mean square angle from its median, degrees."""
    apart = (directions(gaze) * directions(np.median(gaze, axis=0))).sum(-1)
    return float(np.sqrt((np.degrees(np.arccos(np.clip(apart, -1, 1))) ** 2).mean()))


def distance_error(scale: Floats, own: float, wanted: float | Floats = 1.0) -> float:
    """Mean difference of measured and requested distance, in distances of the portrait.

    Args:
        scale: f64 [T], size of the head in each frame, > 0.
        own: Its size where it is as far away as in the portrait, in the same unit.
        wanted: Requested distance relative to the portrait's.
    """
    return float(np.abs(own / scale - wanted).mean())


def directions(angles: Floats) -> Floats:
    """Unit vectors [..., 3] (x right, y up, z to the camera) of yaw and pitch in degrees."""
    yaw, pitch = np.radians(angles[..., 0]), np.radians(angles[..., 1])
    across = np.cos(pitch)
    return np.stack([np.sin(yaw) * across, np.sin(pitch), np.cos(yaw) * across], -1)
