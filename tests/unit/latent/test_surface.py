"""Moving a portrait's surface: rest, borders, lips, rasterized triangles, conventions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openvasa.data.head import FittedHead, HeadBasis, fit, index_of, pose_head
from openvasa.data.head_render import HeadRenderer, triangulate
from openvasa.data.toy_head import toy_basis, toy_landmarks
from openvasa.latent.surface import (
    BEHIND,
    BELOW_LIP,
    CRUSHED,
    FLIP,
    INNER_LOWER,
    INNER_UPPER,
    LIP_EDGE,
    LOWER_LIP,
    MOUTH,
    UPPER_LIP,
    PortraitSurface,
    close_lips,
    pose_of,
    rigid_fit,
    rotation_from,
    to_canonical,
    transform,
)
from openvasa.latent.warp_field import place
from openvasa.types import EXPRESSION_DIM

POSE = np.array([0.3, -0.2, 0.15, 0.05, -0.04, 0.1])
UP = np.array([1.0, -1.0, 1.0])


@pytest.fixture(scope="module")
def basis() -> HeadBasis:
    return toy_basis()


@pytest.fixture(scope="module")
def head(basis: HeadBasis) -> FittedHead:
    landmarks = toy_landmarks(basis, np.random.default_rng(0))
    return fit(basis, landmarks.astype(np.float64))


@pytest.fixture(scope="module")
def surface(basis: HeadBasis, head: FittedHead) -> PortraitSurface:
    return HeadRenderer(basis).surface(head)


def centers(size: int) -> np.ndarray:
    """Crop coordinates (x, y down) of pixel centers, [size, size, 2]."""
    axis = (2 * np.arange(size) + 1) / size - 1
    return np.stack(np.meshgrid(axis, axis), -1)


@pytest.mark.parametrize(
    ("angle", "point", "axis"),
    [(0, (0.0, 0.0, 1.0), 0), (1, (0.0, 0.0, 1.0), 1), (2, (0.0, 1.0, 0.0), 0)],
    ids=["yaw: nose right", "pitch: nose up", "roll: crown right"],
)
def test_turning_has_the_documented_sign_in_both_rooms(
    angle: int, point: tuple[float, ...], axis: int
) -> None:
    pose = np.zeros(6)
    pose[angle] = 0.4
    moved = transform(np.array([point]), pose)[0]
    assert moved[axis] == pytest.approx(np.sin(0.4))
    down = torch.tensor(np.array([[point]]) * UP)
    same = place(down, torch.tensor(pose[None]))[0, 0].numpy() * UP
    np.testing.assert_allclose(same, moved, atol=1e-12)


def test_both_rooms_place_points_alike() -> None:
    points = np.random.default_rng(0).normal(size=(20, 3))
    down = place(torch.tensor(points * UP)[None], torch.tensor(POSE[None]))[0].numpy()
    np.testing.assert_allclose(down * UP, transform(points, POSE), atol=1e-12)


def test_moving_down_and_to_the_right_is_positive() -> None:
    moved = transform(np.zeros((1, 3)), np.array([0, 0, 0, 0.2, 0.3, 0]))[0]
    np.testing.assert_allclose(moved, [0.2, -0.3, 0.0])  # y is up here, z_pose counts it down


def test_to_canonical_undoes_transform() -> None:
    points = np.random.default_rng(1).normal(size=(30, 3))
    np.testing.assert_allclose(to_canonical(transform(points, POSE), POSE), points, atol=1e-12)


def test_rigid_fit_finds_the_similarity() -> None:
    a = np.random.default_rng(2).normal(size=(25, 3))
    rotation, shift = rotation_from(POSE), np.array([0.3, -0.1, 0.7])
    scale, found, moved = rigid_fit(a, 1.7 * a @ rotation.T + shift)
    assert scale == pytest.approx(1.7)
    np.testing.assert_allclose(found, rotation, atol=1e-10)
    np.testing.assert_allclose(moved, shift, atol=1e-10)
    assert np.linalg.det(rigid_fit(a, a * FLIP * UP)[1]) > 0  # never a mirror


def test_at_rest_every_pixel_shows_itself(surface: PortraitSurface, head: FittedHead) -> None:
    flow, label = surface.move(head.landmarks, head.pose, 64)
    np.testing.assert_allclose(flow, centers(64), atol=1e-3)
    assert not (label == MOUTH).any()


def test_the_border_rests_when_the_head_moves(
    basis: HeadBasis, surface: PortraitSurface, head: FittedHead
) -> None:
    pose = head.pose + np.array([0.35, 0.2, -0.2, 0.05, 0.05, 0.1])
    target = pose_head(basis, head, pose, head.expression)
    flow, _ = surface.move(target, pose, 64)
    still = np.abs(centers(64)).max(-1) > 0.97
    np.testing.assert_allclose(flow[still], centers(64)[still], atol=0.01)
    assert np.abs(flow - centers(64)).max() > 0.1


def test_with_a_matte_what_is_above_the_head_follows_it_to_its_end(
    basis: HeadBasis, head: FittedHead
) -> None:
    matte = np.zeros((64, 64))
    matte[6:, 16:48] = 1  # a tall hat and the shoulders
    surface = PortraitSurface(triangulate(basis), head.landmarks, head.pose, matte)
    pose = head.pose + np.array([0, 0, 0, 0.1, 0, 0])
    flow, _ = surface.move(head.landmarks + [0.1, 0, 0], pose, 64)
    moved = centers(64)[..., 0] - flow[..., 0]
    np.testing.assert_allclose(moved[4:30, 24:40], 0.1, atol=5e-3)
    np.testing.assert_allclose(moved[60:, 24:40], 0, atol=5e-3)  # shoulders rest


def test_with_a_matte_the_outline_of_the_head_is_as_deep_as_the_ears(
    basis: HeadBasis, head: FittedHead
) -> None:
    surface = PortraitSurface(triangulate(basis), head.landmarks, head.pose, np.ones((64, 64)))
    depth = transform(surface.sheet, head.pose)[:, 2]
    apart = np.linalg.norm(surface.grid[:, None] - head.landmarks[None, :468, :2], axis=2).min(1)
    np.testing.assert_allclose(depth[apart > BEHIND + 0.1], 0, atol=1e-9)
    assert depth[apart < 0.05].max() > 0.05


def test_lips_that_nearly_meet_or_cross_meet_and_wide_ones_stay(head: FittedHead) -> None:
    points = head.landmarks.copy()
    middle = (points[INNER_UPPER] + points[INNER_LOWER]) / 2
    for gap, expected in ((0.003, 0.0), (-0.03, 0.0), (0.05, 0.05)):
        half = np.array([0, gap / 2, 0])
        points[INNER_UPPER], points[INNER_LOWER] = middle + half, middle - half
        closed = close_lips(points)
        apart = closed[INNER_UPPER, 1] - closed[INNER_LOWER, 1]
        np.testing.assert_allclose(apart, expected, atol=1e-9)
        rest = np.setdiff1d(np.arange(478), [UPPER_LIP, LOWER_LIP])
        np.testing.assert_array_equal(closed[rest], points[rest])


def test_the_pose_of_a_similarity_is_the_one_that_made_it() -> None:
    place = np.exp(POSE[5]), rotation_from(POSE), np.array([POSE[3], -POSE[4], 0.0])
    np.testing.assert_allclose(pose_of(place), POSE, atol=1e-6)


def test_parted_lips_leave_a_hole(
    basis: HeadBasis, surface: PortraitSurface, head: FittedHead
) -> None:
    expression = np.zeros(EXPRESSION_DIM)
    _, closed = surface.move(pose_head(basis, head, head.pose, expression), head.pose, 96)
    expression[index_of("jawOpen")] = 0.8
    target = pose_head(basis, head, head.pose, expression)
    _, parted = surface.move(target, head.pose, 96)
    assert not (closed == MOUTH).any()
    rows, columns = np.nonzero(parted == MOUTH)
    assert len(rows) > 20
    x, y = (2 * columns.mean() + 1) / 96 - 1, 1 - (2 * rows.mean() + 1) / 96
    between = target[[13, 14], :2].mean(0)
    np.testing.assert_allclose([x, y], between, atol=0.03)


def test_skin_below_a_lip_that_sinks_gives_way(surface: PortraitSurface) -> None:
    own = surface.points.copy()
    np.testing.assert_array_equal(surface.unfolded(own.copy()), own)
    down = own[BELOW_LIP, :2] - own[LIP_EDGE, :2]
    sunk = own.copy()
    sunk[LIP_EDGE, :2] += 1.3 * down  # beyond the skin that was below it
    kept = surface.unfolded(sunk.copy())
    left = ((kept[BELOW_LIP, :2] - kept[LIP_EDGE, :2]) * down).sum(1) / (down**2).sum(1)
    np.testing.assert_allclose(left, CRUSHED, atol=1e-6)
    others = np.setdiff1d(np.arange(len(own)), BELOW_LIP)
    np.testing.assert_array_equal(kept[others], sunk[others])
