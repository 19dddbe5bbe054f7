"""Heads that come home: drift goes, wishes are met, eyes stay on their goal."""

from __future__ import annotations

import numpy as np

from openvasa.engine.home import REACH, TURN, HomeState, come_home, wanted_home
from openvasa.types import DYNAMICS_DIM, FPS, POSE_DIM, Controls, Motion

EYES = np.eye(2, DYNAMICS_DIM, dtype=np.float32)  # the first two of z_dyn are the gaze


def still(seconds: float, pose: float = 0.0) -> Motion:
    frames = round(seconds * FPS)
    return Motion(
        np.full((frames, POSE_DIM), pose, np.float32), np.zeros((frames, DYNAMICS_DIM), np.float32)
    )


def nods(seconds: float) -> Motion:
    time = np.arange(round(seconds * FPS)) / FPS
    motion = still(seconds)
    motion.pose[:] = (0.1 * np.sin(2 * np.pi * 1.0 * time) + 0.05 * time)[:, None]
    return motion


def test_a_performance_starts_as_the_portrait_and_drift_stays_small() -> None:
    _, out = come_home(HomeState(), nods(60.0), Controls(), EYES)
    np.testing.assert_allclose(out.pose[0], 0, atol=1e-6)
    assert np.abs(out.pose).max() < 0.3  # the drift alone would have reached 3


def test_quick_movement_stays() -> None:
    _, out = come_home(HomeState(), nods(20.0), Controls(), EYES)
    late = out.pose[-100:] - out.pose[-100:].mean(0)
    np.testing.assert_allclose(late.std(0), REACH * 0.1 / np.sqrt(2), rtol=0.05)


def test_any_cut_gives_the_same_bits() -> None:
    motion = nods(4.0)
    _, whole = come_home(HomeState(), motion, Controls(), EYES)
    state, parts = HomeState(), []
    for start, end in ((0, 1), (1, 8), (8, 8), (8, 77), (77, 100)):
        state, part = come_home(state, motion[start:end], Controls(), EYES)
        parts.append(part)
    assert np.array_equal(np.concatenate([p.pose for p in parts]), whole.pose)
    assert np.array_equal(np.concatenate([p.dynamics for p in parts]), whole.dynamics)


def test_distance_and_gaze_are_met_from_the_first_frame_and_followed_smoothly() -> None:
    far = Controls(distance=1.25, gaze=(10.0, -5.0))
    home = wanted_home(far)
    np.testing.assert_allclose(home[5], -np.log(1.25), rtol=1e-6)
    np.testing.assert_allclose(home[:2], TURN * np.radians([10.0, -5.0]), rtol=1e-6)
    state, out = come_home(HomeState(), still(1.0, 0.3), far, EYES)
    np.testing.assert_allclose(out.pose, np.broadcast_to(home, out.pose.shape), atol=1e-6)
    _, back = come_home(state, still(4.0, 0.3), Controls(), EYES)
    np.testing.assert_allclose(back.pose[-1], 0, atol=1e-3)
    steps = np.abs(np.diff(np.concatenate([out.pose[-1:], back.pose]), axis=0)).max(0)
    assert (steps <= 0.09 * np.abs(home) + 1e-6).all()


def test_eyes_make_up_for_the_head_and_for_a_turned_portrait() -> None:
    motion = nods(2.0)
    _, out = come_home(HomeState(), motion, Controls(), EYES)
    before, after = motion.pose[:, :2], out.pose[:, :2] + out.dynamics[:, :2]
    np.testing.assert_allclose(after, before, atol=1e-6)
    _, turned = come_home(HomeState(), still(1.0), Controls(), EYES, turned=0.2)
    np.testing.assert_allclose(turned.dynamics[:, 0], -0.2, atol=1e-6)
