"""The smoother leaves steady motion alone and stops shaking."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.motion.smoother import pose_smoother


@pytest.mark.parametrize(("order", "smoothness"), [(2, 1.0), (3, 16.0)])
def test_smoother_keeps_steady_motion_and_removes_shaking(order: int, smoothness: float) -> None:
    begun, followed = pose_smoother(7, smoothness, order)
    steady = np.arange(7 + order, dtype=np.float32) ** (order - 1)
    np.testing.assert_allclose(followed @ steady, steady[order:], atol=2e-4)
    np.testing.assert_allclose(begun @ steady[:7], steady[:7], atol=2e-4)
    shaking = np.concatenate([np.zeros(order), (-1.0) ** np.arange(7)])
    assert np.abs(followed @ shaking)[:-1].max() < 0.25  # the last frame is freer
    np.testing.assert_allclose(pose_smoother(7, 0.0, order)[1][:, order:], np.eye(7), atol=1e-6)


def test_half_of_a_swing_is_kept_at_the_stated_frequency() -> None:
    window, middle, mean = 201, 100, slice(50, 150)
    for order, smoothness in ((2, 4.0), (3, 16.0)):
        cut = 25 / np.pi * np.arcsin(smoothness ** (-1 / (2 * order)) / 2)
        swing = np.cos(2 * np.pi * cut * (np.arange(window) - middle) / 25)
        kept = pose_smoother(window, smoothness, order)[0] @ swing
        np.testing.assert_allclose(kept[mean], swing[mean] / 2, atol=1e-2)


def test_less_jerk_keeps_more_of_the_movement_than_less_acceleration() -> None:
    turning = np.sin(2 * np.pi * 1.0 * np.arange(10) / 25)  # a head that turns once a second
    _, calm = pose_smoother(7, 4.0, 2)
    _, jerkless = pose_smoother(7, 16.0, 3)
    assert (
        np.abs(jerkless @ turning - turning[3:]).max()
        < np.abs(calm @ turning[1:] - turning[3:]).max()
    )
