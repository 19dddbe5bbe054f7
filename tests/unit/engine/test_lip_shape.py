"""Parted lips: their shape, and what is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.data.toy_head import toy_basis
from openvasa.engine.lip_shape import WIDE, LipShape
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER, LOWER_LIP, STABLE, transform

STILL = np.zeros(6)
CORNERS = [78, 308]


@pytest.fixture(scope="module")
def shut() -> np.ndarray:
    """A face whose inner lips meet on a line, 0.3 crop units long."""
    mean = toy_basis().mean.astype(np.float64)
    points = np.concatenate([mean, mean[:10]])
    x = np.linspace(-0.15, 0.15, len(INNER_UPPER) + 2)
    for lip in (INNER_UPPER, INNER_LOWER):
        points[lip] = np.stack([x[1:-1], np.full(9, -0.3), np.full(9, 0.1)], 1)
    points[CORNERS] = [[x[0], -0.3, 0.1], [x[-1], -0.3, 0.1]]
    for row in (1, 2, 3):
        points[LOWER_LIP[row]] = points[INNER_LOWER] - [0, 0.02 * row, 0]
    return points


def opened(shut: np.ndarray, gap: float) -> np.ndarray:
    """The lower lip drawn down to a point."""
    points = shut.copy()
    points[LOWER_LIP, 1] -= gap * np.interp(np.arange(9), [0, 4, 8], [0.4, 1, 0.4])
    return points


def gaps(points: np.ndarray) -> np.ndarray:
    return points[INNER_UPPER, 1] - points[INNER_LOWER, 1]


def test_a_triangle_becomes_round_and_its_middle_stays(shut: np.ndarray) -> None:
    points = opened(shut, 0.1)
    rounded = gaps(LipShape(shut)(points, STILL))
    np.testing.assert_allclose(rounded, 0.1 * WIDE, atol=0.003)
    np.testing.assert_allclose(rounded[4], gaps(points)[4], atol=1e-3)


def test_shut_lips_and_the_rest_of_the_face_stay(shut: np.ndarray) -> None:
    np.testing.assert_array_equal(LipShape(shut)(shut, STILL), shut)
    points = opened(shut, 0.1)
    far = STABLE[np.linalg.norm(shut[STABLE] - [0, -0.3, 0.1], axis=1) > 0.5]
    moved = LipShape(shut)(points, STILL)
    assert len(far) and np.abs(moved - points)[far].max() < 1e-4


def test_corners_sink_with_the_lip(shut: np.ndarray) -> None:
    points = opened(shut, 0.1)
    sunk = (points - LipShape(shut)(points, STILL))[CORNERS, 1]
    assert (sunk > 0.005).all() and (sunk < 0.03).all()


def test_crooked_lips_stay_crooked(shut: np.ndarray) -> None:
    points = opened(shut, 0.1)
    points[INNER_LOWER[:4], 1] -= 0.01
    rounded = gaps(LipShape(shut)(points, STILL))
    assert (rounded[:4] - rounded[:4:-1] > 0.006).all()


def test_the_shape_turns_with_the_head(shut: np.ndarray) -> None:
    pose = np.array([0.3, 0.1, 0.2, 0.05, -0.02, 0.0])
    points, shape = opened(shut, 0.1), LipShape(shut)
    straight = transform(shape(points, STILL), pose)
    np.testing.assert_allclose(shape(transform(points, pose), pose), straight, atol=1e-9)
