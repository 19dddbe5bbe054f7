"""A motion known beforehand is played unchanged; conditions can be nulled."""

from __future__ import annotations

import numpy as np

from openvasa.metrics.baselines import loudness
from openvasa.metrics.scripted import Nulled, Script, keeping
from openvasa.motion.config import CONDITION_NAMES
from openvasa.types import MOTION_DIM, Controls, Motion


def _motion(frames: int) -> Motion:
    values = np.random.default_rng(0).standard_normal((frames, MOTION_DIM)).astype(np.float32)
    return Motion(values[:, :6], values[:, 6:])


def test_a_script_is_played_as_written_and_holds_its_end() -> None:
    motion = _motion(7)
    played = list(Script(motion, 9).perform([], Controls()))
    assert len(played) == 9 and all(len(one) == 1 for one in played)
    np.testing.assert_array_equal([one.pose[0] for one in played[:7]], motion.pose)
    np.testing.assert_array_equal(played[8].dynamics, motion.dynamics[6:])


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
