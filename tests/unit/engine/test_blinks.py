"""Blinks come as often as asked: the model's own where they fit, others shaped as lids move."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.engine.axes import Axes
from openvasa.engine.blinks import ENDS, SHAPE, USUAL, BlinkState, blink
from openvasa.types import DYNAMICS_DIM, FPS

PUT = np.eye(2, DYNAMICS_DIM, dtype=np.float32)  # the first two of z_dyn are the lids
LIDS = Axes(PUT.T.copy(), PUT)
QUIET = np.zeros((FPS * 120, DYNAMICS_DIM), np.float32)


def blinking(times: np.ndarray, frames: int = FPS * 120) -> np.ndarray:
    dynamics = np.zeros((frames, DYNAMICS_DIM), np.float32)
    dynamics[:, 2] = 0.7  # something that is no lid
    for time in times:
        at = round(time * FPS)
        dynamics[at : at + 4, :2] = np.array([0.5, 1.0, 0.8, 0.3], np.float32)[:, None]
    return dynamics


def played(dynamics: np.ndarray, rate: float | None, seed: int = 0) -> np.ndarray:
    state, out = BlinkState(), []
    for now in dynamics:
        state, shown = blink(state, now, LIDS, rate, seed)
        out.append(shown)
    return np.stack(out)


def closings(dynamics: np.ndarray) -> np.ndarray:
    shut = (dynamics[:, 0] > 0.5).astype(int)
    return np.flatnonzero(np.diff(np.concatenate([[0], shut])) == 1)


@pytest.mark.parametrize("rate", [6.0, 15.0, 30.0])
@pytest.mark.parametrize("every", [0.9, 2.0, 1000.0])
def test_the_rate_is_the_one_that_is_asked_for(rate: float, every: float) -> None:
    model = blinking(np.arange(1.0, 118.0, every))
    counts = [len(closings(played(model, rate, seed))) / 2 for seed in range(4)]
    assert abs(np.mean(counts) - rate) < 0.12 * rate + 0.5


def test_no_blink_where_none_is_wanted_and_the_usual_rate_where_nothing_is_said() -> None:
    busy = blinking(np.arange(1.0, 118.0, 1.5))
    assert len(closings(played(busy, 0.0))) == 0
    assert abs(len(closings(played(QUIET, None))) / 2 - USUAL) < 4


def test_a_blink_is_put_in_as_lids_move() -> None:
    lids = played(QUIET, 15.0)[:, 0]
    first = int(np.flatnonzero(lids)[0])
    np.testing.assert_allclose(lids[first : first + len(SHAPE)], SHAPE, atol=1e-6)
    assert 100 <= 40 * sum(level >= 0.5 for level in SHAPE) <= 250  # milliseconds
    waits = np.diff(closings(played(QUIET, 15.0))) / FPS
    assert waits.min() > 1.2 and waits.std() > 0.5  # neither flutter nor clockwork


def test_a_squint_and_everything_else_stay() -> None:
    squint = np.full((100, DYNAMICS_DIM), ENDS - 0.05, np.float32)
    assert np.array_equal(played(squint, 0.0), squint)
    busy = blinking(np.arange(1.0, 118.0, 1.5))
    assert np.array_equal(played(busy, 10.0)[:, 2:], busy[:, 2:])


def test_another_seed_blinks_at_other_times() -> None:
    assert not np.array_equal(played(QUIET, 15.0), played(QUIET, 15.0, seed=1))
