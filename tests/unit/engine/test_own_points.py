"""At its own codes a portrait's points are its own; lids and lips still shut."""

import numpy as np

from openvasa.engine.own_points import keep_own
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER, to_canonical


def _move(run, avatar, pose, dynamics) -> np.ndarray:
    return run("move", {
        "neutral": avatar.neutral, "identity": avatar.identity, "rest": avatar.pose,
        "pose": pose, "dynamics": dynamics,
    })["points"][0]  # fmt: skip


def test_a_portrait_at_its_own_codes_is_itself(animator, avatar) -> None:
    kept = keep_own(animator.run, avatar)
    points = _move(kept, avatar, avatar.pose, avatar.dynamics)
    off = np.abs(points - avatar.points).max(1)
    lips = np.concatenate([INNER_UPPER, INNER_LOWER])  # may be kept from crossing
    assert np.delete(off, lips).max() < 1e-4


def test_what_was_missed_turns_with_the_head_and_lips_never_cross(animator, avatar) -> None:
    kept = keep_own(animator.run, avatar)
    turned = avatar.pose + np.float32([[0.3, 0, 0, 0, 0, 0]])
    points = to_canonical(_move(kept, avatar, turned, avatar.dynamics).astype(float), turned[0])
    own = to_canonical(avatar.points.astype(float), avatar.pose[0])
    assert np.abs(points - own)[[10, 33, 263]].max() < 1e-4
    gap = points[INNER_UPPER, 1] - points[INNER_LOWER, 1]
    assert gap.min() > -1e-6


def test_other_graphs_pass_through(animator, avatar) -> None:
    kept = keep_own(animator.run, avatar)
    asked = {"expression": np.eye(45, dtype=np.float32)}
    assert np.array_equal(kept("embed", asked)["dynamics"],
                          animator.run("embed", asked)["dynamics"])  # fmt: skip
