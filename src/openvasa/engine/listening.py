"""A face that listens: nods where the other pauses, small smiles, brows that rise.

What the other says is not understood, only when: people answer by nods and sounds at the ends of
phrases, after a pause of a quarter of a second that follows speech (Ward and Tsukahara 2000;
Dittmann and Llewellyn 1968). Which answer comes follows from the seed and the frame. A filter that
looks back only; its state is a value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openvasa.types import FPS

PHRASE = 0.8  # seconds of speech that can end in an answer
PAUSE = 0.2  # seconds of silence that end a phrase
APART = 2.0  # seconds between answers
ANSWERS = 0.9  # how many phrases are answered
LONG = 5.0  # seconds of speech without a pause, after which a nod may come all the same
NOD = (2.5, 5.0)  # degrees
NOD_RATE = (1.6, 2.2)  # nods a second
SMILES, BROWS = 0.45, 0.4  # how often an answer brings them
SMILE, BROW = (0.15, 0.35), (0.2, 0.45)  # how strong
RISE, HOLD = 0.3, 0.7  # seconds of a smile or of brows
_STREAM = 7  # which of the seed's random numbers are these
_NEVER = 10**9  # frames


@dataclass(frozen=True, kw_only=True)
class ListeningState:
    """What the filter remembers.

    Attributes:
        spoken: Frames of the other's speech in this phrase, short pauses left out.
        quiet: Frames of silence since the other was heard.
        since: Frames since the last answer began.
        answer: Number that the answer's own random numbers come from.
    """

    spoken: int = 0
    quiet: int = 0
    since: int = _NEVER
    answer: int = 0


@dataclass(frozen=True)
class Listening:
    """What a listener's face adds in one frame.

    Attributes:
        pitch: Radians, added to the head's; down is negative.
        smile: Added to the smile, [0, 1].
        brow: Added to the brows' rise, [0, 1].
        attention: 1 while the other speaks or has just spoken, else 0: the gaze stays with them.
    """

    pitch: float
    smile: float
    brow: float
    attention: float


def listen(
    state: ListeningState, sounds: bool, speaks: bool, seed: int, frame: int
) -> tuple[ListeningState, Listening]:
    """Listens for one frame.

    Args:
        state: What is remembered; it is not changed.
        sounds: Whether the other is heard.
        speaks: Whether the face itself speaks, and so does not answer.
        seed: Of the performance.
        frame: Its number.
    """
    spoken, quiet = (state.spoken + 1, 0) if sounds else (state.spoken, state.quiet + 1)
    since, answer = min(state.since + 1, _NEVER), state.answer
    ends = quiet == round(PAUSE * FPS) and spoken >= PHRASE * FPS
    endless = spoken >= LONG * FPS
    if ends or endless:
        spoken = 0
        lot = np.random.default_rng([seed, _STREAM, frame])
        if since >= APART * FPS and not speaks and lot.random() < (ANSWERS if ends else 0.5):
            since, answer = 0, frame
    elif quiet > 2 * FPS:
        spoken = 0
    attention = float(quiet < 2 * FPS and (spoken > 0 or since < _NEVER))
    following = ListeningState(spoken=spoken, quiet=quiet, since=since, answer=answer)
    return following, _shown(since, answer, attention, seed)


def _shown(since: int, answer: int, attention: float, seed: int) -> Listening:
    time = since / FPS
    if time > APART:
        return Listening(0.0, 0.0, 0.0, attention)
    rng = np.random.default_rng([seed, _STREAM, answer, 1])
    nods, rate = int(rng.integers(1, 4)), rng.uniform(*NOD_RATE)
    size = np.radians(rng.uniform(*NOD))
    pitch = 0.0
    if time < nods / rate:
        fading = 0.75 ** int(time * rate)  # each nod is smaller than the one before
        pitch = -size * fading * (1 - np.cos(2 * np.pi * rate * time)) / 2
    smile = rng.uniform(*SMILE) * (rng.random() < SMILES)
    brow = rng.uniform(*BROW) * (rng.random() < BROWS)
    ends = 2 * RISE + HOLD
    share = float(np.clip(min(time, ends - time) / RISE, 0, 1))
    rise = share * share * (3 - 2 * share)
    return Listening(float(pitch), float(smile * rise), float(brow * rise), attention)
