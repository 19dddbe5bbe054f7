"""Gradient checkpointing and bfloat16 change what training costs, not what it learns."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from openvasa.data.frame_pairs import FramePairs
from openvasa.data.toy_head import toy_basis, toy_pool
from openvasa.latent.blocks import Residual
from openvasa.train.autoencoder_stage import PairDataset, build_model, set_options
from openvasa.train.latent_trainer import LatentTrainer, StageOptions
from openvasa.train.recompute import recompute_blocks


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> FramePairs:
    basis = toy_basis()
    people = tmp_path_factory.mktemp("people")
    return FramePairs(toy_pool(people, basis, people=3, size=64), basis, 64)


def gradients(pairs: FramePairs, *settings: str) -> dict[str, Tensor]:
    """Of the first step of the joint phase."""
    options = StageOptions(phase="joint", batch=2, points_batch=4)
    set_options(options, settings)
    torch.manual_seed(0)
    model = build_model("tiny", toy_basis().mean)
    trainer = LatentTrainer(model, pairs.mesh, options, torch.device("cpu"))
    batch = {k: torch.as_tensor(v) for k, v in PairDataset(pairs, options, 0)[0].items()}
    torch.manual_seed(1)
    trainer.step(0, batch, 100)
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def test_gradients_with_checkpointing_equal_those_without(pairs: FramePairs) -> None:
    plain, recomputed = gradients(pairs), gradients(pairs, "checkpointing=true")
    assert set(plain) == set(recomputed)
    for name, gradient in plain.items():
        torch.testing.assert_close(recomputed[name], gradient, rtol=1e-4, atol=1e-6)


def test_bfloat16_points_the_same_way(pairs: FramePairs) -> None:
    plain, rounded = gradients(pairs), gradients(pairs, "bf16=true")
    one, two = (torch.cat([g.flatten() for g in found.values()]) for found in (plain, rounded))
    assert not torch.equal(one, two)
    assert torch.nn.functional.cosine_similarity(one, two, 0) > 0.98


def test_fewer_activations_are_kept() -> None:
    kept: list[int] = []

    def count(tensor: Tensor) -> Tensor:
        kept[-1] += tensor.numel()
        return tensor

    block = torch.nn.Sequential(*(Residual(8) for _ in range(3)))
    for again in (False, True):
        kept.append(0)
        if again:
            recompute_blocks(block)
        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            block(torch.randn(1, 8, 16, 16, requires_grad=True)).sum()
    assert kept[1] < kept[0] / 2


def test_weights_keep_their_names() -> None:
    block = Residual(4)
    names = set(block.state_dict())
    recompute_blocks(block)
    assert set(block.state_dict()) == names
