"""The face model's losses: known answers, and gradients where they belong."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from openvasa.latent.motion_encoder import FaceCodes, MotionEncoder
from openvasa.train.discriminator import PatchDiscriminator
from openvasa.train.losses import (
    adversarial_losses,
    anchor_loss,
    cross_identity_loss,
    hole_loss,
    identity_loss,
    mouth_crop,
    point_loss,
    point_weights,
    transfer_loss,
)
from openvasa.train.perceptual import CHANNELS, PerceptualLoss, convert
from openvasa.types import InputError


def pixel_grid(size: int) -> torch.Tensor:
    """A picture [1, 2, size, size] of its own crop coordinates."""
    axis = (2 * torch.arange(size) + 1) / size - 1
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"))[None]


def test_point_weights_favor_lips_and_lids() -> None:
    weight = point_weights()
    assert weight.shape == (478, 1) and float(weight.mean()) == pytest.approx(1)
    assert weight[13] > weight[0] > weight[10]  # inner lip, outer lip, forehead
    assert weight[33] > weight[10] and weight[470] > weight[10]


def test_point_loss_is_a_weighted_distance_with_depth_halved() -> None:
    weight = torch.ones(478, 1)
    zero = torch.zeros(2, 478, 3)
    assert float(point_loss(zero, zero, weight)) == 0
    assert float(point_loss(zero + 0.3, zero, weight)) == pytest.approx(0.3 * 2.5 / 3)
    lips = torch.zeros(1, 478, 3)
    lips[:, 13] = 1
    brow = torch.zeros(1, 478, 3)
    brow[:, 10] = 1
    rest, weight = torch.zeros(1, 478, 3), point_weights()
    assert point_loss(lips, rest, weight) > 5 * point_loss(brow, rest, weight)


def test_anchor_loss_vanishes_on_the_anchor() -> None:
    encoder = MotionEncoder(64, (4, 8, 8, 8), 8, 48)
    e = torch.rand(3, 45)
    on = encoder.embed(e)
    assert anchor_loss(encoder, on, e) < 1e-6
    off = (on + 1).requires_grad_()
    anchor_loss(encoder, off, e).backward()
    assert off.grad is not None and off.grad.abs().sum() > 0
    assert encoder.embed.weight.grad is None and encoder.readout.weight.grad is not None


def test_identity_loss_tells_people_apart() -> None:
    codes = torch.eye(4)
    group = torch.arange(4.0)
    assert identity_loss(codes, codes, group) < 0.01
    assert identity_loss(codes, codes.roll(1, 0), group) > 5
    same = torch.nn.functional.normalize(torch.ones(4, 4), dim=1)
    assert float(identity_loss(same, same, group)) == pytest.approx(math.log(4), abs=1e-4)


def test_identity_loss_leaves_out_other_frames_of_the_same_person() -> None:
    codes = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1.0, 0], [0, 1.0]]), dim=1)
    assert identity_loss(codes, codes, torch.tensor([0.0, 0, 1])) < 0.01
    assert identity_loss(codes, codes, torch.tensor([0.0, 2, 1])) > 0.4


def test_transfer_loss_is_the_mean_distance() -> None:
    a = torch.zeros(2, 3, 4, 4)
    assert float(transfer_loss(a, a + 0.5)) == pytest.approx(0.5)
    assert float(transfer_loss(a, a + 0.5, torch.full((4, 4), 2.0))) == pytest.approx(1.0)


def test_cross_identity_teaches_only_the_frame_made() -> None:
    unit = torch.nn.functional.normalize(torch.randn(3, 8), dim=1)
    person = FaceCodes(unit.clone().requires_grad_(), torch.zeros(3, 6), torch.zeros(3, 48))
    driver = FaceCodes(unit, torch.zeros(3, 6), torch.ones(3, 48).requires_grad_())
    right = FaceCodes(unit, torch.zeros(3, 6), torch.ones(3, 48))
    assert float(cross_identity_loss(right, person, driver)) == pytest.approx(0, abs=1e-6)
    wrong = FaceCodes((-unit).requires_grad_(), torch.zeros(3, 6), torch.zeros(3, 48))
    loss = cross_identity_loss(wrong, person, driver)
    assert loss.item() == pytest.approx(2.2, abs=1e-5)
    loss.backward()
    assert wrong.identity.grad is not None
    assert person.identity.grad is None and driver.dynamics.grad is None


def test_hole_loss_counts_only_what_the_portrait_does_not_show() -> None:
    hole = torch.zeros(2, 1, 4, 4)
    hole[0, :, :2] = 1
    wanted = torch.rand(2, 3, 4, 4)
    made = torch.where(hole > 0, wanted, torch.rand_like(wanted))
    assert float(hole_loss(made, wanted, hole)) == 0
    assert float(hole_loss(made + hole, wanted, hole)) == pytest.approx(8 / 32)


def test_mouth_crop_is_centered_on_the_lips() -> None:
    points = torch.zeros(1, 478, 3)
    points[:, [13, 14]] = torch.tensor([0.2, -0.3, 0.0])
    crop = mouth_crop(pixel_grid(128), points, size=33)
    assert crop.shape == (1, 2, 33, 33)
    assert crop[0, :, 16, 16].tolist() == pytest.approx([0.2, 0.3], abs=1e-3)
    assert crop[0, 0, 0, -1] - crop[0, 0, 0, 0] == pytest.approx(0.5, abs=1e-3)


def test_hinge_loss_rests_beyond_the_margin() -> None:
    assert float(adversarial_losses(torch.tensor([2.0]), torch.tensor([-2.0]))) == 0
    assert float(adversarial_losses(torch.tensor([0.0]), torch.tensor([0.0]))) == 2


def test_discriminator_judges_patches() -> None:
    critic = PatchDiscriminator(4)
    out = critic(torch.rand(2, 3, 64, 64))
    assert out.shape == (2, 1, 8, 8)
    out.mean().backward()
    assert all(p.grad is not None for p in critic.parameters())
    for layer in critic.layers:  # spectral norm: no layer grows a signal without bound
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2) < 3


@pytest.fixture
def vgg(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path, tensors = tmp_path / "vgg.safetensors", {}
    for index, (inputs, outputs) in enumerate(CHANNELS):
        tensors[f"conv{index}.weight"] = (0.1 * torch.randn(outputs, inputs, 3, 3)).half()
        tensors[f"conv{index}.bias"] = torch.zeros(outputs).half()
    save_file(tensors, str(path))
    return path


def test_perceptual_loss_is_a_frozen_distance(vgg: Path) -> None:
    loss = PerceptualLoss(vgg)
    image = torch.rand(1, 3, 16, 16)
    assert float(loss(image, image)) == 0
    made = torch.rand(1, 3, 16, 16, requires_grad=True)
    loss(made, image).backward()
    assert made.grad is not None and made.grad.abs().sum() > 0
    assert not any(p.requires_grad for p in loss.parameters())
    near = loss(image + 0.01 * torch.randn_like(image), image)
    assert near < loss(made, image)


def test_convert_reads_the_checkpoint_without_running_it(tmp_path: Path) -> None:
    from pickle import dumps  # only written here: the converter never loads one

    import numpy as np

    rng = np.random.default_rng(0)
    layers = {
        f"Conv_{k}": {"kernel": rng.normal(size=(3, 3, i, o)).astype("f4"),
                      "bias": rng.normal(size=o).astype("f4")}
        for k, (i, o) in enumerate(CHANNELS)
    }  # fmt: skip
    heads = {"NetLinLayer_0": {"Conv_0": {"kernel": rng.normal(size=(1, 1, 64, 1))}}}
    (tmp_path / "vgg.ckpt").write_bytes(dumps({"VGG16_0": layers, **heads}, protocol=3))
    convert(tmp_path / "vgg.ckpt", tmp_path / "out.safetensors")
    got = load_file(tmp_path / "out.safetensors")
    assert len(got) == 2 * len(CHANNELS)
    for k in range(len(CHANNELS)):
        kernel = layers[f"Conv_{k}"]["kernel"].transpose(3, 2, 0, 1)
        np.testing.assert_allclose(got[f"conv{k}.weight"].float(), kernel, atol=2e-3)
        np.testing.assert_allclose(got[f"conv{k}.bias"].float(), layers[f"Conv_{k}"]["bias"],
                                   atol=2e-3)  # fmt: skip


@pytest.mark.parametrize("content", [b"no pickle at all", b"\x80\x03}q\x00."])
def test_convert_refuses_other_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(InputError, match="x.ckpt"):
        convert(tmp_path / "x.ckpt", tmp_path / "out.safetensors")
