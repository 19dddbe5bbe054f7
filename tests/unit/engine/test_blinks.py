"""Blinks at a human rate."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.engine.blinks import ENDS, GAP, BlinkState, LidAxes, spare_blinks
from openvasa.types import DYNAMICS_DIM, FPS, POSE_DIM, Motion

PUT = np.eye(2, DYNAMICS_DIM, dtype=np.float32)
LIDS = LidAxes(PUT.T.copy(), PUT)


def blinking(starts: list[float], seconds: float = 12.0) -> Motion:
    """Lids that shut for 0.2 s at these times; a smile goes on beside them."""
    frames = round(seconds * FPS)
    dynamics = np.zeros((frames, DYNAMICS_DIM), np.float32)
    dynamics[:, 5] = np.linspace(0, 1, frames)
    for start in starts:
        at = round(start * FPS)
        dynamics[at : at + 5, :2] = np.array([0.4, 0.8, 1.0, 0.7, 0.3])[:, None]
    return Motion(np.zeros((frames, POSE_DIM), np.float32), dynamics)


def shut(motion: Motion) -> list[float]:
    """Times at which lids are shut."""
    level = motion.dynamics[:, 0] > 0.6
    return [float(t) / FPS for t in np.flatnonzero(level[1:] & ~level[:-1]) + 1]


def test_blinks_that_come_too_soon_are_left_out() -> None:
    _, out = spare_blinks(BlinkState(), blinking([2.0, 3.0, 3.6, 6.0, 6.5, 9.0]), LIDS)
    assert shut(out) == pytest.approx([2.04, 6.04, 9.04])


def test_blinks_far_apart_and_all_else_stay_as_they_are() -> None:
    motion = blinking([2.0, 2.0 + GAP + 0.4])
    _, out = spare_blinks(BlinkState(), motion, LIDS)
    assert np.array_equal(out.dynamics, motion.dynamics)
    busy = blinking([2.0, 2.5])
    _, out = spare_blinks(BlinkState(), busy, LIDS)
    assert np.array_equal(out.dynamics[:, 2:], busy.dynamics[:, 2:])
    assert out.dynamics[60:70, :2].max() < ENDS + 0.2


def test_any_cut_gives_the_same_bits() -> None:
    motion = blinking([0.2, 2.0, 2.5, 4.0, 6.9])
    _, whole = spare_blinks(BlinkState(), motion, LIDS)
    state, parts = BlinkState(), []
    for start, end in ((0, 3), (3, 51), (51, 52), (52, 300)):
        state, part = spare_blinks(state, motion[start:end], LIDS)
        parts.append(part.dynamics)
    assert np.array_equal(np.concatenate(parts), whole.dynamics)
