"""Where the eyes look and how the lids move: fixations, aversions, blinks.

Knows nothing of lips; the head comes in as angles that the eyes compensate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openvasa.types import FPS

Curve = NDArray[np.float64]

DIP = 0.19  # radians that shut eyes look down: what the mesh of real blinks shows
EYE_LIMIT = (30.0, 22.0)  # degrees in the head, yaw and pitch
_SHIFT = 6.0  # degrees between frames that count as a big gaze shift


@dataclass(frozen=True)
class BlinkLaw:
    """How lids blink; pairs are ranges that a speaker or a blink is drawn from.

    Attributes:
        rate: Blinks a minute, by speaker.
        spread: Standard deviation of the logarithm of the time between two.
        shut: Seconds of closing.
        hold: Seconds wholly shut.
        opening: Seconds of opening.
    """

    rate: tuple[float, float] = (10.0, 25.0)
    spread: float = 0.6
    shut: tuple[float, float] = (0.07, 0.10)
    hold: tuple[float, float] = (0.03, 0.09)
    opening: tuple[float, float] = (0.12, 0.20)


def fixations(
    rng: np.random.Generator,
    frames: int,
    main: tuple[float, float],
    spans: Sequence[tuple[float, float]],
    wander: tuple[float, float] = (0.8, 0.6),
) -> Curve:
    """Camera-relative gaze in degrees, [T, 2]: held fixations, small saccades, rare aversions.

    Args:
        rng: Source of randomness.
        frames: Length at 25 fps.
        main: Main direction (yaw, pitch) in degrees.
        spans: Stretches of speech; eyes leave the main direction mostly before or between them.
        wander: Standard deviation of the fixations about the main direction, degrees.
    """
    shy = rng.uniform(0.05, 0.4)  # how readily this speaker looks away
    hesitations = [start - 0.25 for start, _ in spans] + [end for _, end in spans[:-1]]
    gaze = np.empty((frames, 2))
    t, last = 0, np.array(main, np.float64)
    while t < frames:
        near = any(abs(t / FPS - moment) < 0.3 for moment in hesitations)
        if rng.random() < (shy if near else 0.08 * shy):
            away = np.array([rng.choice([-1, 1]) * rng.uniform(6, 15), rng.uniform(-7, 7)])
            target, hold = np.array(main) + away, int(FPS * rng.uniform(0.35, 0.9))
        else:
            target = np.array(main) + rng.normal(0, wander)
            hold = max(5, int(FPS * np.exp(rng.normal(-0.35, 0.5))))
        gaze[t : t + hold] = target
        if np.hypot(*(target - last)) > 2:  # a big saccade takes two frames
            gaze[t] = 0.4 * last + 0.6 * target
        last, t = target, t + hold
    return gaze + 0.08 * rng.normal(size=gaze.shape)  # drift and tremor


def in_head(gaze: Curve, head: Curve) -> Curve:
    """Eye-in-head angles in radians, [T, 2]: the eyes undo the head (vestibulo-ocular reflex).

    Args:
        gaze: Camera-relative degrees, [T, 2].
        head: Head yaw and pitch in radians, [T, 2].
    """
    degrees = gaze - np.degrees(head)
    return np.radians(np.clip(degrees, np.negative(EYE_LIMIT), EYE_LIMIT))


def _blink_times(
    rng: np.random.Generator,
    seconds: float,
    ends: Sequence[float],
    shifts: Sequence[float],
    law: BlinkLaw,
) -> list[float]:
    """Blink moments: lognormal intervals, drawn to phrase ends and big gaze shifts."""
    rate = rng.uniform(*law.rate)
    median = 60 / rate * np.exp(-0.5 * law.spread**2)
    magnets = sorted([end + 0.08 for end in ends] + list(shifts))
    times: list[float] = []
    moment = rng.uniform(0, 60 / rate)
    while moment < seconds:
        close = [m for m in magnets if abs(m - moment) < 0.7]
        if close and rng.random() < 0.65:
            moment = min(close, key=lambda m: abs(m - moment)) + rng.normal(0, 0.04)
        if not times or moment - times[-1] > 0.45:
            times.append(moment)
        moment = max(moment, times[-1]) + max(0.5, median * np.exp(rng.normal(0, law.spread)))
    return times


def blinks(
    rng: np.random.Generator,
    gaze: Curve,
    spans: Sequence[tuple[float, float]],
    law: BlinkLaw = BlinkLaw(),
) -> Curve:
    """Lid closure by blinking alone, [T] in [0, 1]: closes fast, stays shut, opens slowly.

    Args:
        rng: Source of randomness.
        gaze: Camera-relative gaze in degrees, [T, 2].
        spans: Stretches of speech (start, end) in seconds.
        law: How often and how long.
    """
    frames = len(gaze)
    time = (np.arange(frames) + 0.5) / FPS
    steps = np.hypot(*np.diff(gaze, axis=0).T) if frames > 1 else np.zeros(0)
    shifts = time[1:][steps > _SHIFT]
    closed = np.zeros(frames)
    for moment in _blink_times(rng, frames / FPS, [e for _, e in spans], list(shifts), law):
        # Snapped to a frame's middle, so that the shut eye is seen at 25 fps.
        since = time - (np.floor(moment * FPS) + 0.5) / FPS
        shut, hold, opening = (rng.uniform(*span) for span in (law.shut, law.hold, law.opening))
        down = np.clip(1 + since / shut, 0, 1)
        up = np.clip(1 - (since - hold) / opening, 0, 1)
        closed = np.maximum(closed, np.minimum(down * (2 - down), up * up * (3 - 2 * up)))
    return closed


def lids(blink: Curve, eye_pitch: Curve) -> tuple[Curve, Curve]:
    """Scores eyeBlink and eyeWide [T] of lids that blink and follow the eyes up and down.

    Args:
        blink: From `blinks`, [T].
        eye_pitch: Eye-in-head pitch in radians, up positive, [T].
    """
    kernel = np.ones(3) / 3
    follow = np.convolve(np.pad(np.degrees(eye_pitch), 1, mode="edge"), kernel, "valid")
    lowered = 0.05 + 0.016 * np.maximum(-follow, 0)
    return lowered + (1 - lowered) * blink, 0.010 * np.maximum(follow, 0) * (1 - blink)
