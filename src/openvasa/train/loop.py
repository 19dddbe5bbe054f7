"""The training loop of every stage: steps, a progress line, a log, checkpoints, a clean stop.

It knows nothing of networks' meaning or losses: a stage gives a step function. Running the same
command again resumes; the result is the same as if the run had never been stopped. Under `torchrun`
every rank runs it; rank 0 writes the files (`openvasa.train.ranks`).
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from openvasa.train import ranks
from openvasa.train.checkpoint import (
    EMA_NAME,
    TrainState,
    restore_checkpoint,
    save_checkpoint,
    save_ema,
)
from openvasa.types import InputError

Metrics = Mapping[str, "Tensor | float"]
StepFn = Callable[[int], Metrics]  # step number (from 0) -> named losses


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """How long to train and how often to write.

    Attributes:
        steps: Steps in all, over every resumed part; the run ends there.
        minutes: Wall-clock limit of this call; None has no limit.
        batch: Samples a step and rank, only for the samples-per-second figure.
        seed: All randomness derives from it and the step number.
        log_every: Steps between lines of log.jsonl.
        checkpoint_seconds: Seconds between checkpoints.
        validate_every: Steps between validations; 0 for none until the end.
    """

    steps: int
    minutes: float | None = None
    batch: int = 1
    seed: int = 0
    log_every: int = 50
    checkpoint_seconds: float = 120.0
    validate_every: int = 0


def run(
    step_fn: StepFn,
    state: TrainState,
    out: Path,
    options: LoopOptions,
    validate: Callable[[int], Metrics] | None = None,
) -> int:
    """Trains until the steps or the minutes are over, or a signal asks to stop.

    Before each step PyTorch's generators are seeded from (seed, step). After it `state.ema` is
    updated. SIGTERM and SIGINT let the step end, save, and return.

    Args:
        step_fn: Does one whole step: batch, losses, backward, optimizers.
        state: Networks and optimizers; restored from `out` first when it holds a checkpoint.
        out: The run's folder: log.jsonl, checkpoints/, ema.safetensors.
        options: How long and how often.
        validate: Called with the number of steps done; its metrics are logged as `val_*`. It
            should draw its randomness from a generator of its own.

    Returns:
        The number of steps done in all.

    Raises:
        InputError: The checkpoint is of another configuration, the ranks see different ones, or
            the stage is not made for several ranks.
    """
    _resume(state, out)
    checkpoints, writes = out / "checkpoints", ranks.rank() == 0
    started = saved = time.monotonic()
    first, gathered = state.step, _Mean()
    limit = np.inf if options.minutes is None else started + options.minutes * 60
    with _stop_flag() as stopped:
        while state.step < options.steps:
            # All ranks stop after the same step, whoever of them was asked first.
            if ranks.largest(stopped() or time.monotonic() > limit):
                break
            seed_torch(options.seed, state.step)
            gathered.add(step_fn(state.step))
            if state.ema is not None:
                state.ema.update(state.step)
            state.step += 1
            last = state.step == options.steps
            if last or state.step % options.log_every == 0:
                elapsed, metrics = time.monotonic() - started, ranks.mean(gathered.take())
                if writes:
                    _log_line(out, state.step, first, elapsed, metrics, options)
            due = options.validate_every and state.step % options.validate_every == 0
            if validate and due and writes:
                _log_validation(out, state.step, validate)
            if writes and time.monotonic() - saved > options.checkpoint_seconds:
                _save(checkpoints, out, state)
                saved = time.monotonic()
        if writes:
            _save(checkpoints, out, state)
    if validate and writes and not stopped() and state.step > first:
        _log_validation(out, state.step, validate)
    ranks.largest(0)  # what rank 0 wrote is there for all
    return state.step


def _resume(state: TrainState, out: Path) -> None:
    """Restores the newest checkpoint, if any, on every rank alike."""
    if ranks.asked() != ranks.count():
        raise InputError("this stage trains in one process: start it without torchrun.")
    out.mkdir(parents=True, exist_ok=True)
    resumed = restore_checkpoint(out / "checkpoints", state)
    if ranks.largest(state.step) != -ranks.largest(-state.step):
        raise InputError(f"the ranks resume at different steps: give all of them the same '{out}'.")
    if ranks.rank() == 0:
        if resumed:
            print(f"resumed at step {state.step}", flush=True)
        _cut_log(out / "log.jsonl", state.step)


def seed_torch(seed: int, step: int) -> None:
    """Seeds PyTorch's global generators (dropout and the like) for one step."""
    torch.manual_seed(int(step_rng(seed, step, 1).integers(2**62)))


