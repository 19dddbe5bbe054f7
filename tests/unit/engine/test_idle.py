"""Idle motion: small, never still, never the same twice."""

from __future__ import annotations

import numpy as np

from openvasa.engine.idle import FARTHEST, idle


def motion(seed: int, start: int, frames: int) -> tuple[np.ndarray, np.ndarray]:
    shown = [idle(seed, t) for t in range(start, start + frames)]
    return np.stack([one.pose for one in shown]), np.stack([one.look for one in shown])


def test_it_moves_all_the_time_and_little() -> None:
    pose, look = motion(1, 0, 1500)
    angles = np.degrees(pose[:, :3])
    assert (np.abs(np.diff(angles, axis=0)).sum(1) > 1e-4).all()
    assert np.abs(angles).max() < 6 and (0.2 < angles.std(0)).all()
    assert (np.abs(look) <= FARTHEST).all()
    glances = np.flatnonzero(np.diff((np.abs(look).sum(1) > 0).astype(int)) == 1)
    assert 5 <= len(glances) <= 18  # in a minute


def test_another_seed_and_another_hour_are_another_motion() -> None:
    pose = motion(1, 0, 250)[0]
    assert np.array_equal(pose, motion(1, 0, 250)[0])
    for other in (motion(2, 0, 250)[0], motion(1, 90_000, 250)[0]):
        assert np.degrees(np.abs(pose - other).mean(0)[:3]).min() > 0.1
