"""Head motion of a speaker: drift, phrase posture, nods on emphasis, and the neck it all turns on.

Gives pose offsets on the motion clock; knows nothing of lips or eyes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openvasa.data.prosody import Accent, Prosody
from openvasa.types import FPS, Array

Curve = NDArray[np.float64]

# Where the neck's pivot lies from the head's center, crop units (a face is 0.91 high).
PIVOT_BELOW = 0.65
PIVOT_BEHIND = 0.22
CAMERA_AWAY = 4.5  # camera distance in crop units that a portrait photo is taken from

_DRIFT_STD = np.array([2.2, 1.5, 1.25])  # degrees of yaw, pitch, roll, below 0.35 Hz
_LIVELY_STD = np.array([1.45, 1.30, 0.90])  # degrees, 0.4 to 2 Hz, while speaking
_POSTURE_STD = np.array([2.4, 1.4, 1.1])  # degrees between phrases
_GAZE_SHARE = (0.3, 0.2)  # how much of an asked gaze the head itself turns, yaw and pitch
_STILL = 0.3  # liveliness left in silence


@dataclass(frozen=True, kw_only=True)
class HeadManner:
    """How one speaker moves the head.

    Attributes:
        energy: Size of all movement, about 0.6 to 1.5.
        nod: Size of a full-strength nod in degrees.
        side: Share of yaw and of roll in a nod, about -0.5 to 0.5 each.
        upward: Probability that emphasis lifts the chin instead.
    """

    energy: float
    nod: float
    side: tuple[float, float]
    upward: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> HeadManner:
        """A random speaker."""
        return cls(
            energy=float(np.clip(np.exp(rng.normal(0, 0.25)), 0.6, 1.6)),
            nod=float(rng.uniform(1.8, 3.8)),
            side=(float(rng.normal(0, 0.3)), float(rng.normal(0, 0.2))),
            upward=float(rng.uniform(0.05, 0.35)),
        )


def band_noise(rng: np.random.Generator, frames: int, low: float, high: float) -> Curve:
    """Gaussian noise of unit variance between two frequencies.

    Args:
        rng: Source of randomness.
        frames: Length at 25 fps.
        low: Lower -3 dB frequency in Hz; 0 keeps the slowest drift.
        high: Upper -3 dB frequency in Hz; falls off with the fourth power beyond.
    """
    size = frames + 20 * FPS  # a margin, so that the ends do not meet
    frequency = np.fft.rfftfreq(size, 1 / FPS)
    response = 1 / np.sqrt(1 + (frequency / high) ** 8)
    if low > 0:
        response *= 1 / np.sqrt(1 + (low / np.maximum(frequency, 1e-6)) ** 4)
    response[0] = 0
    spectrum = rng.normal(size=(2, len(frequency))) * response
    noise = np.fft.irfft(spectrum[0] + 1j * spectrum[1], size)
    deviation = 2 * np.sqrt(np.sum(response**2)) / size
    return noise[10 * FPS : 10 * FPS + frames] / deviation


def minimum_jerk(x: Curve) -> Curve:
    """The smoothest path from 0 at x = 0 to 1 at x = 1 (Flash & Hogan 1985)."""
    x = np.clip(x, 0, 1)
    return x**3 * (10 - 15 * x + 6 * x * x)


def liveliness(frames: int, spans: Sequence[tuple[float, float]]) -> Curve:
    """1 while speaking, `_STILL` in silence, slow in between, [T]."""
    time = (np.arange(frames) + 0.5) / FPS
    active = np.zeros(frames)
    for start, end in spans:
        inside = np.minimum((time - start) / 0.4 + 1, (end - time) / 0.6 + 1)
        active = np.maximum(active, minimum_jerk(inside))
    return _STILL + (1 - _STILL) * active


def _nods(
    rng: np.random.Generator, frames: int, accents: Sequence[Accent], manner: HeadManner
) -> Curve:
    """Degrees [T, 3] of the nods: a small lift, the beat just after the vowel, a slow return."""
    time = (np.arange(frames) + 0.5) / FPS
    out = np.zeros((frames, 3))
    for accent in accents:
        if rng.random() > 0.45 + 0.5 * accent.strength:
            continue
        size = manner.nod * (0.4 + 0.6 * accent.strength) * rng.uniform(0.7, 1.3)
        sign = 1.0 if rng.random() < manner.upward else -1.0
        since = time - accent.time - rng.normal(0.04, 0.02)
        width = np.where(since < 0, 0.12, 0.19)
        beat = np.exp(-0.5 * (since / width) ** 2)
        lift = 0.3 * np.exp(-0.5 * ((since + 0.30) / 0.11) ** 2)
        side = np.array(manner.side) * rng.choice([-1, 1])
        out += size * (sign * (beat - lift))[:, None] * np.array([side[0], 1.0, side[1]])
    return out


def _posture(rng: np.random.Generator, frames: int, spans: Sequence[tuple[float, float]]) -> Curve:
    """Degrees [T, 3]: a new attitude with every phrase, and within long ones."""
    time = (np.arange(frames) + 0.5) / FPS
    moments = [0.0]
    for start, end in spans:
        moments += [start - 0.1, *np.arange(start + 1.6, end - 0.8, 1.8)]
    out = np.zeros((frames, 3))
    now = rng.normal(size=3) * _POSTURE_STD
    out += now
    for moment in moments[1:]:
        goal = 0.5 * now + 0.87 * rng.normal(size=3) * _POSTURE_STD
        begin, length = moment + rng.normal(0, 0.1), rng.uniform(0.5, 0.9)
        out += minimum_jerk((time - begin) / length)[:, None] * (goal - now)
        now = goal
    return out


def _neck_translation(angles: Curve) -> Curve:
    """tx, ty, log_scale [T, 3] that turning about the neck by `angles` [T, 3] rad causes."""
    yaw, pitch, roll = angles.T
    tx = PIVOT_BEHIND * np.sin(yaw) + PIVOT_BELOW * np.sin(roll)
    ty = -PIVOT_BEHIND * np.sin(pitch) + PIVOT_BELOW * (2 - np.cos(roll) - np.cos(pitch))
    nearer = -PIVOT_BELOW * np.sin(pitch) - PIVOT_BEHIND * (1 - np.cos(yaw))
    return np.stack([tx, ty, nearer / CAMERA_AWAY], axis=1)


def head_motion(
    rng: np.random.Generator,
    prosody: Prosody,
    accents: Sequence[Accent],
    spans: Sequence[tuple[float, float]],
    *,
    gaze: tuple[float, float] = (0.0, 0.0),
    distance: float = 1.0,
    attitude: tuple[float, float] = (0.0, 1.0),
    size: float = 1.0,
) -> Array:
    """Pose offsets of a speaking or listening head.

    Args:
        rng: Source of randomness.
        prosody: Pitch and loudness, [T] each.
        accents: Where nods belong.
        spans: Stretches of speech (start, end) in seconds.
        gaze: Main gaze in degrees relative to the camera; the head turns part of the way.
        distance: Relative head-to-camera distance, > 0.
        attitude: Lasting chin lift in degrees, and a factor on all movement (an emotion's share).
        size: Factor on all rotation.

    Returns:
        f32 [T, 6]: yaw, pitch, roll in radians; x, y in crop units; log scale.
    """
    frames = len(prosody.pitch)
    manner = HeadManner.draw(rng)
    live = liveliness(frames, spans)
    drift = np.stack([band_noise(rng, frames, 0, 0.35) for _ in range(3)], axis=1) * _DRIFT_STD
    lively = np.stack([band_noise(rng, frames, 0.4, 1.9) for _ in range(3)], axis=1)
    degrees = drift + lively * _LIVELY_STD * live[:, None]
    degrees += _nods(rng, frames, accents, manner) + _posture(rng, frames, spans)
    kernel = np.hanning(17) / np.hanning(17).sum()
    melody = np.convolve(np.pad(prosody.pitch, 8, mode="edge"), kernel, "valid")
    degrees[:, 1] += 0.25 * melody * live  # the chin follows the melody
    degrees *= size * manner.energy * attitude[1]
    degrees[:, :2] += np.array(gaze) * _GAZE_SHARE + (0, attitude[0])
    angles = np.radians(degrees)
    sway = np.stack([band_noise(rng, frames, 0, 0.4) for _ in range(3)], axis=1)
    shift = _neck_translation(angles) + sway * manner.energy * (0.012, 0.007, 0.008)
    shift[:, 2] -= np.log(distance)
    return np.concatenate([angles, shift], axis=1).astype(np.float32)
