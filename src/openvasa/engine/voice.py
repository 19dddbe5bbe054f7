"""When somebody speaks, frame by frame: for lips that rest in pauses, and for listening.

A frame counts as sound where it is louder than a floor and not far below the loudest of the last
seconds. A state is a value; any way of cutting the sound gives the same answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from openvasa.types import FPS, SAMPLES_PER_FRAME, Array

FLOOR = 1e-3  # root mean square of a frame, full scale 1: below, nothing is heard (-60 dB)
BELOW = 10 ** (-28 / 20)  # of the loudest: below, it is a pause
FADE = 0.5 ** (1 / (8 * FPS))  # a frame: the loudest is forgotten by half in 8 s
USUAL = 0.05  # loudness of speech before any was heard
BACK, AHEAD = 1, 2  # frames around a frame that must be quiet too: stops of 0.15 s are no pause


@dataclass(frozen=True, kw_only=True)
class VoiceState:
    """What is remembered of one side's sound.

    Attributes:
        rest: f32 [< 640], samples of the frame that is not yet whole.
        loudest: Root mean square, fading.
        sounds: Whether each frame sounds, from `BACK` frames before the next to be asked for.
    """

    rest: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    loudest: float = USUAL
    sounds: tuple[bool, ...] = (False,) * BACK


def hear(state: VoiceState, samples: Array) -> VoiceState:
    """Adds samples f32 [n], n >= 0, at 16 kHz."""
    if not len(samples):
        return state
    heard = np.concatenate([state.rest, np.asarray(samples, np.float32)])
    loudest, sounds = state.loudest, list(state.sounds)
    whole = len(heard) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME
    for start in range(0, whole, SAMPLES_PER_FRAME):
        frame = heard[start : start + SAMPLES_PER_FRAME].astype(np.float64)
        level = float(np.sqrt(np.mean(frame * frame)))
        loudest = max(level, loudest * FADE)
        sounds.append(level > max(FLOOR, BELOW * loudest))
    return VoiceState(rest=heard[whole:].copy(), loudest=loudest, sounds=tuple(sounds))


def take(state: VoiceState, count: int) -> tuple[VoiceState, list[bool], list[bool]]:
    """The next frames; what was not heard is silence.

    Args:
        state: It is not changed.
        count: How many frames.

    Returns:
        The next state; whether each frame sounds; whether each lies in a pause, which begins and
        ends with a frame of silence to spare.
    """
    known = [*state.sounds, *[False] * (BACK + count + AHEAD - len(state.sounds))]
    around = BACK + 1 + AHEAD
    pauses = [not any(known[t : t + around]) for t in range(count)]
    kept = replace(state, sounds=tuple(known[count : max(len(state.sounds), count + BACK)]))
    return kept, known[BACK : BACK + count], pauses


class Told:
    """A recording of the other side, read along with the face's own; after its end is silence."""

    def __init__(self, pieces: Iterator[Array]) -> None:
        """Begins to read pieces f32 [n], n >= 0, in order."""
        self._pieces = pieces
        self._waiting: Array = np.zeros(0, np.float32)

    def next(self, count: int) -> Array:
        """The next samples, f32 [count]."""
        while len(self._waiting) < count and (piece := next(self._pieces, None)) is not None:
            self._waiting = np.concatenate([self._waiting, piece])
        now, self._waiting = self._waiting[:count], self._waiting[count:]
        return np.concatenate([now, np.zeros(count - len(now), np.float32)])
