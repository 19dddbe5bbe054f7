"""A stream is the recording: any chunks, the same bits; performances never touch each other."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openvasa import Animator, InputError
from openvasa.engine.render import no_timer
from openvasa.engine.stream import StreamState
from openvasa.motion.config import SampleOptions
from openvasa.types import Controls, Motion
from tiny_model import tiny_bundle, tiny_face, tone

OPTIONS = SampleOptions(seed=3, steps=2)


@pytest.fixture(scope="module")
def animator() -> Animator:
    return Animator.load(tiny_bundle())


@pytest.fixture(scope="module")
def avatar(animator: Animator):
    return animator._encode(tiny_face())


def _chunks(samples: np.ndarray, rng: np.random.Generator, longest: int):
    while len(samples):
        size = int(rng.integers(0, longest))
        yield samples[:size]
        samples = samples[size:]


def _streamed(animator: Animator, avatar, pieces) -> Motion:
    performer = animator._performer(float(avatar.pose[0, 0]), OPTIONS, no_timer)
    state, parts = StreamState(), []
    for piece in pieces:
        state, made = performer.push(state, piece, Controls())
        parts.append(made)
    state, made = performer.flush(state, Controls())
    parts.append(made)
    assert state.frames == sum(map(len, parts))
    return Motion(
        np.concatenate([part.pose for part in parts]),
        np.concatenate([part.dynamics for part in parts]),
    )


@pytest.mark.parametrize("longest", [300, 3_000, 100_000])
def test_any_chunks_give_the_same_motion(animator: Animator, avatar, longest: int) -> None:
    sound = tone(2.03)
    whole = animator.animate(avatar, sound, seed=3, steps=2).motion
    pieces = _chunks(sound, np.random.default_rng(longest), longest)
    streamed = _streamed(animator, avatar, pieces)
    assert np.array_equal(streamed.pose, whole.pose)
    assert np.array_equal(streamed.dynamics, whole.dynamics)


def test_single_samples_give_the_same_motion(animator: Animator, avatar) -> None:
    sound = tone(0.5)
    whole = animator.animate(avatar, sound, seed=3, steps=2).motion
    streamed = _streamed(animator, avatar, (sound[t : t + 1] for t in range(len(sound))))
    assert np.array_equal(streamed.pose, whole.pose)
    assert np.array_equal(streamed.dynamics, whole.dynamics)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.one_of(st.integers(0, 3), st.integers(0, 9_000)), min_size=1, max_size=40),
    st.integers(1, 16_000),
)
def test_any_sizes_give_the_same_motion(
    animator: Animator, avatar, sizes: list[int], length: int
) -> None:
    sound = tone(length / 16_000)
    ends = [end for end in np.cumsum(sizes) if end < length]
    whole = animator.animate(avatar, sound, seed=3, steps=2).motion
    streamed = _streamed(animator, avatar, np.split(sound, ends))
    assert np.array_equal(streamed.pose, whole.pose)
    assert np.array_equal(streamed.dynamics, whole.dynamics)


def test_streamed_frames_are_those_of_the_clip(animator: Animator, avatar) -> None:
    sound = tone(0.75)
    clip = list(animator.animate(avatar, sound, steps=1, size=128).frames())
    with animator.stream(avatar, steps=1, size=128) as session:
        frames = [f for piece in np.array_split(sound, 7) for f in session.push(piece)]
        frames += session.flush()
        with pytest.raises(InputError):
            session.push(sound[:10])
    assert [frame.index for frame in frames] == list(range(len(clip)))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(clip, frames, strict=True))


def test_the_first_frames_need_320_ms(animator: Animator, avatar) -> None:
    sound = tone(0.4)
    with animator.stream(avatar, steps=1, size=128) as session:
        assert session.push(sound[: 5 * 1024 - 1]) == []
        assert len(session.push(sound[5 * 1024 - 1 : 5 * 1024])) == 5


def test_interleaved_sessions_are_separate(animator: Animator, avatar) -> None:
    sounds = tone(0.8), tone(0.8)[::-1].copy()
    alone = [animator.animate(avatar, s, seed=n, steps=1).motion for n, s in enumerate(sounds)]
    state = [StreamState(), StreamState()]
    parts: list[list[Motion]] = [[], []]
    players = [animator._performer(0.0, SampleOptions(seed=n, steps=1), no_timer) for n in range(2)]
    for start in range(0, len(sounds[0]), 1000):
        for n in range(2):
            piece = sounds[n][start : start + 1000]
            state[n], made = players[n].push(state[n], piece, Controls())
            parts[n].append(made)
    for n in range(2):
        parts[n].append(players[n].flush(state[n], Controls())[1])
        poses = np.concatenate([part.pose for part in parts[n]])
        assert np.array_equal(poses, alone[n].pose)


def test_controls_hold_from_the_next_window_on(animator: Animator, avatar) -> None:
    sound = tone(1.0)
    with animator.stream(avatar, steps=1, size=128) as session:
        with pytest.raises(InputError):
            session.controls = Controls(distance=99)
        before = session.push(sound[:6000])
        session.controls = Controls(gaze=(30, 10))
        after = session.push(sound[6000:])
    plain = list(animator.animate(avatar, sound, steps=1, size=128).frames())
    same = [np.array_equal(p.image, f.image) for p, f in zip(plain, before + after, strict=False)]
    assert all(same[: len(before)]) and not all(same[len(before) :])


def test_memory_does_not_grow_with_the_recording(animator: Animator, avatar) -> None:
    performer = animator._performer(0.0, SampleOptions(steps=1), no_timer)
    peaks = []
    for seconds in (4, 40):
        block = tone(0.2)
        tracemalloc.start()
        for _ in performer.perform((block for _ in range(5 * seconds)), Controls()):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 50_000
