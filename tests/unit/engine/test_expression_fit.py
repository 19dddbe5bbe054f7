"""Expressions are found back from the points that they moved."""

import numpy as np

from openvasa.engine.anchor import Anchor
from openvasa.engine.expression_fit import expression_shapes, fit_expressions, head_pose
from openvasa.latent.surface import FLIP, transform
from tiny_model import mean_face


def test_known_expressions_are_found_back() -> None:
    rng = np.random.default_rng(0)
    shapes = 0.05 * rng.normal(size=(45, 478, 3))
    neutral = rng.normal(size=(478, 3))
    wanted = rng.uniform(0, 0.2, (30, 45)) * (rng.random((30, 45)) < 0.1)
    points = neutral + np.tensordot(wanted, shapes, 1)
    found, face = fit_expressions(points, np.zeros((30, 45)), shapes)
    assert np.abs(found - wanted).max() < 0.05
    assert np.abs(face - neutral).max() < 0.02
    assert found[:, :-2].min() >= 0 and found.max() <= 1


def test_a_heads_pose_is_read_from_its_points() -> None:
    mean = mean_face()
    face = np.concatenate([mean, mean[:10]])
    pose = np.array([0.2, -0.1, 0.05, 0.03, -0.02, 0.1])
    read, canonical = head_pose(transform(face, pose) * FLIP, mean)
    assert np.allclose(read, pose, atol=0.02)
    assert np.abs(canonical[:468, :2] - mean[:, :2]).max() < 0.05


def test_shapes_are_what_the_model_does(animator, avatar) -> None:
    anchor = Anchor(animator.run)
    shapes = expression_shapes(animator.run, anchor, avatar.neutral[0], avatar.identity)
    assert shapes.shape == (45, 478, 3) and np.abs(shapes).max() > 0
