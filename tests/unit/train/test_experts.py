"""The expert judges: what they are shown, what their losses want, that training goes on exactly."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from torch import nn

from openvasa.audio.mel import log_mel
from openvasa.data.pcm import to_pcm
from openvasa.metrics.capp import WINDOW
from openvasa.metrics.expert_networks import CappPose, CappSound, LogMel, SyncPicture, SyncSound
from openvasa.train import capp_expert, sync_expert
from openvasa.train.expert_augment import filmed_anew, recorded_anew, retimed
from openvasa.train.expert_data import KEPT_SIDE, load
from openvasa.train.expert_export import export_network
from openvasa.train.expert_loss import info_nce, shift_curves
from openvasa.types import SAMPLES_PER_FRAME, InputError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of two people: noise, but stored as real ones are."""
    folder, rng = tmp_path_factory.mktemp("experts"), np.random.default_rng(0)
    for person in ("a", "b"):
        for k in range(3):
            sound = 0.1 * rng.standard_normal(80 * SAMPLES_PER_FRAME)
            save_file(
                {
                    "mouths": rng.integers(0, 255, (80, KEPT_SIDE, KEPT_SIDE)).astype(np.uint8),
                    "pose": (0.02 * rng.standard_normal((80, 6))).astype(np.float32),
                    "audio": to_pcm(sound.astype(np.float32)),
                },
                folder / f"{person}_{k}.safetensors", metadata={"person": person},
            )  # fmt: skip
    return folder


def test_vectors_are_unit_vectors_of_the_documented_shapes() -> None:
    torch.manual_seed(0)
    networks: list[tuple[nn.Module, tuple[int, ...], int]] = [
        (SyncPicture(), (2, 3, 5, 96, 96), 128), (SyncSound(), (2, 80, 20), 128),
        (CappPose(), (2, WINDOW, 6), 8 * WINDOW), (CappSound(), (2, WINDOW * 640), 8 * WINDOW),
    ]  # fmt: skip
    for network, shape, size in networks:
        out = network.eval()(torch.rand(shape))
        assert out.shape == (2, size)
        torch.testing.assert_close(out.norm(dim=1), torch.ones(2))


def test_windows_of_a_clip_are_those_seen_alone() -> None:
    network, luma = SyncPicture().eval(), torch.rand(1, 9, 96, 96)
    alone = network(luma[:, 2:7].unsqueeze(1).expand(-1, 3, -1, -1, -1))
    torch.testing.assert_close(network.clip(luma)[:, 2], alone, atol=1e-5, rtol=1e-4)


def test_log_mel_as_layers_is_log_mel() -> None:
    sound = 0.1 * np.random.default_rng(0).standard_normal(20 * 640).astype(np.float32)
    ours = LogMel()(torch.from_numpy(sound)[None])[0].numpy()
    np.testing.assert_allclose(ours, log_mel(sound), atol=2e-3)


def test_partners_and_true_shifts_win() -> None:
    vectors = nn.functional.normalize(torch.randn(6, 40, 16), dim=2)
    flat = vectors[:, 0]
    strong = torch.tensor(20.0)
    assert info_nce(flat, flat, strong) < 0.01 < info_nce(flat, flat.roll(1, 0), strong)
    late = vectors.roll(3, 1)
    assert (shift_curves(vectors, late, 5).argmax(1) == 5 + 3).all()


def test_changes_keep_motion_and_sound_together() -> None:
    rng = np.random.default_rng(0)
    pose = np.tile(np.arange(80, dtype=np.float32)[:, None], 6)
    mel = np.tile(np.arange(320, dtype=np.float32)[:, None] / 4, 80)
    moved, heard = retimed(pose, mel, 50, rng)
    assert moved.shape == (50, 6) and heard.shape == (200, 80)
    np.testing.assert_allclose(heard[::4, 0], moved[:, 0], atol=0.15)
    mouths = rng.integers(0, 255, (4, KEPT_SIDE, KEPT_SIDE)).astype(np.uint8)
    assert filmed_anew(mouths, rng).shape == (4, 96, 96)
    quiet = log_mel(np.zeros(6400, np.float32))
    assert np.isfinite(recorded_anew(quiet, rng)).all()


def test_both_learn_and_a_finished_run_is_left_alone(data: Path, tmp_path: Path) -> None:
    sync_expert.train(data, tmp_path / "sync", sync_expert.SyncConfig(steps=1, batch=1, frames=35))
    config = capp_expert.CappConfig(steps=20, batch=3)
    capp_expert.train(data, tmp_path / "capp", config)
    log = (tmp_path / "capp" / "log.jsonl").read_text()
    before = load_file(tmp_path / "capp" / "ema.safetensors")
    again = capp_expert.train(data, tmp_path / "capp", config).state_dict()
    for name, value in before.items():
        np.testing.assert_allclose(again[name].numpy(), value, atol=2e-3)  # stored in fp16
    for run in ("sync", "capp"):
        last = (tmp_path / run / "log.jsonl").read_text().splitlines()[-1]
        assert np.isfinite(json.loads(last)["loss"])
    assert (tmp_path / "capp" / "log.jsonl").read_text() == log


def test_an_export_is_the_network_at_any_batch(tmp_path: Path) -> None:
    gap = export_network(CappPose().eval(), (4, WINDOW, 6), tmp_path / "pose.onnx")
    assert gap < 2e-3
    assert [file.name for file in tmp_path.iterdir()] == ["pose.onnx"]


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no clips"):
        load(tmp_path, 10)
