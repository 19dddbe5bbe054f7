"""Everything known about a rendered pixel is true of it: flow, depth, segments, angles."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openvasa.data.head import FittedHead, fit, index_of, pose_head
from openvasa.data.head_light import directed
from openvasa.data.head_matte import Matting
from openvasa.data.head_scene import BACKGROUND, EYES_SEEN, HAIR, LIPS, SKIN, TEETH
from openvasa.data.head_truth import Textures, Truth, TruthRenderer, warp
from openvasa.data.toy_head import toy_basis, toy_landmarks, toy_portrait
from openvasa.types import EXPRESSION_DIM, Image

SIZE = 96
NOSE_TIP, IRISES = 4, (468, 473)


class Disc(Matting):
    """A matting that takes a disc around the middle for the person."""

    def __call__(self, photo: Image) -> np.ndarray:
        axis = np.linspace(-1, 1, len(photo))
        far = np.hypot(*np.meshgrid(axis, axis))
        return np.clip((0.85 - far) / 0.05, 0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def renderer() -> TruthRenderer:
    return TruthRenderer(toy_basis(), Disc())


@pytest.fixture(scope="module")
def textures(renderer: TruthRenderer) -> Textures:
    basis = renderer.scene.basis
    head = fit(basis, toy_landmarks(basis, np.random.default_rng(1)).astype(np.float64))
    return renderer.prepare(toy_portrait(renderer.scene, head, 2 * SIZE, 1), head)


def recipe(head: FittedHead) -> tuple[np.ndarray, np.ndarray]:
    """The portrait itself, then turned, nodding, tilted, speaking, looking, near."""
    poses = np.tile(head.pose, (7, 1))
    poses[1, 0] += 0.4
    poses[2, 1] += 0.3
    poses[3, 2] += 0.3
    poses[6, 5] += 0.2
    expressions = np.zeros((7, EXPRESSION_DIM))
    expressions[4, index_of("jawOpen")] = 0.8
    expressions[5, -2:] = [0.3, 0.2]
    return poses, expressions


@pytest.fixture(scope="module")
def truth(renderer: TruthRenderer, textures: Textures) -> Truth:
    return renderer.render(textures, *recipe(textures.portrait.head), size=SIZE)


def test_the_portrait_itself_comes_back(renderer: TruthRenderer, textures: Textures) -> None:
    head = textures.portrait.head
    same = renderer.render(textures, head.pose[None], head.expression[None], 2 * SIZE, finer=1)
    certain = (same.matte[0] == 1) | (same.matte[0] == 0)
    error = (same.image[0] - torch.from_numpy(textures.portrait.photo / 255.0)).abs().mean(-1)
    assert error[certain].mean() < 0.01


def test_any_frame_warps_into_any_other(renderer: TruthRenderer, truth: Truth) -> None:
    for target, source in ((0, 1), (1, 0), (2, 1), (3, 4), (4, 0), (6, 3), (5, 2)):
        flow, visible = renderer.flow(truth, target, source)
        assert visible.float().mean() > 0.5
        error = (warp(truth.image[source], flow) - truth.image[target])[visible]
        assert -10 * torch.log10((error**2).mean()) >= 30


def test_flow_there_and_back_returns(renderer: TruthRenderer, truth: Truth) -> None:
    there, visible = renderer.flow(truth, 1, 2)
    back, seen = renderer.flow(truth, 2, 1)
    returned = warp(back, there)
    clear = visible & (warp(seen[..., None].float(), there)[..., 0] > 0.99)
    axis = (2 * torch.arange(SIZE) + 1) / SIZE - 1
    here = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    assert (returned - here)[clear].norm(dim=-1).median() < 0.5 / SIZE


def test_what_the_head_covers_is_not_visible(renderer: TruthRenderer, truth: Truth) -> None:
    _, visible = renderer.flow(truth, 0, 1)
    skin = truth.segments[0] == SKIN
    assert 0.02 < 1 - visible[skin].float().mean() < 0.6  # the far cheek is hidden
    mouth = truth.segments[4] == TEETH
    assert mouth.any() and not renderer.flow(truth, 4, 0)[1][mouth].any()


def test_segments_and_depth(truth: Truth) -> None:
    found = set(truth.segments[4].unique().tolist())
    assert {BACKGROUND, HAIR, SKIN, LIPS, EYES_SEEN, TEETH} <= found
    background = truth.segments == BACKGROUND
    assert torch.isneginf(truth.depth[background]).all()
    assert torch.isfinite(truth.depth[~background]).all()
    x, y = _pixel(truth.landmarks[0, NOSE_TIP])
    nose, cheek = truth.depth[0, y, x], truth.depth[0, y, x + SIZE // 8]
    assert nose > cheek  # nearer is larger
    assert nose == pytest.approx(-truth.landmarks[0, NOSE_TIP, 2], abs=0.03)


def test_the_surface_coordinate_follows_the_point(truth: Truth) -> None:
    for frame in range(4):
        x, y = _pixel(truth.landmarks[frame, 9])  # between the brows
        here = truth.surface[frame, y, x]
        first = truth.surface[0, *_pixel(truth.landmarks[0, 9])[::-1]]
        assert (here - first).norm() < 0.06


def test_signs_of_every_angle_on_points_and_pixels(truth: Truth) -> None:
    still, turned, up, tilted, near = (truth.landmarks[k] for k in (0, 1, 2, 3, 6))
    assert turned[NOSE_TIP, 0] > still[NOSE_TIP, 0] + 0.05  # yaw: to the image's right
    assert up[NOSE_TIP, 1] < still[NOSE_TIP, 1] - 0.05  # pitch: up
    axis = tilted[10] - tilted[152]  # chin to forehead
    before = still[10] - still[152]
    clockwise = np.arctan2(axis[0], -axis[1]) - np.arctan2(before[0], -before[1])
    assert clockwise == pytest.approx(0.3, abs=0.02)  # roll, radians
    span = [np.linalg.norm((p[10] - p[152])[:2]) for p in (near, still)]
    assert np.log(span[0] / span[1]) == pytest.approx(0.2, abs=0.02)  # log_scale
    for iris in IRISES:  # gaze: right and up
        assert truth.landmarks[5, iris, 0] > still[iris, 0] + 0.01
        assert truth.landmarks[5, iris, 1] < still[iris, 1] - 0.005
    center = [_center(truth.segments[k] == SKIN) for k in range(4)]
    assert center[1][0] > center[0][0] and center[2][1] < center[0][1]
    dark = truth.image.mean(-1)
    x, y = _pixel(truth.landmarks[5, IRISES[0]])
    assert dark[5, y, x] < dark[0, y, x]  # the iris is there now


def test_a_turned_head_has_the_asked_angle(truth: Truth) -> None:
    """The face's own depth moves its points as a rotation by 0.4 rad must."""
    depth, start = -truth.landmarks[0], truth.landmarks[0]
    expected = start[NOSE_TIP, 0] * np.cos(0.4) + depth[NOSE_TIP, 2] * np.sin(0.4)
    assert truth.landmarks[1, NOSE_TIP, 0] == pytest.approx(expected, abs=0.06)


