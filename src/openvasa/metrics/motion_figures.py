"""Figures of motion itself, before any picture is made of it.

| figure | unit | better | definition |
|---|---|---|---|
| slope, r, error | ratio, ratio, degrees | 1, 1, 0 | what was seen against what was asked for |
| dP, dP below 5 Hz | degrees a frame | near real | pose intensity, before and after a low-pass |
| above 5 Hz | degrees | near real | root mean square of what the low-pass takes away |
| blinks | a minute | near real | closures of both lids beyond half |
| apart | degrees | higher | root mean square difference of two performances' head angles |
| inside | degrees | | the same of one performance and itself five or more seconds later |

Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from openvasa.metrics.head_motion import low_pass, pose_intensity
from openvasa.types import FPS

Floats = NDArray[np.float64]
Figures = dict[str, float]

SHUT = 0.5  # of a lid: beyond, it counts as closed
LATER = 5 * FPS  # frames after which a performance is compared with itself


def against(asked: Sequence[float], seen: Sequence[float]) -> Figures:
    """How what was seen depends on what was asked for: slope and r of a line, mean error."""
    x, y = np.asarray(asked, np.float64), np.asarray(seen, np.float64)
    slope = float(np.polyfit(x, y, 1)[0])
    spread = y.std()
    r = float(np.corrcoef(x, y)[0, 1]) if spread > 1e-9 else 0.0
    return {"slope": slope, "r": r, "error": float(np.abs(y - x).mean())}


def liveliness(angles: Floats, shut: Floats) -> Figures:
    """How lively a performance is.

    Args:
        angles: f64 [T >= 16, 3], the head's yaw, pitch and roll in degrees at 25 fps.
        shut: f64 [T], how far the lids are closed, 1 is wholly.
    """
    slow = low_pass(angles)
    closed = np.concatenate([[False], shut > SHUT, [False]]).astype(int)
    starts, ends = np.flatnonzero(np.diff(closed) == 1), np.flatnonzero(np.diff(closed) == -1)
    lengths = (ends - starts) * 1000 / FPS
    return {
        "dP": pose_intensity(angles),
        "dP below 5 Hz": pose_intensity(slow),
        "above 5 Hz": float(np.sqrt(((angles - slow) ** 2).mean())),
        "blinks": 60 * len(starts) * FPS / len(shut),
        "blink ms": float(lengths.mean()) if len(lengths) else float("nan"),
    }


def variety(performances: Sequence[Floats]) -> Figures:
    """How different performances of one recording are.

    Args:
        performances: Two or more of f64 [T > 5 s, 3], head angles in degrees.

    Returns:
        `apart`: of the two that are most alike; `apart, mean`: of all pairs; `inside`: mean over
        performances, about their own means.
    """
    pairs = [_rms(a - b) for a, b in combinations(performances, 2)]
    inside = [_rms(one[LATER:] - one[:-LATER]) for one in performances]
    return {
        "apart": min(pairs), "apart, mean": float(np.mean(pairs)),
        "inside": float(np.mean(inside)),
    }  # fmt: skip


def change_over(first: Floats, last: Floats) -> Figures:
    """What changed from one stretch of a performance to another.

    Args:
        first: f64 [T, 6], pose offsets of an early stretch, as in `Motion.pose`.
        last: f64 [S, 6], of a late one.

    Returns:
        `turned`: the largest change of the mean of an angle, degrees; `distance`: the ratio of the
        mean distances, late over early.
    """
    moved = last.mean(0) - first.mean(0)
    return {
        "turned": float(np.degrees(np.abs(moved[:3]).max())),
        "distance": float(np.exp(-moved[5])),
    }


def _rms(values: Floats) -> float:
    return float(np.sqrt((values**2).mean()))
