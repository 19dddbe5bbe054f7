"""A listener nods where the other pauses, not while it speaks itself, and the same each time."""

from __future__ import annotations

import numpy as np

from openvasa.engine.listening import APART, Listening, ListeningState, listen
from openvasa.types import FPS


def reactions(sounds: list[bool], speaks: bool = False, seed: int = 0) -> list[Listening]:
    state, shown = ListeningState(), []
    for frame, on in enumerate(sounds):
        state, one = listen(state, on, speaks, seed, frame)
        shown.append(one)
    return shown


def phrases(count: int) -> list[bool]:
    return ([True] * 50 + [False] * 15) * count


def starts(shown: list[Listening]) -> list[int]:
    down = np.array([one.pitch < 0 for one in shown]).astype(int)
    return [int(t) for t in np.flatnonzero(np.diff(down) == 1)]


def test_nods_come_at_the_ends_of_phrases_and_go_down() -> None:
    shown = reactions(phrases(10))
    at = starts(shown)
    ends = 50 + 5 + 65 * np.arange(10)
    near = [t for t in at if (np.abs(ends - t) <= 3).any()]
    assert len(near) >= 7  # more follow in one answer: up to three nods
    assert min(one.pitch for one in shown) > np.radians(-5.1)
    assert max(one.pitch for one in shown) == 0
    assert any(one.smile > 0.1 for one in shown) and any(one.brow > 0.1 for one in shown)


def test_it_moves_smoothly_and_comes_to_rest() -> None:
    shown = reactions([*phrases(1), *[False] * 100])
    for name in ("pitch", "smile", "brow"):
        values = np.array([getattr(one, name) for one in shown])
        assert np.abs(np.diff(values)).max() < 0.2 and values[-1] == 0
    assert shown[40].attention == 1 and shown[-1].attention == 0


def test_nobody_nods_to_silence_to_a_cough_or_while_speaking() -> None:
    quiet = [[False] * 500, ([True] * 8 + [False] * 60) * 5]
    for shown in (*map(reactions, quiet), reactions(phrases(5), speaks=True)):
        assert all(one.pitch == one.smile == one.brow == 0 for one in shown)


def test_one_answer_at_a_time_even_to_an_endless_talker() -> None:
    shown = reactions([True] * 60 * FPS)
    begins = [t for t in starts(shown)]
    answers = [t for k, t in enumerate(begins) if k == 0 or t - begins[k - 1] > APART * FPS]
    assert 2 <= len(answers) <= 12


def test_the_seed_decides() -> None:
    first = reactions(phrases(6))
    assert first == reactions(phrases(6)) and first != reactions(phrases(6), seed=1)
