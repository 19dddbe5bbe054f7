"""The motion stage learns from audio, resumes exactly and exports what it trained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.numpy import save_file
from safetensors.torch import load_file

from openvasa.data.head import load_basis
from openvasa.data.motion_clips import MotionClip, split_of, write_clip
from openvasa.motion.config import PRESETS, MotionStats
from openvasa.train.motion_losses import (
    LossWeights,
    MotionLoss,
    Readout,
    expression_matrix,
    read_readout,
    seen_lips,
)
from openvasa.train.motion_recipe import MotionRecipe, read_recipe
from openvasa.train.motion_stage import load_trained, main, read_stats, train
from openvasa.train.motion_validation import (
    correlation,
    known_controls,
    lid_figures,
    seam_ratio,
)
from openvasa.types import EXPRESSION_NAMES, InputError


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Steps this small are slower on several threads, many times so on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


TINY = MotionRecipe(
    network={"preset": "tiny"}, batch=32, steps=60, rate=5e-3, warmup=5, validate_every=0
)
READOUT = Readout(np.eye(45, 48, dtype="f4"), np.zeros(45, "f4"))


def smooth(rng: np.random.Generator, frames: int, channels: int) -> np.ndarray:
    walk = rng.standard_normal((frames + 8, channels))
    return np.stack([walk[i : i + 8].mean(0) for i in range(frames)]).astype("f4") * 2.5


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips whose dynamics are a fixed mixture of their audio."""
    folder = tmp_path_factory.mktemp("store")
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((16, 48)).astype("f4") / 4
    names = [f"g{number}" for number in range(400)]
    held = [name for name in names if split_of("fake", name) == "validation"]
    for name in [*names[:12], *held[:3]]:
        heard = smooth(rng, 60, 16)
        clip = MotionClip(
            pose=0.1 * smooth(rng, 60, 6),
            dynamics=heard @ mixing,
            audio=np.tile(heard, (1, 8)),
            gaze=np.zeros(2, "f4"),
            distance=np.float32(1.0),
            emotion=np.zeros(6, "f4"),
            known=np.asarray([1, 1, 0], "f4"),
        )
        write_clip(folder, "fake", name, "take", clip)
    return folder


