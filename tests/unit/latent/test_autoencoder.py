"""The face model's networks: sizes, shapes, warps and what starts as the identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from openvasa.data.toy_head import toy_basis
from openvasa.latent.autoencoder import (
    FaceAutoencoder,
    PortraitCode,
    compose,
    place_up,
    surface_template,
    unplace_up,
)
from openvasa.latent.blocks import Residual, coordinates
from openvasa.latent.config import PRESETS, LatentConfig, latent_config
from openvasa.latent.drawn import mouth_window
from openvasa.latent.face_decoder import Decoded, look
from openvasa.latent.motion_encoder import MotionEncoder
from openvasa.latent.surface import POINTS, transform
from openvasa.latent.warp_field import (
    Z_HALF,
    Z_MIDDLE,
    head_weight,
    place,
    sample_volume,
    to_grid,
    unplace,
)
from openvasa.types import EXPRESSION_DIM, InputError


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Most of these networks are too small to share out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


POSES = torch.tensor([[0.3, -0.2, 0.1, 0.05, -0.1, 0.2], [-0.4, 0.1, 0.3, 0.0, 0.1, -0.1]])


def made(preset: str = "tiny") -> FaceAutoencoder:
    torch.manual_seed(0)
    model = FaceAutoencoder(PRESETS[preset])
    mean = toy_basis().mean
    irises = np.repeat(mean[[33, 263]], 5, 0)
    model.warp.set_template(torch.from_numpy(np.concatenate([mean, irises])))
    return model


def points(count: int) -> torch.Tensor:
    mean = toy_basis().mean
    face = np.concatenate([mean, np.repeat(mean[[33, 263]], 5, 0)])
    return torch.from_numpy(np.repeat(face[None], count, 0))


@pytest.fixture(scope="module")
def model() -> FaceAutoencoder:
    return made().eval()


@pytest.fixture(scope="module")
def code(model: FaceAutoencoder) -> PortraitCode:
    with torch.no_grad():
        return model.encode(torch.rand(2, 3, 64, 64), points(2))


def test_config_survives_json_and_refuses_strangers() -> None:
    plain = {k: list(v) if isinstance(v, tuple) else v
             for k, v in PRESETS["tiny"].to_dict().items()}  # fmt: skip
    assert latent_config(plain) == PRESETS["tiny"]
    assert latent_config({}) == LatentConfig()
    with pytest.raises(InputError, match="motion_sizes.*motion_size"):
        latent_config({"motion_sizes": 3})


def test_shapes_of_the_tiny_preset(model: FaceAutoencoder, code: PortraitCode) -> None:
    config = PRESETS["tiny"]
    assert code.appearance.shape == (2, config.volume_channels + 1, config.volume_depth, 8, 8)
    assert code.neutral.shape == (2, POINTS, 3)
    assert code.codes.identity.norm(dim=1).tolist() == pytest.approx([1, 1], abs=1e-5)
    dynamics = torch.randn(2, config.dynamics_dim)
    seen, canonical = model.move(code, POSES, dynamics)
    assert seen.shape == canonical.shape == (2, POINTS, 3)
    flow = coordinates(64, 64).permute(2, 0, 1).expand(2, -1, -1, -1)
    mesh = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        out = model.decode(code, POSES, dynamics, flow, torch.zeros(2, 1, 64, 64), mesh)
        frame = compose(code.image, out)
    assert out.color.shape == frame.shape == (2, 3, 64, 64)
    assert 0 <= float(out.color.min()) and float(out.color.max()) <= 1
    # With closed lips it shows the portrait through the given flow, and nothing else.
    torch.testing.assert_close(frame, code.image)
    # Untrained, it draws the mesh as it is, and only in the window around the lips.
    corners = [mouth_window(each.numpy(), 64) for each in seen.detach()]
    for color, drawn, (top, left) in zip(out.color, mesh, corners, strict=True):
        inside = slice(top, top + 16), slice(left, left + 16)
        torch.testing.assert_close(color[:, *inside], drawn[:, *inside], atol=0.1, rtol=0)
        color[:, *inside] = 0
        assert not color.any()


def test_what_is_drawn_depends_on_the_volume_and_on_the_mesh_in_the_hole_alone() -> None:
    model = made().eval()
    torch.nn.init.normal_(model.decoder.out.weight, std=0.2)
    flow = coordinates(64, 64).permute(2, 0, 1).expand(2, -1, -1, -1)
    hole = torch.zeros(2, 1, 64, 64)
    hole[:, :, 40:44] = 1
    with torch.no_grad():
        dim_and_bright = torch.rand(2, 3, 64, 64) * torch.tensor([0.2, 1.0])[:, None, None, None]
        code = model.encode(dim_and_bright, points(2))
        first = torch.rand(2, 3, 64, 64)

        def drawn(code: PortraitCode, mesh: torch.Tensor) -> torch.Tensor:
            return model.decode(code, POSES, code.codes.dynamics, flow, hole, mesh).color * hole

        wanted = drawn(code, first)
        other = torch.where(hole > 0, first, torch.rand_like(first))
        torch.testing.assert_close(drawn(code, other), wanted)
        stranger = code._replace(appearance=code.appearance.flip(0))
        assert (drawn(stranger, first) - wanted).abs().max() > 1e-4


def test_gradients_reach_every_network(code: PortraitCode) -> None:
    model = made()
    image = torch.rand(2, 3, 64, 64)
    own = model.encode(image, points(2))
    dynamics = torch.randn(2, PRESETS["tiny"].dynamics_dim)
    flow = coordinates(64, 64).permute(2, 0, 1).expand(2, -1, -1, -1)
    mesh = torch.full((2, 3, 64, 64), 0.5)
    out = model.decode(own, POSES, dynamics, flow, torch.ones(2, 1, 64, 64), mesh)
    moved, _ = model.move(own, POSES, dynamics)
    ends = compose(image, out).mean() + moved.square().mean()
    (ends + model.motion.readout(own.codes.dynamics).mean()).backward()
    without = {n for n, p in model.named_parameters() if p.grad is None}
    assert without == {"motion.embed.weight", "motion.embed.bias"}  # the fixed anchor


def test_the_paper_preset_has_the_papers_size() -> None:
    with torch.device("meta"):
        model = FaceAutoencoder(PRESETS["paper"])
    count = sum(p.numel() for p in model.parameters())
    assert 150e6 < count < 190e6, count
    assert PRESETS["paper"].volume_size == 64


def test_the_paper_preset_runs_forward_and_backward() -> None:
    """At its full width, on smaller pictures."""
    model = FaceAutoencoder(replace(PRESETS["paper"], image_size=64, motion_size=128))
    code = model.encode(torch.rand(1, 3, 64, 64), points(1))
    flow = coordinates(64, 64).permute(2, 0, 1)[None]
    hole, mesh = torch.ones(1, 1, 64, 64), torch.full((1, 3, 64, 64), 0.5)
    out = model.decode(code, POSES[:1], code.codes.dynamics, flow, hole, mesh)
    compose(code.image, out).mean().backward()
    assert model.appearance.lift.weight.grad is not None


def test_unplace_undoes_place() -> None:
    some = torch.randn(2, 3, 4, 5, 3)
    torch.testing.assert_close(unplace(place(some, POSES), POSES), some, atol=1e-5, rtol=0)
    flat = torch.randn(2, 7, 3)
    torch.testing.assert_close(unplace_up(place_up(flat, POSES), POSES), flat, atol=1e-5, rtol=0)


def test_place_up_is_the_surfaces_transform() -> None:
    flat = torch.randn(2, 7, 3, dtype=torch.float64)
    there = place_up(flat, POSES.double())
    for row in range(2):
        expected = transform(flat[row].numpy(), POSES[row].double().numpy())
        np.testing.assert_allclose(there[row].numpy(), expected, atol=1e-9)


def test_without_displacement_the_volume_turns_rigidly(model: FaceAutoencoder) -> None:
    still = torch.zeros(2, POINTS, 3)
    at = model.warp.to_canonical(POSES, still)
    torch.testing.assert_close(at, place(model.warp.points.expand(2, -1, -1, -1, -1), POSES))
    rest = model.warp.from_canonical(POSES, still, POSES)
    torch.testing.assert_close(rest, unplace(model.warp.points.expand_as(rest), POSES))


def test_the_volume_follows_the_points(model: FaceAutoencoder) -> None:
    shift = torch.tensor([0.02, 0.03, 0.01]).expand(1, POINTS, 3)
    field = model.warp.field(shift)[0]
    near = field[1, 4, 4]  # in the face: y up there is y down here
    assert near[0] > 0 and near[1] < 0 and near[2] > 0
    assert field.abs().amax() < 0.0301


def test_shoulders_stay_bound_to_the_portraits_pose() -> None:
    at = torch.tensor([[0.0, 0.0, 0.3], [0.0, 0.95, 0.0], [0.99, 0.0, 0.0]]).view(1, 1, 1, 3, 3)
    weight = head_weight(at, at).flatten().tolist()
    assert weight[0] == pytest.approx(1) and weight[1:] == pytest.approx([0, 0], abs=0.01)


def test_sampling_reads_voxels_at_their_centers() -> None:
    volume = torch.randn(1, 2, 3, 4, 5)
    at = coordinates(3, 4, 5)[None]
    at[..., 2] = at[..., 2] * Z_HALF + Z_MIDDLE
    torch.testing.assert_close(sample_volume(volume, at), volume, atol=1e-5, rtol=1e-5)
    assert to_grid(torch.tensor([0.5, -0.5, Z_MIDDLE + Z_HALF])).tolist() == pytest.approx(
        [0.5, -0.5, 1.0]
    )


def test_the_template_is_dense_below_the_face_and_empty_before_it() -> None:
    at = torch.tensor([[0.0, 0.0, 0.1], [0.0, 0.0, 0.7], [0.9, 0.9, 0.5]]).view(3, 1, 1, 3)
    logits = surface_template(at).flatten()
    assert logits[0] > 0 and logits[1] < 0 and logits[2] < 0


def test_compose_shows_the_color_in_the_hole() -> None:
    image = torch.rand(1, 3, 8, 8)
    flow = coordinates(8, 8).permute(2, 0, 1)[None]
    hole = torch.zeros(1, 1, 8, 8)
    hole[..., :4] = 1
    frame = compose(image, Decoded(flow, hole, torch.zeros(1, 3, 8, 8)))
    torch.testing.assert_close(frame[..., 4:], image[..., 4:])
    assert frame[..., :4].abs().max() < 1e-6


def test_look_reads_where_the_flow_says() -> None:
    image = torch.arange(16.0).view(1, 1, 4, 4)
    there = coordinates(4, 4).permute(2, 0, 1)[None].flip(-1)
    torch.testing.assert_close(look(image, there), image.flip(-1))


def test_a_new_residual_block_changes_nothing() -> None:
    x = torch.randn(2, 6, 5, 5)
    assert torch.equal(Residual(6, 4)(x, torch.randn(2, 4)), x)


def test_the_anchor_is_fixed_and_its_readout_inverts_it() -> None:
    first, second = (MotionEncoder(64, (4, 8, 8, 8), 8, 48) for _ in range(2))
    assert torch.equal(first.embed.weight, second.embed.weight)
    assert not any(p.requires_grad for p in first.embed.parameters())
    e = torch.rand(3, EXPRESSION_DIM)
    torch.testing.assert_close(first.readout(first.embed(e)), e, atol=1e-5, rtol=0)
