"""A motion known beforehand passes the windows unchanged; conditions can be nulled."""

from __future__ import annotations

import numpy as np

from openvasa.metrics.baselines import loudness
from openvasa.metrics.scripted import Nulled, Script, keeping
from openvasa.motion import windows
from openvasa.motion.config import (
    CONDITION_NAMES,
    GuidanceScales,
    MotionConfig,
    MotionStats,
    SampleOptions,
)
from openvasa.motion.windows import MotionModel
from openvasa.types import AUDIO_DIM, MOTION_DIM, Controls, Motion

PLAIN = SampleOptions(steps=1, scales=GuidanceScales(audio=0, gaze=0))


def _motion(frames: int) -> Motion:
    values = np.random.default_rng(0).standard_normal((frames, MOTION_DIM)).astype(np.float32)
    return Motion(values[:, :6], values[:, 6:])


def test_a_script_is_played_as_written_again_and_again() -> None:
    stats = MotionStats(np.full(MOTION_DIM, 0.2, np.float32), np.full(MOTION_DIM, 2, np.float32))
    model = MotionModel(MotionConfig(), stats, lambda graph, inputs: {})
    motion = _motion(33)
    model = MotionModel(model.config, stats, Script(model, motion))
    for _ in range(2):
        state = windows.push(windows.start(), np.zeros((33, AUDIO_DIM), np.float32))
        parts = []
        while windows.ready(state, model.config):
            state, made = windows.step(
                state, np.zeros((0, AUDIO_DIM), np.float32), Controls(), model, PLAIN
            )
            parts.append(made)
        parts.append(windows.flush(state, Controls(), model, PLAIN)[1])
        np.testing.assert_allclose(
            np.concatenate([part.dynamics for part in parts]), motion.dynamics, atol=1e-4
        )


def test_nulling_touches_its_condition_only() -> None:
    seen = []

    def run(graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        seen.append(inputs["keep"])
        return {}

    keep = np.ones((2, 5), np.float32)
    Nulled(run, ("gaze",))("denoiser", {"keep": keep})
    expected = [float(name != "gaze") for name in CONDITION_NAMES]
    np.testing.assert_array_equal(seen[0], [expected, expected])
    assert keep.all()


def test_keeping_holds_one_face() -> None:
    held = keeping(_motion(4), np.ones((1, 48), np.float32))
    assert held.dynamics.shape == (4, 48) and (held.dynamics == 1).all()


def test_loudness_follows_the_sound() -> None:
    sound = np.zeros(640 * 40, np.float32)
    sound[640 * 10 : 640 * 20] = 0.5
    level = loudness(sound)
    assert level.shape == (40,)
    assert level[15] > 0.95 and level[35] < 0.05
