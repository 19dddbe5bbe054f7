"""Blinks written by hand are counted and measured; squinting is none."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.blinks import find_blinks


def lids(frames: int, *blinks: tuple[int, float]) -> np.ndarray:
    """Open at 0.3; each blink is (frame, share lost), four frames long."""
    opening = np.full(frames, 0.3)
    for at, lost in blinks:
        opening[at : at + 4] = 0.3 * (1 - lost)
    return opening


def test_two_blinks_in_ten_seconds() -> None:
    found = find_blinks(lids(250, (50, 0.9), (150, 0.7)))
    assert found.count == 2
    assert found.rate == pytest.approx(12)
    assert found.duration == pytest.approx(160)
    assert found.amplitude == pytest.approx(0.8)


def test_flanks_belong_to_the_blink() -> None:
    opening = lids(100, (40, 1.0))
    opening[39] = opening[44] = 0.3 * 0.45  # beyond half of the depth
    assert find_blinks(opening).duration == pytest.approx(240)


def test_what_is_no_blink() -> None:
    calm = lids(200, (50, 0.3))  # a narrowing
    calm[120:] *= 0.75  # a squint that stays
    assert find_blinks(calm).count == 0
    asleep = lids(200)
    asleep[60:110] = 0.02
    assert find_blinks(asleep).count == 0
    assert np.isnan(find_blinks(calm).duration)


def test_a_blink_with_a_flicker_is_one() -> None:
    opening = lids(100, (40, 0.9))
    opening[42] = 0.3
    assert find_blinks(opening).count == 1
