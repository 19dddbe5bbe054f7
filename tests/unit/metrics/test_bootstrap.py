"""Intervals hold the mean, shrink with the number of cases, and are the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.bootstrap import interval, weighted_mean


def test_the_interval_is_about_two_standard_errors() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    low, high = interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * 2 / 20, rel=0.15)
    assert (low, high) == interval(values)


def test_one_case_has_no_spread() -> None:
    assert interval([3.0]) == (3.0, 3.0)


def test_weights_count() -> None:
    values, weights = np.array([0.0, 1.0]), np.array([1.0, 3.0])
    assert weighted_mean(values, weights) == 0.75
    assert interval([1.0, 5.0], [1.0, 0.0]) == (1.0, 1.0)
    assert np.isnan(weighted_mean(values, np.zeros(2)))
