"""Heads and eyes that come home: drift goes, wishes are met, quick movement stays."""

from __future__ import annotations

import numpy as np

from openvasa.engine.home import (
    GLANCE,
    REACH,
    TURN,
    HomeState,
    Place,
    come_home,
    wanted_home,
)
from openvasa.types import FPS, POSE_DIM, Controls

NOTHING = wanted_home(Controls())


def follow(
    poses: np.ndarray, looks: np.ndarray | None = None, goal: np.ndarray = NOTHING,
    state: HomeState | None = None,
) -> tuple[HomeState, np.ndarray, np.ndarray]:  # fmt: skip
    looks = np.zeros((len(poses), 2)) if looks is None else looks
    state, heads, gazes = state or HomeState(), [], []
    for pose, look in zip(poses.astype(np.float32), looks.astype(np.float32), strict=True):
        state, place = come_home(state, pose, look, goal)
        assert isinstance(place, Place)
        heads.append(place.home + place.movement)
        gazes.append(place.gaze + place.glance)
    return state, np.array(heads), np.array(gazes)


def still(seconds: float, pose: float = 0.0) -> np.ndarray:
    return np.full((round(seconds * FPS), POSE_DIM), pose)


def nods(seconds: float, drift: float = 0.05) -> np.ndarray:
    time = np.arange(round(seconds * FPS)) / FPS
    return still(seconds) + (0.1 * np.sin(2 * np.pi * time) + drift * time)[:, None]


def test_a_performance_starts_as_the_portrait_and_drift_stays_small() -> None:
    _, heads, _ = follow(nods(60.0))
    np.testing.assert_allclose(heads[0], 0, atol=1e-6)
    assert np.abs(heads).max() < 0.3  # the drift alone would have reached 3


def test_quick_movement_stays() -> None:
    late = follow(nods(20.0))[1][-100:]
    np.testing.assert_allclose((late - late.mean(0)).std(0), REACH * 0.1 / np.sqrt(2), rtol=0.05)


def test_a_model_that_starts_aside_is_no_movement() -> None:
    """A first second on the way from one side to its usual place hardly moves the head."""
    glide = still(3.0) + np.linspace(-0.15, 0, 75).clip(-0.15, 0)[:, None]
    glide[25:] = 0
    assert abs(follow(glide)[1][:, 1].mean()) < 0.05 * REACH[1]


def test_wishes_are_met_from_the_first_frame_and_followed_smoothly() -> None:
    far = wanted_home(Controls(distance=1.25, gaze=(10.0, -5.0), head=(0.0, 0.0, 8.0)))
    np.testing.assert_allclose(far[5], -np.log(1.25), rtol=1e-6)
    np.testing.assert_allclose(far[:2], TURN * np.radians([10.0, -5.0]), rtol=1e-6)
    np.testing.assert_allclose(far[2], np.radians(8.0), rtol=1e-6)
    state, heads, gazes = follow(still(1.0, 0.3), np.broadcast_to(far[POSE_DIM:], (25, 2)), far)
    np.testing.assert_allclose(heads, np.broadcast_to(far[:POSE_DIM], heads.shape), atol=1e-6)
    np.testing.assert_allclose(gazes, np.broadcast_to(far[POSE_DIM:], gazes.shape), atol=1e-6)
    _, back, _ = follow(still(4.0, 0.3), None, NOTHING, state)
    np.testing.assert_allclose(back[-1], 0, atol=1e-3)
    steps = np.abs(np.diff(np.concatenate([heads[-1:], back]), axis=0)).max(0)
    assert (steps <= 0.09 * np.abs(far[:POSE_DIM]) + 1e-6).all()


def test_a_gaze_that_misses_is_put_right_and_glances_stay_near() -> None:
    goal = wanted_home(Controls(gaze=(10.0, -8.0)))
    time = np.arange(500)
    looks = 1.5 * goal[POSE_DIM:] + 0.05 * np.sign(np.sin(time / 9))[:, None]
    gazes = follow(still(20.0), looks, goal)[2]
    np.testing.assert_allclose(gazes[100:].mean(0), goal[POSE_DIM:], atol=np.radians(0.5))
    assert (gazes[100:].std(0) > np.radians(1.5)).all()
    wild = follow(still(20.0), 3 * looks * np.sign(np.sin(time / 30))[:, None], goal)[2]
    assert np.abs(wild - goal[POSE_DIM:]).max() <= GLANCE + 1e-9


def test_no_head_turns_for_a_gaze_where_its_pose_is_given() -> None:
    assert not wanted_home(Controls(gaze=(10.0, 5.0)), turn=0.0)[:POSE_DIM].any()
