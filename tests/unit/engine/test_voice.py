"""Pauses are heard: short stops are none, and any cut of the sound gives the same answers."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.engine.voice import Told, VoiceState, hear, take

FRAME = 640


def speech(*loud_frames: tuple[int, int], frames: int = 40) -> np.ndarray:
    sound = np.zeros(frames * FRAME, np.float32)
    time = np.arange(len(sound)) / 16_000
    for start, end in loud_frames:
        part = slice(start * FRAME, end * FRAME)
        sound[part] = 0.1 * np.sin(2 * np.pi * 150 * time[part])
    return sound


def test_a_long_silence_is_a_pause_and_a_stop_is_not() -> None:
    _, sounds, pauses = take(hear(VoiceState(), speech((5, 15), (18, 30))), 40)
    assert [t for t, on in enumerate(sounds) if on] == [*range(5, 15), *range(18, 30)]
    # A pause begins one frame after the sound and ends two before the next.
    assert [t for t, on in enumerate(pauses) if on] == [*range(3), *range(31, 40)]


def test_what_is_far_below_the_voice_is_no_voice() -> None:
    sound = speech((5, 20))
    sound += np.random.default_rng(0).normal(0, 1e-3, len(sound)).astype(np.float32)
    assert take(hear(VoiceState(), sound), 40)[1][22:] == [False] * 18


@pytest.mark.parametrize("longest", [1, 100, 5000])
def test_any_cut_gives_the_same(longest: int) -> None:
    sound, rng = speech((5, 15), (18, 30), (36, 40)), np.random.default_rng(longest)
    whole = take(hear(VoiceState(), sound), 40)[1:]
    state, sounds, pauses, at, heard = VoiceState(), [], [], 0, 0
    while heard < len(sound):
        size = int(rng.integers(0, longest + 1))
        state, heard = hear(state, sound[heard : heard + size]), heard + size
        ready = min(heard, len(sound)) // FRAME - 3 - at
        if ready > 0:
            state, one, two = take(state, ready)
            sounds, pauses, at = sounds + one, pauses + two, at + ready
    _, one, two = take(state, 40 - at)
    assert (sounds + one, pauses + two) == whole


def test_after_the_end_is_silence() -> None:
    state, sounds, pauses = take(hear(VoiceState(), speech((0, 3), frames=3)), 8)
    assert sounds == [True] * 3 + [False] * 5
    assert pauses == [False] * 4 + [True] * 4
    assert take(state, 2)[1:] == ([False] * 2, [True] * 2)


def test_the_other_side_is_read_along_and_filled_up() -> None:
    told = Told(iter([np.ones(3, np.float32), np.full(2, 2, np.float32)]))
    assert told.next(4).tolist() == [1, 1, 1, 2]
    assert told.next(3).tolist() == [2, 0, 0]
    assert told.next(0).tolist() == []
