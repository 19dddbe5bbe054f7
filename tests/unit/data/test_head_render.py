"""Rendered portraits: the picture is the photo read through the flow."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.data.head import FittedHead, fit, index_of
from openvasa.data.head_render import HeadRenderer, sample
from openvasa.data.toy_head import toy_basis, toy_landmarks, toy_portrait
from openvasa.latent.surface import EYE, MOUTH, SHEET, SKIN
from openvasa.types import EXPRESSION_DIM, Image

SIZE = 96


@pytest.fixture(scope="module")
def renderer() -> HeadRenderer:
    return HeadRenderer(toy_basis())


@pytest.fixture(scope="module")
def head(renderer: HeadRenderer) -> FittedHead:
    landmarks = toy_landmarks(renderer.basis, np.random.default_rng(1))
    return fit(renderer.basis, landmarks.astype(np.float64))


@pytest.fixture(scope="module")
def photo(renderer: HeadRenderer, head: FittedHead) -> Image:
    return toy_portrait(renderer, head, SIZE, 1)


def test_the_photo_itself_at_its_own_pose(
    renderer: HeadRenderer, head: FittedHead, photo: Image
) -> None:
    made = renderer.render(photo, head, head.pose, head.expression, SIZE)
    assert np.abs(made.image - photo / 255.0).mean() < 2e-3


def test_visible_pixels_are_the_photo_at_the_flow(
    renderer: HeadRenderer, head: FittedHead, photo: Image
) -> None:
    expression = np.zeros(EXPRESSION_DIM)
    expression[index_of("jawOpen")] = 0.8
    pose = head.pose + np.array([0.2, -0.1, 0.1, 0.02, 0.02, 0.05])
    made = renderer.render(photo, head, pose, expression, SIZE)
    shown = made.visible == 1
    np.testing.assert_array_equal(made.image[shown], sample(photo, made.flow)[shown])
    hole = made.label == MOUTH
    assert (made.visible[hole] < 1).all()
    assert 10 < hole.sum() < SIZE * SIZE / 20
    rim = ~shown & ~hole  # lips end softly, within a pixel
    assert rim.sum() < 3 * hole.sum() and (made.visible[rim] > 0.5).all()
    assert set(np.unique(made.label)) == {SHEET, SKIN, MOUTH, EYE}
    assert np.isfinite(made.image).all() and made.landmarks.shape == (478, 3)


def test_sample_averages_large_photos() -> None:
    checks = np.kron([[0, 255], [255, 0]] * 1, np.ones((1, 1))).astype(np.uint8)
    photo = np.repeat(np.tile(checks, (64, 64))[..., None], 3, 2)  # 128 px, finest checkers
    axis = (2 * np.arange(16) + 1) / 16 - 1
    flow = np.stack(np.meshgrid(axis, axis), -1).astype(np.float32)
    np.testing.assert_allclose(sample(photo, flow), 0.5, atol=0.01)


def test_triangles_cover_every_point_once(renderer: HeadRenderer) -> None:
    topology = renderer.topology
    used = np.concatenate([topology.skin, topology.mouth, topology.eyes])
    assert set(used.ravel()) == set(range(468))
    assert len(np.unique(np.sort(used, 1), axis=0)) == len(used)
    assert topology.eyeballs.shape[0] == 2 and topology.eyeballs.max() < 21
