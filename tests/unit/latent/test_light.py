"""Light: at rest nothing changes, a basis shows where its place on the face is, and only there."""

import numpy as np
import pytest

from openvasa.latent.light import GRID, MOST, LightBases, PortraitLight, flat, laid_out
from openvasa.types import EXPRESSION_DIM

SIZE = 32


def square(depth: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A face of four points and two triangles: points [4, 3] and triangles."""
    points = np.array([[-0.5, 0.5, depth], [0.5, 0.5, depth], [-0.5, -0.5, depth],
                       [0.5, -0.5, depth]])  # fmt: skip
    return points, np.array([[0, 1, 2], [1, 3, 2]])


def identity_flow(size: int) -> np.ndarray:
    side = (2 * np.arange(size) + 1) / size - 1
    return np.stack(np.meshgrid(side, side), -1).astype(np.float32)


@pytest.fixture
def light() -> PortraitLight:
    """The upper half of the face darkens by 0.2 at the first expression."""
    points, skin = square()
    bases = np.zeros((EXPRESSION_DIM, SIZE, SIZE), np.float32)
    bases[0, : SIZE // 2] = -0.2
    return PortraitLight(LightBases(2 * points[:, :2].astype(np.float32), bases), skin, points)


def change(value: float) -> np.ndarray:
    e = np.zeros(EXPRESSION_DIM, np.float32)
    e[0] = value
    return e


def test_a_face_at_rest_keeps_its_light(light: PortraitLight) -> None:
    assert np.array_equal(light(change(0), identity_flow(64)), np.ones((64, 64), np.float32))


def test_light_changes_where_the_basis_says_and_nowhere_else(light: PortraitLight) -> None:
    made = light(change(1), identity_flow(64))
    assert made[20:30, 20:44] == pytest.approx(np.exp(-0.2), abs=1e-4)
    assert made[34:44, 20:44] == pytest.approx(1, abs=1e-4)
    assert (made[:14] == 1).all() and (made[:, :14] == 1).all()


def test_light_goes_where_the_portraits_pixels_go(light: PortraitLight) -> None:
    flow = identity_flow(64)
    flow[..., 1] -= 0.25  # the face moves down by 8 pixels
    moved, still = light(change(1), flow), light(change(1), identity_flow(64))
    np.testing.assert_allclose(moved[8:], still[:-8], atol=1e-5)


def test_light_is_bounded(light: PortraitLight) -> None:
    assert light(change(100), identity_flow(64)).min() == pytest.approx(np.exp(-MOST))


def test_a_face_beyond_the_crop_changes_nothing() -> None:
    points, skin = square()
    bases = LightBases(points[:, :2].astype(np.float32), np.ones((EXPRESSION_DIM, 4, 4)))
    beyond = PortraitLight(bases, skin, points + [5, 0, 0])
    assert (beyond(change(1), identity_flow(32)) == 1).all()


def test_the_nearer_surface_hides_the_farther_one() -> None:
    near, skin = square(0.5)
    points = np.concatenate([square()[0], near])
    onto = np.concatenate([np.zeros((4, 2)), np.ones((4, 2))])
    at, shown = laid_out(points, onto, np.concatenate([skin, skin + 4]), GRID)
    assert shown.any() and (at[shown] == [1, -1]).all()


def test_the_mean_face_fills_the_pictures() -> None:
    rng = np.random.default_rng(0)
    mean = rng.uniform(-0.4, 0.4, (468, 3)) + [0, 0.1, 0]
    at = flat(np.concatenate([mean, mean * [-1, 1, 1]]))
    assert 0.95 < np.abs(at).max() < 1
    assert at[:, 0].mean() == pytest.approx(0, abs=1e-6)  # mirrored faces stay mirrored


def test_tensors_come_back() -> None:
    given = LightBases(np.ones((468, 2), np.float32), np.ones((EXPRESSION_DIM, 4, 4), np.float32))
    back = LightBases.from_tensors(given.tensors())
    assert back is not None and np.array_equal(back.bases, given.bases)
    assert LightBases.from_tensors({"mean": given.at}) is None