def step_rng(seed: int, step: int, stream: int = 0) -> np.random.Generator:
    """The generator of one step: the same for the same (seed, step, stream, rank), always.

    Each rank gets numbers of its own; rank 0's are those of a single process.

    Args:
        seed: The run's seed, >= 0.
        step: The step number, >= 0.
        stream: Tells apart independent users of the same step.
    """
    return np.random.default_rng([seed, step, stream, ranks.rank()])


def device_from_name(name: str) -> torch.device:
    """The device called `name`; `auto` is CUDA where there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def autocast(device: torch.device, bf16: bool | None = None) -> AbstractContextManager[object]:
    """Mixed precision: bfloat16 where it may be rounded, float32 for the rest.

    bfloat16 has float32's range, so no loss scaling is needed.

    Args:
        device: Where the networks are.
        bf16: Whether to; None does where it helps: on CUDA, for CPUs without its instructions
            would only lose by it.
    """
    if device.type == "cuda" if bf16 is None else bf16:
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def cosine_rate(step: int, *, peak: float, warmup: int, total: int, floor: float = 0.05) -> float:
    """Learning rate at a step: linear warm-up, then a cosine down to `floor` * peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    return peak * (floor + (1.0 - floor) * 0.5 * (1.0 + float(np.cos(np.pi * done))))


class _Mean:
    """Mean of metrics since the last line; tensors stay on their device until then."""

    def __init__(self) -> None:
        self.values: dict[str, list[Tensor | float]] = {}

    def add(self, metrics: Metrics) -> None:
        for name, value in metrics.items():
            kept = value.detach() if isinstance(value, Tensor) else value
            self.values.setdefault(name, []).append(kept)

    def take(self) -> dict[str, float]:
        means = {name: sum(map(float, all_)) / len(all_) for name, all_ in self.values.items()}
        self.values = {}
        return means


def _log_line(
    out: Path,
    step: int,
    first: int,
    elapsed: float,
    metrics: Mapping[str, float],
    options: LoopOptions,
) -> None:
    """One line in log.jsonl, and the progress line for people."""
    rate = (step - first) / max(elapsed, 1e-9)
    left, samples = (options.steps - step) / rate, rate * options.batch * ranks.count()
    if options.minutes is not None:
        left = max(0.0, min(left, options.minutes * 60 - elapsed))
    record = {"step": step, "samples_per_second": round(samples, 2), **metrics}
    _append(out, record)
    shown = " ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    print(
        f"step {step}/{options.steps} | {shown} | {samples:.1f} samples/s | "
        f"{int(left // 60)}:{int(left % 60):02d} left",
        flush=True,
    )


def _log_validation(out: Path, step: int, validate: Callable[[int], Metrics]) -> None:
    """Runs the validation and logs its metrics with the prefix `val_`."""
    metrics = {f"val_{name}": float(value) for name, value in validate(step).items()}
    _append(out, {"step": step, **metrics})
    shown = " ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    print(f"step {step} | {shown}", flush=True)


def _append(out: Path, record: Mapping[str, object]) -> None:
    with (out / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def _cut_log(path: Path, step: int) -> None:
    """Drops lines past the checkpoint, which a killed run wrote and this one repeats."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line + "\n")
        except (json.JSONDecodeError, KeyError):  # a line cut short by the kill
            continue
    path.write_text("".join(kept), encoding="utf-8")


def _save(checkpoints: Path, out: Path, state: TrainState) -> None:
    save_checkpoint(checkpoints, state)
    if state.ema is not None:
        save_ema(out / EMA_NAME, state)


@contextmanager
def _stop_flag() -> Iterator[Callable[[], bool]]:
    """Yields a question: has SIGTERM or SIGINT asked us to stop? Handlers return at the end."""
    asked = False

    def ask(_number: int, _frame: object) -> None:
        nonlocal asked
        asked = True
        print("stopping: saving first", file=sys.stderr, flush=True)

    old = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: asked
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
