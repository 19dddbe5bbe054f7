"""Driven faces against their drivers."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.reenactment import expression_distance, pose_distance


def test_another_person_with_the_same_expression_is_no_error() -> None:
    rng = np.random.default_rng(0)
    motion = 0.05 * rng.standard_normal((40, 10, 3))
    one, other = rng.standard_normal((10, 3)), rng.standard_normal((10, 3))
    assert expression_distance(motion + one, motion + other) == pytest.approx(0, abs=1e-9)


def test_an_expression_that_is_missed_is_measured() -> None:
    driver = np.zeros((10, 4, 3))
    driver[:4, :, 1] = 0.02  # less than half of the time: the median is the rest
    assert expression_distance(np.zeros_like(driver), driver) == pytest.approx(0.8)


def test_pose_distance_is_in_degrees() -> None:
    pose = np.zeros((5, 3))
    assert pose_distance(pose + [3.0, 0, 0], pose) == pytest.approx(1)
    with pytest.raises(ValueError, match="frame by frame"):
        pose_distance(pose, pose[:4])
