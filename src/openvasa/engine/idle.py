"""A face that waits: it breathes, sways a little and glances aside, and is never frozen.

Everything here is a function of the seed and the time alone, so it repeats nowhere and needs no
memory; how much of it shows is the caller's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from openvasa.types import FPS, POSE_DIM

Floats = NDArray[np.float64]

BREATH = 0.25  # Hz; adults at rest breathe 12 to 18 times a minute
BREATH_SIZE = (np.radians(0.35), 0.003)  # of the pitch, and of the height in crop units
SWAY = np.radians([0.8, 0.5, 0.45])  # standard deviation of yaw, pitch and roll
SLOWS = np.array([0.07, 0.13, 0.21, 0.34])  # Hz, of which the sway is made
EVERY = 3.2  # seconds in each of which one glance may fall
GLANCES = 0.6  # how often it does
FARTHEST = np.radians([7.0, 3.5])  # of a glance, yaw and pitch
STAYS = (0.5, 1.4)  # seconds
_STREAM = 6  # which of the seed's random numbers are these


@dataclass(frozen=True)
class Idling:
    """What one frame of idle motion adds.

    Attributes:
        pose: f64 [6], to the head's pose.
        look: f64 [2], to the gaze, radians.
    """

    pose: Floats
    look: Floats


def idle(seed: int, frame: int) -> Idling:
    """Idle motion at its full size.

    Args:
        seed: Of the performance.
        frame: Its number, 25 a second.
    """
    time = frame / FPS
    phases, speeds, breaths = _manner(seed)
    breath = np.sin(2 * np.pi * breaths * time + phases[3, 0])
    pose = np.zeros(POSE_DIM)
    # A sum of n sines of equal size has a standard deviation of sqrt(n / 2).
    pose[:3] = SWAY * np.sin(2 * np.pi * speeds * time + phases[:3]).sum(1) / np.sqrt(2)
    pose[1] += BREATH_SIZE[0] * breath
    pose[4] = BREATH_SIZE[1] * breath
    return Idling(pose, _glance(seed, time))


# Asked for every frame; a generator costs more than all the rest.
@lru_cache(maxsize=256)
def _manner(seed: int) -> tuple[Floats, Floats, float]:
    """Phases [4, 4], speeds [3, 4] and the rate of breath, Hz, of a performance."""
    rng = np.random.default_rng([seed, _STREAM])
    phases = rng.uniform(0, 2 * np.pi, (4, len(SLOWS)))
    speeds = SLOWS * rng.uniform(0.85, 1.15, (3, len(SLOWS)))
    return phases, speeds, BREATH * rng.uniform(0.85, 1.15)


def _glance(seed: int, time: float) -> Floats:
    start, end, where = _planned(seed, int(time / EVERY))
    # Eyes jump within two frames and stay.
    there = np.clip(min(time - start, end - time) * FPS / 2, 0, 1)
    return np.asarray(there * where)


@lru_cache(maxsize=256)
def _planned(seed: int, slot: int) -> tuple[float, float, Floats]:
    """When a slot's glance starts and ends, seconds, and where it goes, f64 [2]; zeros for none."""
    rng = np.random.default_rng([seed, _STREAM, slot])
    stays = rng.uniform(*STAYS)
    start = slot * EVERY + rng.uniform(0, EVERY - stays)
    where = FARTHEST * rng.uniform(-1, 1, 2)
    return start, start + stays, where if rng.random() <= GLANCES else np.zeros(2)
