"""A clip made again: what the baselines do, and where motion begins."""

from types import SimpleNamespace

import numpy as np

from openvasa.commands.evaluate_latent_clips import SIZE, from_first, warped
from openvasa.engine.driving import Driver
from openvasa.metrics.face_sequence import FaceSequence


def _face(*moves: float) -> FaceSequence:
    points = np.random.default_rng(0).uniform(80, 170, (1, 478, 3))
    moved = np.concatenate([points + [move, 0, 0] for move in moves])
    return FaceSequence(moved, np.ones(len(moves), bool))


def test_a_similarity_warp_moves_the_picture_with_the_face() -> None:
    still = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
    seen = _face(0.0, 8.0)
    assert np.abs(warped(still, _face(0.0), seen, 0).astype(int) - still).max() <= 1
    shifted = warped(still, _face(0.0), seen, 1)
    assert np.abs(shifted[:, 8:].astype(int) - still[:, :-8]).max() <= 1


def test_motion_begins_where_the_portrait_is() -> None:
    rng = np.random.default_rng(2)
    pose, shown = rng.normal(size=(3, 6)), rng.normal(size=(3, 45))
    driver = Driver(pose.astype(np.float32), shown.astype(np.float32), 1, 0.0)
    avatar = SimpleNamespace(dynamics=rng.normal(size=(1, 48)).astype(np.float32))
    anchor = SimpleNamespace(weight=rng.normal(size=(45, 48)).astype(np.float32))
    motion = from_first(driver, avatar, anchor)  # type: ignore[arg-type]
    assert not motion.pose[0].any()
    assert np.allclose(motion.dynamics[0], avatar.dynamics[0])
    assert not np.allclose(motion.dynamics[1], avatar.dynamics[0])
