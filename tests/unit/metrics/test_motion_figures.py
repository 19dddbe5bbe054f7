"""Figures of motion with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.motion_figures import against, change_over, liveliness, variety
from openvasa.types import FPS


def test_a_line_is_found() -> None:
    found = against([-10, 0, 10], [-19.0, 1.0, 21.0])
    assert found["slope"] == pytest.approx(2) and found["r"] == pytest.approx(1)
    assert found["error"] == pytest.approx((9 + 1 + 11) / 3)
    assert against([-1, 1], [3.0, 3.0])["r"] == 0


def test_shaking_is_no_life() -> None:
    time = np.arange(FPS * 60) / FPS
    slow = np.repeat(np.sin(2 * np.pi * 0.5 * time)[:, None], 3, 1)
    shaking = slow + 0.3 * np.sin(2 * np.pi * 10 * time)[:, None]
    shut = (np.arange(len(time)) % 75 < 4).astype(float)
    calm, wild = liveliness(slow, shut), liveliness(shaking, shut)
    assert wild["dP"] > 3 * calm["dP"]
    assert wild["dP below 5 Hz"] == pytest.approx(calm["dP below 5 Hz"], rel=0.05)
    assert wild["above 5 Hz"] == pytest.approx(0.3 / np.sqrt(2), rel=0.05)
    assert calm["blinks"] == pytest.approx(20) and calm["blink ms"] == pytest.approx(160)
    assert np.isnan(liveliness(slow, 0 * shut)["blink ms"])


def test_variety_sees_twins() -> None:
    rng = np.random.default_rng(0)
    own = [rng.standard_normal((2000, 3)) for _ in range(3)]
    found = variety(own)
    assert found["apart"] == pytest.approx(np.sqrt(2), rel=0.05)
    assert found["inside"] == pytest.approx(np.sqrt(2), rel=0.05)
    assert variety([own[0], own[0], own[1]])["apart"] == 0


def test_a_drift_is_told() -> None:
    first, last = np.zeros((50, 6)), np.zeros((70, 6))
    last[:, 1], last[:, 5] = np.radians(3), -np.log(1.1)
    found = change_over(first, last)
    assert found["turned"] == pytest.approx(3) and found["distance"] == pytest.approx(1.1)
