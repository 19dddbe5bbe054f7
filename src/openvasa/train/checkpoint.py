"""Checkpoints that resume exactly: one safetensors file holds all that a run must remember.

Tensors are named `module/<module>/<weight>`, `ema/<weight>` and
`optimizer/<optimizer>/<parameter index>/<slot>`; the step, the optimizers' settings and the run's
configuration are JSON in the file's metadata. There is no random state: all randomness of a step
derives from (seed, step).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from openvasa.train.ema import Ema
from openvasa.types import InputError

KEEP = 2  # a crash while the newest is written still leaves the one before it
EMA_NAME = "ema.safetensors"


@dataclass(kw_only=True)
class TrainState:
    """Everything of a run that changes as it trains.

    Attributes:
        modules: The networks that learn, by name.
        optimizers: Their optimizers, by name.
        ema: The average of one of the networks, the one that is shipped.
        step: Steps done so far.
        config: The resolved configuration, JSON-able; stored in each file.
    """

    modules: Mapping[str, nn.Module]
    optimizers: Mapping[str, Optimizer]
    ema: Ema | None = None
    step: int = 0
    config: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(folder: Path, state: TrainState) -> Path:
    """Writes `folder/step_XXXXXXXX.safetensors` and keeps only the newest ones.

    Args:
        folder: Where checkpoints of this run live; created when missing.
        state: What to write.

    Returns:
        The file written; it appears under its name only when complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {}
    settings: dict[str, Any] = {}
    for name, module in state.modules.items():
        for key, value in module.state_dict().items():
            tensors[f"module/{name}/{key}"] = value
    if state.ema is not None:
        for key, value in state.ema.tensors().items():
            tensors[f"ema/{key}"] = value
    for name, optimizer in state.optimizers.items():
        slots, settings[name] = _split_optimizer(optimizer)
        for key, value in slots.items():
            tensors[f"optimizer/{name}/{key}"] = value
    metadata = {
        "step": str(state.step),
        "optimizers": json.dumps(settings),
        "config": json.dumps(state.config),
    }
    path = folder / f"step_{state.step:08d}.safetensors"
    _write_atomically(path, tensors, metadata)
    for old in list_checkpoints(folder)[:-KEEP]:
        old.unlink(missing_ok=True)
    return path


def restore_checkpoint(folder: Path, state: TrainState) -> bool:
    """Brings `state` to the newest checkpoint in `folder`.

    Args:
        folder: Where checkpoints of this run live; it may be missing.
        state: Freshly made networks and optimizers, filled in place; strict.

    Returns:
        False when there is no checkpoint (then `state` is as it was).

    Raises:
        InputError: When the checkpoint is of other networks or optimizers than `state`'s.
    """
    found = list_checkpoints(folder)
    if not found:
        return False
    with safe_open(found[-1], framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    settings = json.loads(metadata["optimizers"])
    try:
        if set(settings) != set(state.optimizers):
            raise ValueError(f"optimizers are {sorted(settings)}")
        for name, module in state.modules.items():
            module.load_state_dict(_below(tensors, f"module/{name}/"))
        if state.ema is not None:
            state.ema.load(_below(tensors, "ema/"))
        for name, optimizer in state.optimizers.items():
            slots = _below(tensors, f"optimizer/{name}/")
            optimizer.load_state_dict(_join_optimizer(slots, settings[name]))
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"{found[-1].name} belongs to another configuration ({str(error)[:300]}); "
            "give another output folder or the configuration that made it."
        ) from error
    state.step = int(metadata["step"])
    return True


def list_checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints of a run, oldest first."""
    return sorted(folder.glob("step_*.safetensors"))


def save_ema(path: Path, state: TrainState) -> None:
    """Writes the averaged weights, fp16, with the configuration in the metadata.

    Args:
        path: The safetensors file to write, whole or not at all.
        state: A state whose `ema` is set.

    Raises:
        ValueError: When the state has no average.
    """
    if state.ema is None:
        raise ValueError("this run keeps no moving average")
    half = {
        name: value.half() if value.is_floating_point() else value
        for name, value in state.ema.tensors().items()
    }
    metadata = {"step": str(state.step), "config": json.dumps(state.config)}
    _write_atomically(path, half, metadata)


def load_weights(path: Path, module: nn.Module) -> dict[str, Any]:
    """Fills a network from an `ema.safetensors`: a warm start, or the end of training.

    Args:
        path: A file that `save_ema` wrote.
        module: The network, filled in place; strict.

    Returns:
        The configuration stored with the weights.

    Raises:
        InputError: When the file is missing or holds other weights.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist; give the ema.safetensors of a training run.")
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(
            f"{path.name} holds weights of another network: {str(error)[:300]}"
        ) from error
    return dict(json.loads(metadata.get("config", "{}")))


def _split_optimizer(optimizer: Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors of an optimizer's state (named index/slot), and the rest as JSON."""
    stored = optimizer.state_dict()
    slots: dict[str, Tensor] = {}
    scalars: dict[str, Any] = {}
    for index, entries in stored["state"].items():
        for slot, value in entries.items():
            if isinstance(value, Tensor):
                slots[f"{index}/{slot}"] = value
            else:
                scalars[f"{index}/{slot}"] = value
    return slots, {"groups": stored["param_groups"], "scalars": scalars}


def _join_optimizer(slots: Mapping[str, Tensor], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `_split_optimizer`, as an optimizer's state dict."""
    state: dict[int, dict[str, Any]] = {}
    for key, value in [*slots.items(), *settings["scalars"].items()]:
        index, slot = key.split("/", 1)
        state.setdefault(int(index), {})[slot] = value
    return {"state": state, "param_groups": settings["groups"]}


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The entries whose names start with `prefix`, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _write_atomically(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Writes beside the final name, then renames: readers see the old file or the new."""
    # Tied weights share memory, which safetensors refuses; a clone costs only this moment.
    flat = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(save(flat, metadata))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
