"""Stage one on generated people: every phase steps, learns what it should, and resumes exactly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from openvasa.data.frame_pairs import FramePairs, load_pool, save_pool
from openvasa.data.head import save_basis
from openvasa.data.toy_head import toy_basis, toy_pool
from openvasa.train.autoencoder_stage import (
    PairDataset,
    StageOptions,
    build_model,
    main,
    set_options,
)
from openvasa.train.checkpoint import list_checkpoints
from openvasa.train.latent_trainer import PHASES, Batch, LatentTrainer
from openvasa.train.perceptual import CHANNELS, PerceptualLoss
from openvasa.types import InputError

GEOMETRY = {"point", "transfer", "pose", "anchor", "identity", "free"}
PICTURE = {"drawn", "perceptual", "adversarial"}
SWAPS = {"transfer_image", "cross"}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """These networks are too small to share out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pool, basis and made-up VGG weights."""
    made = tmp_path_factory.mktemp("stage")
    basis = toy_basis()
    save_basis(made / "head.safetensors", dict(vars(basis)))
    save_pool(made / "pool.npz", toy_pool(made / "people", basis, people=4, size=64))
    torch.manual_seed(0)
    save_file(
        {f"conv{k}.{name}": value.half() for k, (i, o) in enumerate(CHANNELS) for name, value in
         (("weight", 0.05 * torch.randn(o, i, 3, 3)), ("bias", torch.zeros(o)))},
        str(made / "vgg.safetensors"),
    )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def pairs(folder: Path) -> FramePairs:
    return FramePairs(load_pool(folder / "pool.npz"), toy_basis(), 64)


def options(phase: str) -> StageOptions:
    return StageOptions(
        phase=phase, batch=3, points_batch=6, swap_every=2, adversarial=0.1, steps=3
    )


def batch(pairs: FramePairs, chosen: StageOptions, step: int) -> Batch:
    return {k: torch.as_tensor(v) for k, v in PairDataset(pairs, chosen, 0)[step].items()}


@pytest.mark.parametrize("phase", PHASES)
def test_three_steps_of_each_phase(phase: str, pairs: FramePairs, folder: Path) -> None:
    torch.manual_seed(0)
    model = build_model("tiny", toy_basis().mean)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trainer = LatentTrainer(
        model, pairs.mesh, options(phase), torch.device("cpu"),
        PerceptualLoss(folder / "vgg.safetensors"),
    )  # fmt: skip
    seen = []
    for number in range(3):
        losses = trainer.step(number, batch(pairs, options(phase), number), 100)
        assert all(torch.isfinite(value) for value in losses.values())
        seen.append(set(losses))
    drawn = PICTURE if phase in ("picture", "joint") else set()
    shaped = GEOMETRY if phase in ("geometry", "joint") else set()
    every = {"free"} if phase == "warps" else drawn | shaped
    assert seen == [every | (SWAPS if drawn else set()), every, every | (SWAPS if drawn else set())]
    moved = {
        n.split(".")[0] for n, v in model.state_dict().items() if not torch.equal(v, before[n])
    }
    shape = {"motion", "warp"}
    picture = {"appearance", "condition", "decoder", "template"}
    assert moved == {
        "geometry": shape, "warps": {"warp"}, "picture": picture, "joint": shape | picture,
    }[phase]  # fmt: skip
    assert torch.equal(model.motion.embed.weight, before["motion.embed.weight"])


def test_geometry_learns(pairs: FramePairs) -> None:
    torch.manual_seed(0)
    chosen = options("geometry")
    model = build_model("tiny", toy_basis().mean)
    trainer = LatentTrainer(model, pairs.mesh, chosen, torch.device("cpu"))
    same = batch(pairs, chosen, 0)
    losses = [float(trainer.step(100, same, 200)["free"].detach()) for _ in range(25)]
    assert losses[-1] < 0.8 * losses[0]


def run(folder: Path, out: Path, steps: int, phase: str = "geometry", *more: str) -> int:
    return main([
        "--pool", str(folder / "pool.npz"), "--basis", str(folder / "head.safetensors"),
        "--out", str(out), "--preset", "tiny", "--phase", phase, "--steps", str(steps),
        "--total", "100", "--batch", "2", "--workers", "0", "--device", "cpu",
        "--set", "points_batch=6", "swap_every=2", *more,
    ])  # fmt: skip


@pytest.mark.parametrize("phase", ["geometry", "picture"])
def test_a_resumed_run_equals_an_uninterrupted_one(
    phase: str, folder: Path, tmp_path: Path
) -> None:
    assert run(folder, tmp_path / "whole", 4, phase) == 0
    assert run(folder, tmp_path / "parts", 2, phase) == 0
    assert run(folder, tmp_path / "parts", 4, phase) == 0
    whole, parts = (
        load_file(list_checkpoints(tmp_path / name / "checkpoints")[-1])
        for name in ("whole", "parts")
    )
    assert set(whole) == set(parts)
    assert [name for name in whole if not torch.equal(whole[name], parts[name])] == []


def test_a_phase_starts_from_the_weights_given(folder: Path, tmp_path: Path) -> None:
    assert run(folder, tmp_path / "one", 1) == 0
    start = tmp_path / "one" / "ema.safetensors"
    code = run(folder, tmp_path / "two", 1, "picture", "--start", str(start))
    assert code == 0
    first, second = load_file(start), load_file(tmp_path / "two" / "ema.safetensors")
    kept = [name for name in first if name.startswith(("motion.", "warp."))]
    assert kept and all(torch.equal(first[name], second[name]) for name in kept)


def test_wrong_settings_are_clear_errors(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, tmp_path, 1, "geometry", "pont=3") == 2
    assert "pont" in capsys.readouterr().err
    with pytest.raises(InputError, match="NAME=NUMBER"):
        set_options(StageOptions(), ["point=many"])
    chosen = StageOptions()
    set_options(chosen, ["point=3", "rate=1e-4"])
    assert (chosen.point, chosen.rate) == (3, 1e-4)
