"""Angles between directions, and distances from sizes."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.gaze_distance import distance_error, gaze_error, gaze_spread


def test_gaze_error_is_the_angle_between_directions() -> None:
    seen = np.array([[10.0, 0.0], [0.0, 20.0]])
    assert gaze_error(seen, (0.0, 0.0)) == pytest.approx(15)
    assert gaze_error(seen, seen) == pytest.approx(0, abs=1e-5)
    assert gaze_error(np.array([[90.0, 0.0]]), (0.0, 90.0)) == pytest.approx(90)


def test_spread_ignores_where_the_gaze_rests() -> None:
    steady = np.tile([12.0, -4.0], (50, 1))
    assert gaze_spread(steady) == pytest.approx(0, abs=1e-5)
    swings = steady + np.array([[5.0, 0.0], [-5.0, 0.0]] * 25)
    assert gaze_spread(swings) == pytest.approx(5, abs=0.05)


def test_half_the_size_is_twice_the_distance() -> None:
    assert distance_error(np.array([50.0, 50.0]), 100.0, 2.0) == pytest.approx(0)
    assert distance_error(np.array([100.0, 50.0]), 100.0) == pytest.approx(0.5)
