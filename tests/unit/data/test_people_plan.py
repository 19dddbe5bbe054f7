"""The plan: every cell alike, directions found in a world that is known, nobody pushed too far."""

from __future__ import annotations

from collections import Counter

import numpy as np

from openvasa.data.demographics import GROUPS
from openvasa.data.people_plan import AGES, MOST_MOVED, NAMES, Cell, cell_of, fit_steering, steer

SPREAD = np.array([15, 12, 0.05, 0.3, 0.1, 0.5, 0.3, 0.4, 12, 0.4, 25, 10, 8, 2, 2, 2, 2])


def _world(count: int = 700) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Styles, readings that depend on them linearly, and the dependence."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(count, 512)) * 0.4
    truth = rng.normal(size=(512, len(NAMES))) / np.sqrt(512 * 0.16) * SPREAD
    noise = 0.2 * SPREAD * rng.normal(size=(count, len(NAMES)))
    return w.astype("f4"), (w @ truth + noise).astype("f4"), truth


def test_every_cell_is_filled_alike() -> None:
    cells = [cell_of(number) for number in range(320)]
    age_of = {k: band for k, band in enumerate(AGES)}
    counted = Counter(
        (c.sex, next(k for k, (a, b) in age_of.items() if a <= c.age < b), c.group) for c in cells
    )
    assert len(counted) == 2 * len(AGES) * len(GROUPS) and set(counted.values()) == {10}
    assert cells[:32] != cells[32:64] and cell_of(7) == cells[7]


def test_nobody_is_meant_to_be_a_child() -> None:
    assert min(cell_of(number).age for number in range(2000)) >= 25


def test_directions_of_a_linear_world_are_found_and_obeyed() -> None:
    w, values, truth = _world()
    steering = fit_steering(w, values)
    assert steering.correlation.min() > 0.5
    cell, before, after = Cell("male", 60.0, "asian", 40.0), [], []
    age = NAMES.index("age")
    for style in w[:40]:
        moved = steer(steering, style, cell, w.mean(0))
        before.append(style @ truth)
        after.append(moved @ truth)
        assert np.linalg.norm(moved - w.mean(0)) <= MOST_MOVED * steering.typical * 1.001
    gain = np.mean(after, 0) - np.mean(before, 0)
    assert gain[age] > 10 and gain[NAMES.index("asian")] > 1
    assert abs(np.mean(after, 0)[NAMES.index("yaw")]) < abs(np.mean(before, 0)[0]) + 5
