"""The scene around a portrait: whole depth, a sheet that rests where it must, labels."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.data.head import FittedHead, fit
from openvasa.data.head_scene import LIPS, SKIN, HeadScene, deepened, place_sheet
from openvasa.data.toy_head import toy_basis, toy_landmarks
from openvasa.latent.control_points import shallow
from openvasa.latent.surface import OVAL, PortraitSurface, transform


@pytest.fixture(scope="module")
def scene() -> HeadScene:
    return HeadScene(toy_basis())


@pytest.fixture(scope="module")
def head(scene: HeadScene) -> FittedHead:
    landmarks = toy_landmarks(scene.basis, np.random.default_rng(1))
    return fit(scene.basis, landmarks.astype(np.float64))


def surface_of(scene: HeadScene, head: FittedHead) -> PortraitSurface:
    deep = deepened(head)
    return PortraitSurface(scene.topology, deep.landmarks, deep.pose)


def test_depth_is_given_back_in_proportion(head: FittedHead) -> None:
    deep = np.random.default_rng(0).uniform(0.0, 0.5, (478, 3))
    flat = deepened(FittedHead(head.canonical, head.pose, head.expression, shallow(deep)))
    ratio = flat.landmarks[:468, 2] / deep[:468, 2]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)


def test_deepening_moves_nothing_in_the_picture(head: FittedHead) -> None:
    deep = deepened(head)
    np.testing.assert_array_equal(deep.landmarks[:, :2], head.landmarks[:, :2])
    placed = transform(deep.canonical, deep.pose)
    np.testing.assert_allclose(placed, deep.landmarks[:468], atol=1e-9)


def test_the_sheet_rests_at_the_portraits_own_pose(scene: HeadScene, head: FittedHead) -> None:
    surface = surface_of(scene, head)
    placed = place_sheet(surface, surface.points, surface.pose)
    np.testing.assert_allclose(placed[:, :2], surface.grid, atol=1e-9)


def test_hair_goes_with_the_skull_and_the_border_rests(scene: HeadScene, head: FittedHead) -> None:
    surface = surface_of(scene, head)
    pose = surface.pose + np.array([0.0, 0.0, 0.0, 0.1, 0.0, 0.0])
    seen = transform(surface.canonical, pose)
    moved = place_sheet(surface, seen, pose)[:, :2] - surface.grid
    border = np.abs(surface.grid).max(1) == 1
    np.testing.assert_allclose(moved[border], 0, atol=1e-9)
    top = surface.points[OVAL[0], :2] + [0.0, 0.1]
    hair = np.linalg.norm(surface.grid - top, axis=1).argmin()
    assert moved[hair, 0] == pytest.approx(0.1, abs=0.02)


def test_a_turning_head_keeps_its_outline(scene: HeadScene, head: FittedHead) -> None:
    surface = surface_of(scene, head)
    pose = surface.pose + np.array([0.5, 0, 0, 0, 0, 0])
    moved = place_sheet(surface, transform(surface.canonical, pose), pose)[:, :2] - surface.grid
    face = surface.points[OVAL, :2]
    beside = np.linalg.norm(surface.grid - [face[:, 0].max() + 0.25, face[:, 1].mean()], axis=1)
    assert np.abs(moved[beside.argmin()]).max() < 0.05


def test_every_triangle_has_a_label_and_lips_are_around_the_mouth(scene: HeadScene) -> None:
    assert len(scene.labels) == len(scene.triangles) and scene.triangles.max() < scene.vertices
    centers = scene.basis.mean[scene.topology.skin].mean(1)
    labels = scene.labels[: len(centers)]
    lips = centers[labels == LIPS]
    assert 10 < len(lips) < len(centers) / 4 and set(labels) == {SKIN, LIPS}
    mouth = scene.basis.mean[[61, 291]].mean(0)
    assert np.abs(lips[:, 1] - mouth[1]).max() < 0.12


def test_mirrored_points_are_mirrored(scene: HeadScene) -> None:
    mean = scene.basis.mean
    far = np.linalg.norm(mean[scene.mirror] - mean * [-1.0, 1.0, 1.0], axis=1)
    assert np.median(far) < 0.05 and (scene.mirror[[33, 133]] == [263, 362]).all()
