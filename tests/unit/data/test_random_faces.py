"""Random expressions and poses stay within what performances reach."""

from __future__ import annotations

import numpy as np

from openvasa.data.head import index_of
from openvasa.data.random_faces import (
    PITCH,
    ROLL,
    YAW,
    group_chances,
    random_expression,
    random_pose,
)
from openvasa.types import EXPRESSION_DIM


def test_made_up_expressions_and_poses_stay_in_range() -> None:
    rng = np.random.default_rng(0)
    seen = rng.uniform(0, 1, (5, EXPRESSION_DIM))
    drawn = np.stack([random_expression(rng, seen) for _ in range(200)])
    assert drawn[:, :-2].min() >= 0 and drawn[:, :-2].max() <= 1
    assert (drawn[:, index_of("eyeBlinkLeft")] == 1).mean() > 0.05
    limit = np.array([YAW, PITCH, ROLL, 0.1, 0.1, 0.2])
    own = rng.normal(0, 0.1, 6)
    poses = np.stack([random_pose(rng, own) for _ in range(200)])
    assert (np.abs(poses - own) <= limit + 1e-9).all()


def test_large_collections_count_by_the_root_of_their_size() -> None:
    chances = group_chances(["clips", "clips", "photos"], [300, 100, 4])
    assert chances[:2].sum() / chances[2] == 10
    assert chances[0] == 3 * chances[1] and abs(chances.sum() - 1) < 1e-12
    assert group_chances([], []).size == 0
