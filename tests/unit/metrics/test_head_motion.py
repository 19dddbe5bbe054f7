"""Intensity, range, jitter and roughness of motions written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.head_motion import (
    jitter,
    low_pass,
    pose_intensity,
    pose_range,
    roughness,
)

TIME = np.arange(250) / 25


def angles(yaw: np.ndarray) -> np.ndarray:
    return np.stack([yaw, np.zeros_like(yaw), np.zeros_like(yaw)], 1)


def test_a_steady_turn() -> None:
    steady = angles(0.6 * np.arange(250.0))
    assert pose_intensity(steady) == pytest.approx(0.2)  # mean of three angles
    np.testing.assert_allclose(pose_range(angles(np.linspace(0, 10, 1001))), [9, 0, 0])


def test_pairs_that_do_not_follow_each_other_do_not_count() -> None:
    turned = angles(np.array([0.0, 3.0, 90.0, 93.0]))
    assert pose_intensity(turned, np.array([True, False, True])) == pytest.approx(1)
    with pytest.raises(ValueError, match="two frames"):
        pose_intensity(turned[:1])


def test_slow_motion_is_no_jitter_and_fast_motion_is() -> None:
    height = np.full(250, 100.0)
    slow, fast = (np.sin(2 * np.pi * f * TIME) for f in (1.0, 10.0))
    for wave, wanted in ((slow, 0.0), (fast, 1 / np.sqrt(2))):
        points = np.zeros((250, 4, 2))
        points[..., 0] = wave[:, None]
        found = jitter(points, height)  # 1/1000 of 100 pixels; half of the axes move
        assert found == pytest.approx(10 * wanted / np.sqrt(2), abs=0.2)


def test_jitter_does_not_depend_on_the_picture_s_size() -> None:
    points = np.random.default_rng(0).standard_normal((100, 5, 2))
    height = np.full(100, 80.0)
    assert jitter(3 * points, 3 * height) == pytest.approx(jitter(points, height))


def test_roughness_is_one_for_smooth_motion_and_for_rest() -> None:
    smooth = angles(10 * np.sin(2 * np.pi * 0.7 * TIME))
    assert roughness(smooth) == pytest.approx(1, abs=0.02)
    assert roughness(angles(np.zeros(50))) == 1
    shaken = smooth + np.random.default_rng(0).standard_normal((250, 3))
    assert roughness(shaken) > 2


def test_the_low_pass_wants_some_frames() -> None:
    with pytest.raises(ValueError, match="16 frames"):
        low_pass(np.zeros((10, 2)))