def test_a_batch_is_its_frames_one_by_one(
    renderer: TruthRenderer, textures: Textures, truth: Truth
) -> None:
    poses, expressions = recipe(textures.portrait.head)
    for k in (1, 4):
        single = renderer.render(textures, poses[k : k + 1], expressions[k : k + 1], SIZE)
        for name in ("image", "depth", "surface", "segments"):
            assert torch.equal(getattr(single, name)[0], getattr(truth, name)[k])


def test_light_from_the_right_and_from_the_left(
    renderer: TruthRenderer, textures: Textures
) -> None:
    head = textures.portrait.head
    lights = np.stack([directed(np.array([x, 0, 1.0]), 0.7, np.ones(3)) for x in (1.0, -1.0)])
    twice = np.tile(head.pose, (2, 1)), np.tile(head.expression, (2, 1))
    lit = renderer.render(textures, *twice, SIZE, lights)
    skin, half = lit.segments[0] == SKIN, torch.arange(SIZE) >= SIZE // 2
    difference = (lit.image[0] - lit.image[1]).mean(-1)
    assert difference[skin & half].mean() > 0.05 > -0.05 > difference[skin & ~half].mean()


def test_a_turned_portrait_borrows_from_the_side_it_shows(renderer: TruthRenderer) -> None:
    basis = renderer.scene.basis
    landmarks = toy_landmarks(basis, np.random.default_rng(2)).astype(np.float64)
    head = fit(basis, landmarks)
    turn = np.array([0.7, 0, 0, 0, 0, 0])
    seen = pose_head(basis, head, head.pose + turn, head.expression)
    turned = fit(basis, seen * [1.0, -1.0, -1.0])
    blend = renderer.scene.prepare(np.full((64, 64, 3), 128, np.uint8), turned).blend[:468]
    away = basis.mean[:, 0] > 0.15  # the image's right is hidden by a turn to the right
    assert blend[away].mean() > 0.2 and blend[basis.mean[:, 0] < -0.15].max() < 0.2


def _pixel(point: np.ndarray) -> tuple[int, int]:
    x, y = np.rint((point[:2] + 1) * SIZE / 2 - 0.5).astype(int)
    return int(x), int(y)


def _center(mask: torch.Tensor) -> np.ndarray:
    y, x = torch.nonzero(mask, as_tuple=True)
    return np.array([float(x.float().mean()), float(y.float().mean())])
