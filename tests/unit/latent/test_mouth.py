"""What shows between the lips: where teeth are, whose they are, how they are lit."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.data.head import HeadBasis
from openvasa.data.head_mouth import mouth_mesh
from openvasa.data.toy_head import toy_basis
from openvasa.latent.mouth import FaceMesh, MouthMesh, PortraitMouth
from openvasa.latent.raster import inside, pixels
from openvasa.latent.surface import CHIN, INNER_LIPS, INNER_LOWER, INNER_UPPER, LIPS, transform
from openvasa.types import InputError

SIZE = 128
STILL = np.zeros(6)


@pytest.fixture(scope="module")
def mesh() -> MouthMesh:
    return mouth_mesh(toy_basis())


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    basis: HeadBasis = toy_basis()
    return np.concatenate([basis.mean, basis.mean[:10]]).astype(np.float64)


def parted(face: np.ndarray, gap: float) -> np.ndarray:
    points = face.copy()
    points[INNER_UPPER, 1] += gap / 2
    points[INNER_LOWER, 1] -= gap / 2
    return points


def hole_of(points: np.ndarray, size: int = 64) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    at = np.stack([x.ravel(), y.ravel()], 1).astype(np.float64)
    return inside(at, pixels(points[INNER_LIPS], size)).reshape(size, size)


def gray(level: int = 120) -> np.ndarray:
    return np.full((SIZE, SIZE, 3), level, np.uint8)


def test_closed_lips_show_nothing(mesh: MouthMesh, face: np.ndarray) -> None:
    mouth = PortraitMouth(mesh, face, face, STILL, gray())
    assert mouth.draw(face, STILL, np.zeros((64, 64), bool), SIZE) is None


def test_what_is_drawn_covers_the_hole_at_the_size_of_the_video(
    mesh: MouthMesh, face: np.ndarray
) -> None:
    points = parted(face, 0.12)
    hole = hole_of(points)
    mouth = PortraitMouth(mesh, face, face, STILL, gray())
    for size in (SIZE, 4 * SIZE):
        drawn = mouth.draw(points, STILL, hole, size)
        assert drawn is not None
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        height, width = drawn.color.shape[:2]
        assert drawn.top <= rows[0] * size / 64 and drawn.left <= columns[0] * size / 64
        assert drawn.top + height >= (rows[-1] + 1) * size / 64
        assert drawn.left + width >= (columns[-1] + 1) * size / 64
        assert 0 <= drawn.color.min() and drawn.color.max() <= 1 and np.ptp(drawn.color) > 0.1


def test_lower_teeth_go_with_the_jaw_and_upper_ones_stay(mesh: MouthMesh, face: np.ndarray) -> None:
    mouth = PortraitMouth(mesh, face, face, STILL, gray())
    opened = face.copy()
    opened[CHIN] += mesh.chin  # the jaw opens wholly
    shut, _ = mouth._lit(face)
    wide, _ = mouth._lit(opened)
    moved = np.linalg.norm(wide - shut, axis=1)
    assert moved[mesh.upper > 0.5].max() < 0.3 * moved.max()
    np.testing.assert_allclose((wide - shut)[moved.argmax()], mesh.jaw[moved.argmax()], atol=1e-6)


def test_a_portrait_lends_its_own_teeth(mesh: MouthMesh, face: np.ndarray) -> None:
    points = parted(face, 0.12)
    crop = gray()
    crop[hole_of(points, SIZE)] = [10, 200, 10]  # nobody's mesh is green
    own = PortraitMouth(mesh, face, points, STILL, crop)
    pose = np.array([0.0, 0.0, 0.0, 0.06, 0.0, 0.0])
    target = transform(points, pose)
    drawn = own.draw(points, pose, hole_of(target), SIZE)
    assert drawn is not None
    x, y = np.rint(pixels(target[LIPS], SIZE).mean(0)).astype(int)
    seen = drawn.color[y - drawn.top, x - drawn.left]
    np.testing.assert_allclose(seen, np.array([10, 200, 10]) / 255, atol=0.02)
    closed = PortraitMouth(mesh, face, face, STILL, crop)
    drawn = closed.draw(points, pose, hole_of(target), SIZE)
    assert drawn is not None and (drawn.color[..., 1] < drawn.color[..., 0] + 0.2).all()


def test_teeth_that_are_lent_are_darker_in_a_slit(mesh: MouthMesh, face: np.ndarray) -> None:
    crop = gray(200)
    own = PortraitMouth(mesh, face, parted(face, 0.12), STILL, crop)
    light, hole = [], hole_of(parted(face, 0.12))
    for gap in (0.01, 0.03, 0.12):
        points = parted(face, gap)
        drawn = own.draw(points, STILL, hole, SIZE)
        assert drawn is not None and drawn.own is not None
        light.append(drawn.color[drawn.own > 0.99].max())
    assert light[0] < 0.75 * light[1] < 0.75 * light[2]
    np.testing.assert_allclose(light[2], 200 / 255, atol=0.01)


def test_a_bundle_gives_the_meshes_back(mesh: MouthMesh) -> None:
    surface = {name: np.zeros((1, 3), np.int32) for name in ("skin", "mouth", "eyes")}
    surface["eyeballs"] = np.zeros((2, 1, 3), np.int32)
    read = FaceMesh.from_tensors({**surface, **mesh.tensors()}).interior
    np.testing.assert_array_equal(read.points, mesh.points)
    assert read.triangles.dtype == np.int64
    with pytest.raises(InputError, match="export it again"):
        FaceMesh.from_tensors(surface)


def test_raised_corners_do_not_lift_the_teeth(mesh: MouthMesh, face: np.ndarray) -> None:
    smiling = face.copy()
    smiling[LIPS[:2], 1] += 0.03
    at = [PortraitMouth(mesh, shape, shape, STILL, gray())._base[:, 1] for shape in (face, smiling)]
    np.testing.assert_allclose(*at, atol=1e-9)
