"""How a head moves: intensity, range, and how much of it is shaking.

| figure | unit | better | definition |
|---|---|---|---|
| pose intensity, dP | degrees a frame | near real | mean change of yaw, pitch and roll (VASA-1) |
| pose range | degrees | near real | 5th to 95th percentile of the angles; mean of the three |
| jitter | 1/1000 face heights | lower | root mean square of stable points' motion above 5 Hz |
| roughness | ratio >= 1 | near real | dP before over dP after a 5 Hz low-pass |

The low-pass is a Butterworth filter of order 4 run forward and backward, so that nothing is
delayed. Heads hardly turn faster than 5 Hz; what is faster is noise of the maker or of the meter:
the meter's own floor is in docs/evaluation.md. Knows nothing of pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from openvasa.types import FPS

Floats = NDArray[np.float64]

CUT = 5.0  # Hz
_ORDER = 2  # run twice: 4
SHORTEST = 16  # frames the filter needs


def pose_intensity(angles: Floats, adjacent: NDArray[np.bool_] | None = None) -> float:
    """dP, mean absolute change of the head's angles from one frame to the next.

    Args:
        angles: f64 [T >= 2, 3], degrees, at 25 fps.
        adjacent: bool [T - 1], pairs that count; None for all of them.

    Returns:
        Degrees a frame, >= 0.

    Raises:
        ValueError: There is no pair of frames.
    """
    steps = np.abs(np.diff(angles, axis=0))
    if adjacent is not None:
        steps = steps[adjacent]
    if not len(steps):
        raise ValueError("pose intensity needs two frames that follow each other")
    return float(steps.mean())


def pose_range(angles: Floats) -> Floats:
    """Range of each angle, f64 [3], degrees: from the 5th to the 95th percentile."""
    low, high = np.percentile(angles, [5, 95], axis=0)
    return np.asarray(high - low)


def jitter(points: Floats, height: Floats) -> float:
    """Motion above 5 Hz.

    Args:
        points: f64 [T >= 16, N, 2], points of the face that expressions hardly move, pixels.
        height: f64 [T], the face's height in pixels.

    Returns:
        Root mean square over frames, points and both axes, in 1/1000 of the median height.
    """
    fast = points - low_pass(points)
    return float(1000 * np.sqrt((fast**2).mean()) / np.median(height))


def roughness(angles: Floats) -> float:
    """Pose intensity before over that after the low-pass: 1 for smooth motion, and at rest."""
    slow = pose_intensity(low_pass(angles))
    return float(pose_intensity(angles) / slow) if slow > 1e-9 else 1.0


def low_pass(values: Floats, cut: float = CUT) -> Floats:
    """Removes what changes faster than `cut` Hz along the first axis.

    Args:
        values: f64 [T >= 16, ...], at 25 fps.
        cut: Hz, below 12.5.

    Raises:
        ValueError: There are too few frames.
    """
    if len(values) < SHORTEST:
        raise ValueError(f"a low-pass needs {SHORTEST} frames, not {len(values)}")
    return np.asarray(sosfiltfilt(butter(_ORDER, cut, fs=FPS, output="sos"), values, axis=0))
