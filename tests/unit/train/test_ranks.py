"""Two processes on CPUs train one network, by the very commands of a single process."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, multiprocessing, nn

from openvasa.data.frame_pairs import FramePairs, load_pool, save_pool
from openvasa.data.head import save_basis
from openvasa.data.toy_head import toy_basis, toy_pool
from openvasa.train import autoencoder_stage, loop, ranks
from openvasa.train.autoencoder_stage import PairDataset, build_model
from openvasa.train.checkpoint import TrainState, list_checkpoints
from openvasa.train.latent_trainer import LatentTrainer, StageOptions
from openvasa.types import InputError

ROOT = str(Path(__file__).parents[3])
PLAIN = StageOptions(  # losses that are means over pairs, and nothing drawn by chance
    phase="picture", batch=1, swap_every=0
)


def train(folder: Path, out: Path, steps: int) -> int:
    return autoencoder_stage.main([
        "--pool", str(folder / "pool.npz"), "--basis", str(folder / "head.safetensors"),
        "--out", str(out), "--preset", "tiny", "--phase", "joint", "--steps", str(steps),
        "--total", "100", "--batch", "2", "--workers", "0", "--device", "cpu",
        "--set", "points_batch=6", "swap_every=2", "adversarial=0.1",
    ])  # fmt: skip


def gradients(folder: Path, options: StageOptions) -> dict[str, Tensor]:
    """Of one step, after whatever averaging there is."""
    basis = toy_basis()
    pairs = FramePairs(load_pool(folder / "pool.npz"), basis, 64, real=1.0, parted=True)
    torch.manual_seed(0)
    model = build_model("tiny", basis.mean)
    trainer = LatentTrainer(model, pairs.mesh, options, torch.device("cpu"))
    made = PairDataset(pairs, options, 0)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "rand", torch.zeros)
        trainer.step(0, {k: torch.as_tensor(v) for k, v in made.items()}, 100)
    found = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    return {name: grad.contiguous() for name, grad in found.items()}


def stopped_early(out: Path) -> int:
    """Rank 1 is asked to stop in its second step; the log gets the mean of the ranks' numbers."""
    network = nn.Linear(2, 2)
    state = TrainState(modules={"network": network}, optimizers={})

    def step(number: int) -> dict[str, float]:
        if number == 1 and ranks.rank() == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return {"rank": ranks.rank(), "drawn": loop.step_rng(0, number).random()}

    return loop.run(step, state, out, loop.LoopOptions(steps=9, log_every=1))


def work(rank: int, port: int, folder: Path) -> None:
    """All that one rank does; the test looks at the files."""
    faulthandler.enable()
    torch.set_num_threads(1)
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2",
                      MASTER_ADDR="localhost", MASTER_PORT=str(port))  # fmt: skip
    run = autoencoder_stage.run

    def seen(step: loop.StepFn, state: TrainState, out: Path, options: loop.LoopOptions) -> int:
        done = run(step, state, out, options)
        tensors = {f"{kind}.{name}": value.contiguous() for kind, module in state.modules.items()
                   for name, value in module.state_dict().items()}  # fmt: skip
        save_file(tensors, str(folder / f"{out.name}{rank}.safetensors"))
        return done

    autoencoder_stage.run = seen
    with ranks.joined():
        assert train(folder, folder / "whole", 3) == 0
        assert train(folder, folder / "parts", 2) == 0
        assert train(folder, folder / "parts", 3) == 0
        save_file(gradients(folder, PLAIN), str(folder / f"gradients{rank}.safetensors"))
        assert stopped_early(folder / "stopped") == 2
        (folder / f"done{rank}").touch()
    sys.stdout.flush()
    os._exit(0)  # gloo's threads sometimes abort an interpreter that goes away


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two ranks left behind."""
    made = tmp_path_factory.mktemp("ranks")
    basis = toy_basis()
    save_basis(made / "head.safetensors", dict(vars(basis)))
    save_pool(made / "pool.npz", toy_pool(made / "people", basis, people=4, size=64))
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)  # the ranks import `work` from this file
        try:
            multiprocessing.spawn(work, (port, made), nprocs=2)
        except multiprocessing.ProcessExitedException as stop:  # see `work`
            if stop.signal_name != "SIGABRT" or len(list(made.glob("done*"))) < 2:
                raise
    return made


def test_both_ranks_hold_the_same_weights(folder: Path) -> None:
    first, second = (load_file(folder / f"whole{rank}.safetensors") for rank in range(2))
    assert {name.split(".")[0] for name in first} == {"model", "critic"}
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def test_a_resumed_run_equals_an_unbroken_one(folder: Path) -> None:
    whole, parts = (
        load_file(list_checkpoints(folder / name / "checkpoints")[-1])
        for name in ("whole", "parts")
    )
    assert any(name.startswith("ema/") for name in whole)
    assert [name for name in whole if not torch.equal(whole[name], parts[name])] == []


def test_two_ranks_learn_what_one_learns_from_twice_the_batch(folder: Path) -> None:
    options = StageOptions(**{**vars(PLAIN), "batch": 2})
    wanted = gradients(folder, options)
    for rank in range(2):
        found = load_file(folder / f"gradients{rank}.safetensors")
        assert set(found) == set(wanted)
        for name, gradient in found.items():
            torch.testing.assert_close(gradient, wanted[name], rtol=1e-3, atol=1e-5)


def test_all_stop_at_one_step_and_the_log_holds_means(folder: Path) -> None:
    lines = (folder / "stopped" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["rank"] for line in lines] == [0.5, 0.5]
    drawn = [np.random.default_rng([0, 1, 0, rank]).random() for rank in range(2)]
    assert json.loads(lines[1])["drawn"] == pytest.approx(np.mean(drawn))
    assert drawn[0] == loop.step_rng(0, 1).random() == np.random.default_rng([0, 1, 0]).random()


def test_a_stage_for_one_process_refuses_ranks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    state = TrainState(modules={}, optimizers={})
    with pytest.raises(InputError, match="without torchrun"):
        loop.run(lambda _: {}, state, tmp_path, loop.LoopOptions(steps=1))
