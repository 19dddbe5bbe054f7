"""The parametric head: angles, fitting, lips that meet, gaze."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.data.head import (
    HeadBasis,
    angles_from,
    bounded_ridge,
    express,
    fit,
    index_of,
    iris_points,
    load_basis,
    pose_head,
    save_basis,
)
from openvasa.data.head_render import to_image
from openvasa.data.toy_head import toy_basis, toy_landmarks
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER, rotation_from, transform
from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES

POSE = np.array([0.25, -0.15, 0.1, 0.03, -0.02, 0.05])


@pytest.fixture(scope="module")
def basis() -> HeadBasis:
    return toy_basis()


def seen(basis: HeadBasis, expression: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Landmarks of the mean face at an expression and pose."""
    face = basis.mean + np.tensordot(expression, basis.expression, 1)
    irises = [face[c].mean(0) + np.zeros((5, 3)) for c in ([33, 133], [362, 263])]
    return to_image(transform(np.concatenate([face, *irises]), pose)).astype(np.float64)


@pytest.mark.parametrize("seed", range(5))
def test_angles_survive_the_rotation(seed: int) -> None:
    angles = np.random.default_rng(seed).uniform(-1.2, 1.2, 3)
    np.testing.assert_allclose(angles_from(rotation_from(angles)), angles, atol=1e-9)


def test_bounded_ridge_is_the_ridge_where_no_bound_is_met() -> None:
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(4, 30))
    gram, wide = shapes @ shapes.T + np.eye(4), np.full(4, 100.0)
    target = rng.normal(size=4)
    found = bounded_ridge(gram, target, -wide, wide)
    np.testing.assert_allclose(found, np.linalg.solve(gram, target), atol=1e-8)


def test_bounded_ridge_stays_in_bounds_at_the_best_place() -> None:
    gram, target = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([10.0, -3.0])
    found = bounded_ridge(gram, target, np.zeros(2), np.ones(2))
    np.testing.assert_allclose(found, [1.0, 0.0])


def test_fit_finds_pose_and_expression(basis: HeadBasis) -> None:
    expression = np.zeros(EXPRESSION_DIM)
    expression[index_of("jawOpen")] = 0.7
    expression[index_of("eyeBlinkLeft")] = 0.6
    head = fit(basis, seen(basis, expression, POSE), basis.mean.astype(np.float64))
    np.testing.assert_allclose(head.pose, POSE, atol=0.02)
    assert head.expression[index_of("jawOpen")] == pytest.approx(0.7, abs=0.15)
    # Lids are a few points that move little: the ridge takes its share of them.
    assert head.expression[index_of("eyeBlinkLeft")] > 0.2
    assert head.expression[index_of("eyeBlinkRight")] < 0.1
    assert (head.expression[:-2] >= 0).all() and (head.expression[:-2] <= 1).all()


def test_fit_tells_identity_from_expression(basis: HeadBasis) -> None:
    head = fit(basis, toy_landmarks(basis, np.random.default_rng(4)).astype(np.float64))
    assert head.canonical.shape == (468, 3) and head.landmarks.shape == (478, 3)
    assert head.expression[index_of("jawOpen")] < 0.05


def test_the_fitted_head_reproduces_its_landmarks(basis: HeadBasis) -> None:
    head = fit(basis, toy_landmarks(basis, np.random.default_rng(5)).astype(np.float64))
    again = pose_head(basis, head, head.pose, head.expression)
    np.testing.assert_allclose(again, head.landmarks, atol=1e-3)


def test_lips_meet_when_the_expression_says_so(basis: HeadBasis) -> None:
    gaping = basis.mean.astype(np.float64)
    gaping[INNER_LOWER, 1] -= 0.02  # of which the fit explains nothing
    rest, wanted = np.zeros((1, EXPRESSION_DIM)), np.zeros((1, EXPRESSION_DIM))
    closed = express(basis, gaping[None], rest, wanted)[0]
    np.testing.assert_allclose(closed[INNER_UPPER], closed[INNER_LOWER], atol=1e-7)
    wanted[0, index_of("jawOpen")] = 0.5
    parted = express(basis, gaping[None], rest, wanted)[0]
    shapes = basis.expression[index_of("jawOpen")]
    gap = 0.5 * (shapes[INNER_UPPER] - shapes[INNER_LOWER])
    np.testing.assert_allclose(parted[INNER_UPPER] - parted[INNER_LOWER], gap, atol=1e-6)


def test_irises_follow_the_gaze(basis: HeadBasis) -> None:
    head = fit(basis, toy_landmarks(basis, np.random.default_rng(6)).astype(np.float64))
    rest = iris_points(head, head.expression)
    looking = head.expression.copy()
    looking[EXPRESSION_NAMES.index("gazeYaw")] += 0.3
    looking[EXPRESSION_NAMES.index("gazePitch")] += 0.2
    moved = iris_points(head, looking) - rest
    assert (moved[:, 0] > 0.01).all() and (moved[:, 1] > 0.005).all()
    assert np.abs(moved[:, 2]).max() == 0


def test_gaze_is_read_back(basis: HeadBasis) -> None:
    head = fit(basis, toy_landmarks(basis, np.random.default_rng(7)).astype(np.float64))
    wanted = head.expression.copy()
    wanted[-2:] += [0.2, 0.1]
    posed = pose_head(basis, head, head.pose, wanted)
    again = fit(basis, posed * np.array([1.0, -1.0, -1.0]))
    np.testing.assert_allclose(again.expression[-2:], wanted[-2:], atol=0.03)


def test_a_basis_survives_its_file(basis: HeadBasis, tmp_path: Path) -> None:
    save_basis(tmp_path / "head.safetensors", {k: v for k, v in vars(basis).items()
                                               if isinstance(v, np.ndarray)})  # fmt: skip
    again = load_basis(tmp_path / "head.safetensors")
    np.testing.assert_array_equal(again.expression, basis.expression)
    np.testing.assert_array_equal(again.mouth_part, basis.mouth_part)
