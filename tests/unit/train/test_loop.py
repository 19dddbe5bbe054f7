"""The loop, its checkpoints and its averages: a killed run equals one that was never stopped."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from openvasa.train.checkpoint import (
    TrainState,
    list_checkpoints,
    load_weights,
    restore_checkpoint,
    save_checkpoint,
)
from openvasa.train.ema import Ema
from openvasa.train.loop import LoopOptions, StepFn, cosine_rate, run, step_rng
from openvasa.types import InputError


def make_state(width: int = 4) -> TrainState:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, width), nn.Dropout(0.2), nn.Linear(width, 1))
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    return TrainState(
        modules={"network": network},
        optimizers={"network": optimizer},
        ema=Ema(network, 0.9),
        config={"width": width},
    )


def make_step(state: TrainState, stop_at: int = -1) -> StepFn:
    network, optimizer = state.modules["network"], state.optimizers["network"]

    def step(number: int) -> dict[str, torch.Tensor]:
        if number == stop_at:
            os.kill(os.getpid(), signal.SIGTERM)
        x = torch.from_numpy(step_rng(5, number).normal(size=(8, 3)).astype("float32"))
        loss = (network(x) - x.sum(1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"loss": loss}

    return step


def test_killed_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    options = LoopOptions(steps=12, batch=8, log_every=4, checkpoint_seconds=1e9)
    whole = make_state()
    assert run(make_step(whole), whole, tmp_path / "whole", options) == 12
    first = make_state()
    assert run(make_step(first, stop_at=5), first, tmp_path / "killed", options) == 6
    second = make_state()
    assert run(make_step(second), second, tmp_path / "killed", options) == 12
    assert whole.ema and second.ema
    for name, value in whole.modules["network"].state_dict().items():
        assert torch.equal(value, second.modules["network"].state_dict()[name])
        assert torch.equal(whole.ema.tensors()[name], second.ema.tensors()[name])


def test_lines_past_the_checkpoint_are_written_again(tmp_path: Path) -> None:
    options = LoopOptions(steps=4, log_every=2)
    state = make_state()
    run(make_step(state), state, tmp_path, options)
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write(json.dumps({"step": 99}) + '\n{"step": 1')
    again = make_state()
    run(make_step(again), again, tmp_path, LoopOptions(steps=6, log_every=2))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6]


def test_time_limit_and_validation(tmp_path: Path) -> None:
    state = make_state()
    options = LoopOptions(steps=10**9, minutes=0.002, log_every=1, validate_every=10**8)
    done = run(make_step(state), state, tmp_path, options, lambda step: {"error": step})
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last == {"step": done, "val_error": done}
    assert 0 < done < 10**6


def test_only_the_newest_checkpoints_stay(tmp_path: Path) -> None:
    state = make_state()
    for state.step in (1, 2, 3):
        save_checkpoint(tmp_path, state)
    assert [path.name for path in list_checkpoints(tmp_path)] == [
        "step_00000002.safetensors",
        "step_00000003.safetensors",
    ]
    assert not list(tmp_path.glob("*.part"))


def test_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, make_state())
    with pytest.raises(InputError, match="another configuration"):
        restore_checkpoint(tmp_path, make_state(width=5))


def test_ema_file_is_half_precision_and_rebuilds(tmp_path: Path) -> None:
    state = make_state()
    run(make_step(state), state, tmp_path, LoopOptions(steps=3))
    stored = load_file(tmp_path / "ema.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.float16}
    fresh = make_state()
    assert load_weights(tmp_path / "ema.safetensors", fresh.modules["network"]) == {"width": 4}
    with pytest.raises(InputError, match="another network"):
        load_weights(tmp_path / "ema.safetensors", nn.Linear(2, 2))


def test_ema_applied_gives_the_weights_back() -> None:
    state = make_state()
    ema, network = state.ema, state.modules["network"]
    assert ema is not None
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1.0)
    ema.update(0)
    with ema.applied():
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, before[name] + 0.9)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, before[name] + 1.0)


def test_cosine_rate_rises_then_falls_to_the_floor() -> None:
    rates = [cosine_rate(step, peak=1.0, warmup=10, total=100) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == pytest.approx(1.0)
    assert rates[100] == pytest.approx(0.05)
