"""The graphs, exported to ONNX, agree with the model they were cut from."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from openvasa.data.toy_head import toy_basis
from openvasa.latent.autoencoder import FaceAutoencoder
from openvasa.latent.blocks import coordinates
from openvasa.latent.config import PRESETS
from openvasa.latent.drawn import mouth_window
from openvasa.latent.graphs import DecoderGraph, EmbedGraph, MoveGraph, PortraitGraph

CONFIG = PRESETS["tiny"]
SIZE = CONFIG.image_size


@pytest.fixture(scope="module")
def model() -> FaceAutoencoder:
    torch.manual_seed(0)
    made = FaceAutoencoder(CONFIG).eval()
    nn.init.normal_(made.decoder.out.weight, std=0.05)  # so that every part matters
    mean = toy_basis().mean
    made.warp.set_template(torch.from_numpy(np.concatenate([mean, mean[:10]])))
    return made


@pytest.fixture(scope="module")
def portrait() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    mean = toy_basis().mean
    points = torch.from_numpy(np.concatenate([mean, mean[:10]]))[None]
    return torch.rand(1, 3, SIZE, SIZE), points, torch.full((1, 6), -0.05)


def check(graph: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    """Exports, runs both, compares."""
    names = [f"in{k}" for k in range(len(inputs))]
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(graph, inputs, file, input_names=names, opset_version=20, dynamo=False)
        wanted = graph(*inputs)
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    feed = dict(zip(names, (x.numpy() for x in inputs), strict=True))
    kept = {given.name for given in session.get_inputs()}
    got = session.run(None, {name: x for name, x in feed.items() if name in kept})
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    for ours, theirs in zip(wanted, got, strict=True):
        np.testing.assert_allclose(theirs, ours.numpy(), atol=1e-4)


def test_portrait_in_onnx(model, portrait) -> None:
    check(PortraitGraph(model), portrait)


def test_move_in_onnx(model) -> None:
    pose = torch.tensor([[0.2, 0.1, -0.1, 0.0, 0.1, 0.1]])
    dynamics = torch.randn(1, CONFIG.dynamics_dim)
    identity = F.normalize(torch.randn(1, CONFIG.identity_dim))
    check(MoveGraph(model), (0.2 * torch.randn(1, 478, 3), identity, 0 * pose, pose, dynamics))


def test_decoder_in_onnx(model) -> None:
    dynamics = torch.randn(2, CONFIG.dynamics_dim)
    pose = 0.1 * torch.randn(2, 6)
    check(DecoderGraph(model), (
        torch.randn(1, CONFIG.volume_channels + 1, CONFIG.volume_depth, 2, 2),
        torch.rand(1, 3, SIZE // 4, SIZE // 4),
        (torch.rand(1, 1, SIZE // 4, SIZE // 4) > 0.5).float(),
        torch.randn(1, CONFIG.identity_dim),
        pose[:1], dynamics[:1], pose[1:], dynamics[1:],
    ))  # fmt: skip


def test_embed_in_onnx(model) -> None:
    check(EmbedGraph(model), (torch.rand(2, 45),))


def test_the_graphs_together_are_the_model(model, portrait) -> None:
    """What the engine does step by step is what the model does at once."""
    pose, dynamics = torch.full((1, 6), 0.1), torch.randn(1, CONFIG.dynamics_dim)
    flow = coordinates(SIZE, SIZE).permute(2, 0, 1)[None] * 0.9
    hole, drawn = (torch.rand(1, 1, SIZE, SIZE) > 0.5).float(), torch.rand(1, 3, SIZE, SIZE)
    with torch.inference_mode():
        image, at_rest, rest = portrait
        code = model.encode(image, at_rest, model.motion(image)._replace(pose=rest))
        wanted = model.decode(code, pose, dynamics, flow, hole, drawn)
        seen, _ = model.move(code, pose, dynamics)
        volume, neutral, identity, own = PortraitGraph(model)(*portrait)
        points, at = MoveGraph(model)(neutral, identity, rest, pose, dynamics)
        rows, columns = (slice(k, k + SIZE // 4) for k in mouth_window(points[0].numpy(), SIZE))
        cells = (slice(cut.start // 8, cut.stop // 8) for cut in (rows, columns))
        sampled = F.grid_sample(
            volume, at[:, :, *cells], padding_mode="border", align_corners=False
        )
        mesh = drawn[..., rows, columns]
        gain, offset = DecoderGraph(model)(
            sampled, mesh, hole[..., rows, columns], identity, rest, own, pose, dynamics
        )
    torch.testing.assert_close(points, seen)
    made = (mesh * gain + offset).clamp(0, 1)
    torch.testing.assert_close(wanted.color[..., rows, columns], made)
    assert wanted.color.count_nonzero() == made.count_nonzero()


def test_the_paper_preset_in_onnx() -> None:
    """Portrait, move and decoder at full width, one inside the other, on smaller pictures."""
    made = FaceAutoencoder(replace(PRESETS["paper"], image_size=128, motion_size=128)).eval()

    class Whole(nn.Module):
        def forward(self, image, points, pose, dynamics, flow, hole, drawn):
            code = made.encode(image, points)
            return made.decode(code, pose, dynamics, flow, hole, drawn).color

    size = 128
    mean = toy_basis().mean
    points = torch.from_numpy(np.concatenate([mean, mean[:10]]))[None]
    flow = coordinates(size, size).permute(2, 0, 1)[None]
    whole = Whole()
    whole.model = made
    check(whole, (
        torch.rand(1, 3, size, size), points, torch.zeros(1, 6),
        torch.randn(1, PRESETS["paper"].dynamics_dim), flow, torch.ones(1, 1, size, size),
        torch.rand(1, 3, size, size),
    ))  # fmt: skip
