"""Correlation and lag of curves whose answer is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from openvasa.metrics.lip_agreement import REACH, correlations, lip_agreement

RNG = np.random.default_rng(0)
CURVE = np.convolve(RNG.standard_normal(120), np.ones(4) / 4, "same")


@dataclass(frozen=True)
class Face:
    gap: np.ndarray
    lip_width: np.ndarray

    def __len__(self) -> int:
        return len(self.gap)


def test_the_same_lips_agree_whatever_their_amplitude() -> None:
    real, made = Face(CURVE, -CURVE), Face(0.3 * CURVE + 2, -5 * CURVE)
    found = lip_agreement(made, real)
    assert found["gap_r"] == pytest.approx(1) and found["lip_width_r"] == pytest.approx(1)
    assert found["gap_lag"] == found["lip_width_lag"] == 0


@pytest.mark.parametrize("late", [-REACH, -2, 0, 3, REACH])
def test_the_lag_is_how_late_lips_come(late: int) -> None:
    both = correlations(np.roll(CURVE, late), CURVE)
    assert both.argmax() - REACH == late
    assert both[both.argmax()] == pytest.approx(1)


def test_still_lips_follow_nothing() -> None:
    found = lip_agreement(Face(np.full(120, 0.1), CURVE), Face(CURVE, CURVE))
    assert found["gap_r"] == 0 and "gap_lag" not in found
    assert found["lip_width_r"] == pytest.approx(1)


def test_what_is_spoken_is_judged_alone_where_asked() -> None:
    breath = CURVE.copy()
    breath[:40] = RNG.standard_normal(40)
    found = lip_agreement(Face(CURVE, CURVE), Face(breath, CURVE), slice(40, 120))
    assert found["gap_spoken_r"] == pytest.approx(1) and found["gap_r"] < 0.95
    still = lip_agreement(Face(np.ones(120), CURVE), Face(CURVE, CURVE), slice(40, 120))
    assert still["gap_spoken_r"] == 0 and "gap_spoken_r" not in lip_agreement(
        Face(CURVE, CURVE), Face(CURVE, CURVE)
    )


def test_only_common_frames_count() -> None:
    longer = np.concatenate([CURVE, RNG.standard_normal(40)])
    found = lip_agreement(Face(longer, longer), Face(CURVE, CURVE))
    assert found["gap_r"] == pytest.approx(1)


def test_a_glimpse_is_too_short() -> None:
    short = CURVE[: 4 * REACH - 1]
    with pytest.raises(ValueError, match="cannot be compared"):
        lip_agreement(Face(short, short), Face(CURVE, CURVE))
