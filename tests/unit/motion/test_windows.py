"""Windows in a chain: any length, any chunking, the same bits; no memory that grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openvasa.motion import windows
from openvasa.motion.config import PRESETS, MotionConfig, MotionStats, SampleOptions
from openvasa.types import Array, Controls, Motion

CONFIG = PRESETS["tiny"]
STATS = MotionStats(np.linspace(-1, 1, 54).astype("f4"), np.linspace(0.5, 2, 54).astype("f4"))
OPTIONS = SampleOptions(seed=3, steps=2)


def toy(graph: str, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
    """Answers from every input, so that a wrong one shows."""
    window = inputs["noisy"].shape[1]
    heard = inputs["audio"][:, -window:, :54]
    past = inputs["previous_motion"].mean(axis=1, keepdims=True) * inputs["keep"][:, :1, None]
    asked = inputs["gaze"].sum(axis=1)[:, None, None]
    return {"x0": (0.3 * heard + 0.5 * past + 0.1 * inputs["noisy"] + asked).astype(np.float32)}


MODEL = windows.MotionModel(CONFIG, STATS, toy)


def features(frames: int) -> Array:
    return np.random.default_rng(frames).standard_normal((frames, 128)).astype(np.float32)


def perform(
    chunks: list[Array], options: SampleOptions = OPTIONS, model: windows.MotionModel = MODEL
) -> Motion:
    state, parts = windows.start(), []
    for chunk in chunks:
        state, motion = windows.step(state, chunk, Controls(), model, options)
        parts.append(motion)
        while windows.ready(state, CONFIG):
            state, motion = windows.step(state, chunk[:0], Controls(), model, options)
            parts.append(motion)
    state, motion = windows.flush(state, Controls(), model, options)
    parts.append(motion)
    return Motion(
        np.concatenate([part.pose for part in parts]),
        np.concatenate([part.dynamics for part in parts]),
    )


@pytest.mark.parametrize("frames", [0, 1, 4, 5, 6, 7, 8, 11, 12, 13, 60])
def test_as_many_frames_as_audio(frames: int) -> None:
    motion = perform([features(frames)])
    assert motion.pose.shape == (frames, 6) and motion.dynamics.shape == (frames, 48)
    assert motion.pose.dtype == np.float32


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 70), st.lists(st.integers(0, 70), max_size=8))
def test_any_chunking_gives_the_same_bits(frames: int, cuts: list[int]) -> None:
    whole = features(frames)
    edges = [0, *sorted(min(cut, frames) for cut in cuts), frames]
    chunks = [whole[a:b] for a, b in zip(edges[:-1], edges[1:], strict=True)]
    once, pieces = perform([whole]), perform(chunks)
    assert np.array_equal(once.pose, pieces.pose)
    assert np.array_equal(once.dynamics, pieces.dynamics)


def test_lips_start_from_a_share_of_the_noise_in_any_chunking() -> None:
    lips = np.diag(np.arange(48) < 5).astype("f4")  # the first five numbers are the lips'
    model = replace(MODEL, lips=lips)
    whole = features(33)
    shares = [replace(OPTIONS, lip_noise=share) for share in (1.0, 0.5, 0.0)]
    free, calm, calmest = (perform([whole], options, model).dynamics for options in shares)
    np.testing.assert_array_equal(free, perform([whole]).dynamics)
    np.testing.assert_allclose(calm[:, :5], (free + calmest)[:, :5] / 2, atol=1e-5)
    assert np.abs(free - calmest)[:, :5].mean() > 1e-3
    np.testing.assert_array_equal(calm[:, 5:], free[:, 5:])
    pieces = perform([whole[:4], whole[4:20], whole[20:]], shares[1], model)
    np.testing.assert_array_equal(pieces.dynamics, calm)


def test_seven_frames_of_audio_give_the_first_five() -> None:
    state, motion = windows.step(windows.start(), features(6), Controls(), MODEL, OPTIONS)
    assert len(motion) == 0
    state, motion = windows.step(state, features(1), Controls(), MODEL, OPTIONS)
    assert len(motion) == 5 and state.index == 1


def test_frames_do_not_depend_on_later_audio() -> None:
    audio = features(40)
    other = audio.copy()
    other[27:] += 1.0
    first, second = perform([audio]), perform([other])
    # Frame t may use audio up to the end of its window: at most hop - 1 + ahead frames later.
    assert np.array_equal(first.pose[:20], second.pose[:20])
    assert not np.array_equal(first.pose[25:30], second.pose[25:30])


def test_state_does_not_grow() -> None:
    state = windows.start()
    for _ in range(30):
        state, _ = windows.step(state, features(5), Controls(), MODEL, OPTIONS)
    assert len(state.history) == len(state.past_audio) == CONFIG.prefix
    assert len(state.pending) < CONFIG.window and len(state.tail) == CONFIG.ahead


def test_states_are_values() -> None:
    state, _ = windows.step(windows.start(), features(13), Controls(), MODEL, OPTIONS)
    once = windows.step(state, features(0), Controls(), MODEL, OPTIONS)[1]
    again = windows.step(state, features(0), Controls(), MODEL, OPTIONS)[1]
    assert np.array_equal(once.pose, again.pose)


def test_seed_decides() -> None:
    other = perform([features(20)], replace(OPTIONS, seed=4))
    assert not np.array_equal(perform([features(20)]).pose, other.pose)


def test_windows_that_overlap_share_noise() -> None:
    noise = [windows.window_noise(0, index, CONFIG) for index in range(2)]
    assert np.array_equal(noise[0][5:], noise[1][:2])
    assert noise[0].std() == pytest.approx(1, abs=0.1)


def test_controls_take_effect_at_the_next_window() -> None:
    asked = Controls(gaze=(20.0, 0.0))
    plain = windows.step(windows.start(), features(7), Controls(), MODEL, OPTIONS)[1]
    moved = windows.step(windows.start(), features(7), asked, MODEL, OPTIONS)[1]
    assert np.abs(moved.pose - plain.pose).min() > 0.1


def test_cross_fade_hides_a_jump() -> None:
    calls = iter([0.0, 3.0])

    def jumping(graph: str, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        return {"x0": np.full_like(inputs["noisy"], level)}

    model = windows.MotionModel(CONFIG, MotionStats(np.zeros(54, "f4"), np.ones(54, "f4")), jumping)
    state, options = windows.push(windows.start(), features(12)), SampleOptions(steps=1)
    level = next(calls)
    state, before = windows.step(state, features(0), Controls(), model, options)
    level = next(calls)
    state, after = windows.step(state, features(0), Controls(), model, options)
    track = np.concatenate([before.dynamics[:, 0], after.dynamics[:, 0]])
    np.testing.assert_allclose(track[4:9], [0, 1, 2, 3, 3], atol=1e-6)


def test_the_head_is_settled_across_seams_and_only_the_head() -> None:
    heard = features(60)
    shake = {}
    for settling in (0.0, 4.0):
        config = MotionConfig(width=16, layers=2, heads=2, settling=settling)
        model = windows.MotionModel(config, STATS, toy)
        _, motion = windows.flush(windows.push(windows.start(), heard), Controls(), model, OPTIONS)
        shake[settling] = np.abs(np.diff(motion.pose, n=2, axis=0)).mean()
    assert shake[4.0] < 0.3 * shake[0.0]
    still = lambda graph, inputs: {"x0": np.ones_like(inputs["noisy"])}  # noqa: E731
    model = windows.MotionModel(CONFIG, STATS, still)
    _, motion = windows.flush(windows.push(windows.start(), heard), Controls(), model, OPTIONS)
    np.testing.assert_allclose(motion.pose, np.tile(motion.pose[:1], (60, 1)), atol=1e-4)


def test_wrong_feature_width_is_refused() -> None:
    with pytest.raises(ValueError, match="128"):
        windows.push(windows.start(), np.zeros((3, 80), np.float32))


def test_windows_longer_than_two_hops() -> None:
    config = MotionConfig(width=16, layers=1, heads=2, window=9, ahead=6, prefix=4)
    model = windows.MotionModel(config, STATS, toy)
    state = windows.push(windows.start(), features(31))
    _, motion = windows.flush(state, Controls(), model, OPTIONS)
    assert len(motion) == 31


def test_a_runaway_network_cannot_turn_the_head_round() -> None:
    def runaway(graph: str, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        return {"x0": inputs["noisy"] + inputs["previous_motion"][:, -1:] + 1.0}

    model = windows.MotionModel(CONFIG, STATS, runaway)
    state = windows.push(windows.start(), features(100))
    _, motion = windows.flush(state, Controls(), model, OPTIONS)
    away = (motion.pose - STATS.mean[:6]) / STATS.std[:6]
    assert np.abs(away).max() <= windows.POSE_LIMIT + 1e-5