def log_of(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def test_it_learns_what_the_audio_says(store: Path, tmp_path: Path) -> None:
    recipe = replace(TINY, steps=250, drop=dict.fromkeys(TINY.drop, 0.1), decay=0.98)
    assert train(store, tmp_path, recipe) == 250
    losses = [line["x0"] for line in log_of(tmp_path) if "x0" in line]
    assert losses[-1] < 0.75 * losses[0]
    last = log_of(tmp_path)[-1]
    assert last["val_x0_1_no_audio"] > 1.1 * last["val_x0_1"]
    assert last["val_lips"] > last["val_lips_wrong"] + 0.1


def test_stopped_and_resumed_equals_uninterrupted(store: Path, tmp_path: Path) -> None:
    recipe = replace(TINY, steps=8)
    train(store, tmp_path / "whole", recipe, readout=READOUT)
    train(store, tmp_path / "parts", recipe, minutes=0.0001, readout=READOUT)
    train(store, tmp_path / "parts", recipe, readout=READOUT)
    whole = load_file(tmp_path / "whole" / "ema.safetensors")
    parts = load_file(tmp_path / "parts" / "ema.safetensors")
    for name, value in whole.items():
        assert torch.equal(value, parts[name]), name


def test_a_warm_run_keeps_the_first_runs_normalization_when_resumed(
    store: Path, tmp_path: Path
) -> None:
    train(store, tmp_path / "first", replace(TINY, steps=1))
    seen = read_stats(tmp_path / "first")  # as if the first run had seen other clips
    other = {"mean": seen.mean + 1, "std": seen.std + 1}
    save_file(other, tmp_path / "first" / "motion_stats.safetensors")
    train(store, tmp_path / "next", replace(TINY, steps=1), warm=tmp_path / "first/ema.safetensors")
    train(store, tmp_path / "next", replace(TINY, steps=2))
    first, resumed = (read_stats(tmp_path / run) for run in ("first", "next"))
    np.testing.assert_array_equal(resumed.mean, first.mean)
    np.testing.assert_array_equal(resumed.std, first.std)
    with pytest.raises(InputError, match="in the folder of their run"):
        read_stats(tmp_path)


def test_trained_network_rebuilds_from_its_folder(store: Path, tmp_path: Path) -> None:
    train(store, tmp_path, replace(TINY, steps=2))
    network, config, stats = load_trained(tmp_path)
    assert config == PRESETS["tiny"] and not network.training
    assert (stats.std > 0).all()
    with pytest.raises(InputError, match="train the motion stage"):
        load_trained(tmp_path / "nowhere")


def test_command_line_with_readout(store: Path, tmp_path: Path) -> None:
    recipe, readout = tmp_path / "recipe.yaml", tmp_path / "readout.safetensors"
    recipe.write_text(yaml.safe_dump({"network": {"preset": "tiny"}, "batch": 4}))
    anchor = np.random.default_rng(0).standard_normal((48, 45)).astype("f4")
    save_file({"motion.embed.weight": anchor}, readout)
    arguments = ["--data", str(store), "--out", str(tmp_path / "run"), "--recipe", str(recipe)]
    assert main([*arguments, "--steps", "2", "--readout", str(readout)]) == 0
    assert log_of(tmp_path / "run")[0]["expression"] > 0


def test_errors_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert "fill the store" in capsys.readouterr().err
    bad = tmp_path / "bad.yaml"
    bad.write_text("velocitty: 2\n")
    with pytest.raises(InputError, match="velocitty"):
        read_recipe(bad)


def test_shipped_recipe_loads() -> None:
    path = Path(__file__).parents[3] / "recipes" / "motion.yaml"
    assert read_recipe(path).network["preset"] == "compact"


def test_losses_are_zero_at_the_truth_and_count_the_seam() -> None:
    loss = MotionLoss(LossWeights(velocity=1.0, expression=1.0, shake=1.0))
    target = torch.randn(4, 7, 54)
    assert sum(loss(target, target, torch.ones(4)).values()) == 0
    shifted = target + 1.0  # no wrong steps inside the window, one at the seam
    assert loss(shifted, target, torch.zeros(4))["velocity"] == pytest.approx(0.0, abs=1e-9)
    assert loss(shifted, target, torch.ones(4))["velocity"] == pytest.approx(1 / 7, rel=1e-4)


def test_expression_loss_weighs_lips_in_their_own_spread() -> None:
    weight = np.zeros((45, 48), "f4")
    weight[:, :45] = np.eye(45)
    dynamics = np.random.default_rng(0).standard_normal((5000, 48)).astype("f4") * 2
    readout = Readout(weight, np.zeros(45, "f4"))
    matrix = expression_matrix(readout, np.ones(54, "f4"), dynamics, lips=3, lids=5)
    jaw, brow = EXPRESSION_NAMES.index("jawOpen"), EXPRESSION_NAMES.index("browInnerUp")
    lid = EXPRESSION_NAMES.index("eyeBlinkLeft")
    assert matrix[lid, lid] / matrix[brow, brow] == pytest.approx(np.sqrt(5), rel=0.05)
    assert matrix[brow, brow] == pytest.approx(0.5, rel=0.05)
    assert matrix[jaw, jaw] / matrix[brow, brow] == pytest.approx(np.sqrt(3), rel=0.05)


def test_a_shaking_head_costs_even_where_its_speed_is_right() -> None:
    loss = MotionLoss(LossWeights(velocity=1.0, expression=1.0, shake=1.0))
    target = torch.zeros(2, 7, 54)
    drifting, shaking = target.clone(), target.clone()
    drifting[..., 0] = 0.1 * torch.arange(7)
    shaking[..., 0] = 0.1 * (torch.arange(7) % 2)
    assert loss(drifting, target, torch.zeros(2))["shake"] == pytest.approx(0.0, abs=1e-9)
    assert loss(shaking, target, torch.zeros(2))["shake"] > 1e-4


def test_an_opening_counts_most_where_lips_are_shut() -> None:
    basis, rng = load_basis(), np.random.default_rng(0)
    weight = np.eye(45, 48, dtype="f4")
    dynamics = rng.uniform(size=(500, 48)).astype("f4")
    stats = MotionStats(np.full(54, 0.1, "f4"), np.full(54, 2.0, "f4"))
    readout = Readout(weight, np.zeros(45, "f4"))
    lips = seen_lips(readout, stats, dynamics, basis.expression)
    plain = (dynamics - stats.mean[6:]) / stats.std[6:]
    seen = torch.from_numpy(plain) @ lips.rows.T + lips.base
    torch.testing.assert_close(seen.std(dim=0), torch.ones(2), rtol=1e-2, atol=0)
    rest = torch.zeros(48).sub(0.1).div(2.0)  # no expression at all
    torch.testing.assert_close(rest @ lips.rows.T + lips.base, torch.zeros(2), rtol=0, atol=1e-5)

    loss = MotionLoss(
        LossWeights(velocity=0, expression=0, shake=0, seen=1.0, shut=2.0), None, lips
    )
    jaw = 6 + EXPRESSION_NAMES.index("jawOpen")
    shut = torch.cat([torch.zeros(6), rest]).expand(1, 4, 54)
    wide = shut.clone()
    wide[..., jaw] += 0.5
    off = torch.zeros(54)
    off[jaw] = 0.05
    costs = [loss(truth + off, truth, torch.zeros(1))["opening"] for truth in (shut, wide)]
    assert costs[0] > 2.5 * costs[1] > 0


def test_the_anchor_is_read_backward_and_others_are_refused(tmp_path: Path) -> None:
    anchor = np.random.default_rng(1).standard_normal((48, 45)).astype("f4")
    save_file({"motion.embed.weight": anchor}, tmp_path / "r.safetensors")
    values = np.random.default_rng(2).uniform(size=(5, 45)).astype("f4")
    found = read_readout(tmp_path / "r.safetensors")(values @ anchor.T)
    np.testing.assert_allclose(found, values, atol=1e-4)
    save_file({"weight": np.zeros((52, 48), "f4")}, tmp_path / "bad.safetensors")
    for name in ("bad.safetensors", "gone.safetensors"):
        with pytest.raises(InputError, match="48, 45"):
            read_readout(tmp_path / name)


def test_figures_of_rollouts() -> None:
    rng = np.random.default_rng(0)
    track = rng.standard_normal((100, 3)).astype("f4")
    assert correlation(track, 2 * track + 1) == pytest.approx(1.0)
    assert abs(correlation(track, rng.standard_normal((100, 3)).astype("f4"))) < 0.2
    assert correlation(np.zeros((9, 2), "f4"), np.ones((9, 2), "f4")) == 0.0
    pose = np.zeros((50, 6), "f4")
    pose[:, 0] = np.arange(50) + 4 * (np.arange(50) // 5)
    assert seam_ratio(pose, 5) == pytest.approx(5.0)


def test_only_known_controls_are_asked_for() -> None:
    clip = MotionClip(
        pose=np.zeros((9, 6), "f4"),
        dynamics=np.zeros((9, 48), "f4"),
        audio=np.zeros((9, 128), "f4"),
        gaze=np.asarray([4.0, -2.0], "f4"),
        distance=np.float32(1.25),
        emotion=np.asarray([0, 0.5, 0, 0, 0, 0], "f4"),
        known=np.asarray([1, 0, 1], "f4"),
    )
    asked = known_controls(clip)
    assert asked.gaze == (4.0, -2.0) and asked.distance is None and asked.emotion == ("sad", 0.5)


def test_lid_figures_count_blinks_that_shut_and_not_a_squint() -> None:
    sides = [EXPRESSION_NAMES.index(f"eyeBlink{side}") for side in ("Left", "Right")]
    track = np.zeros((750, 45), np.float32)  # half a minute
    for begin in (100, 300, 500):
        track[begin : begin + 5, sides] = 0.9
    track[600:640, sides] = 0.4
    assert lid_figures([track]) == pytest.approx(
        {"blinks": 6.0, "blink_depth": 0.9, "blink_frames": 5.0}
    )
    assert lid_figures([np.zeros((50, 45), np.float32)])["blink_depth"] == 0.0
