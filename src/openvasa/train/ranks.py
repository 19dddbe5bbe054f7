"""Several processes that train one network: what a stage must know of `torchrun`'s ranks.

Every rank draws batches of its own, PyTorch's DistributedDataParallel averages the gradients, and
so all ranks hold the same weights after every step. With one process nothing here does anything.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

PATIENCE = timedelta(hours=1)  # ranks wait so long for one that validates or writes

Result = TypeVar("Result")


@contextmanager
def joined() -> Iterator[None]:
    """Joins the ranks that `torchrun` started, for the time of a stage; once is enough."""
    if asked() == count():
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("cpu:gloo,cuda:nccl", timeout=PATIENCE)
    else:
        distributed.init_process_group("gloo", timeout=PATIENCE)
    try:
        yield
    finally:
        gc.collect()  # what DDP holds of the group must go before the group
        distributed.destroy_process_group()


def asked() -> int:
    """How many ranks `torchrun` started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def count() -> int:
    """Ranks that train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """This process's number among them, from 0; rank 0 writes the files."""
    return distributed.get_rank() if distributed.is_initialized() else 0


class _Compute(nn.Module):
    """A function of a network as a module, for DDP wraps modules."""

    def __init__(self, network: nn.Module, compute: Callable[..., Any]) -> None:
        super().__init__()
        self.network, self.compute = network, compute

    def forward(self, *args: Any, **named: Any) -> Any:
        return self.compute(*args, **named)


def averaged(network: nn.Module, compute: Callable[..., Result]) -> Callable[..., Result]:
    """The function with gradients of the network averaged over the ranks.

    Args:
        network: Whose parameters learn; they must be on their device and those that are frozen
            must be marked so.
        compute: Any function that uses the network, such as its losses.

    Returns:
        `compute` itself in a single process. Else the same function; a backward pass through
        what it returns leaves the mean of all ranks' gradients.
    """
    if count() == 1:
        return compute
    # Not every step uses every weight, and buffers are functions of the weights.
    return DistributedDataParallel(
        _Compute(network, compute), broadcast_buffers=False, find_unused_parameters=True
    )


def mean(values: Mapping[str, float]) -> dict[str, float]:
    """Named numbers averaged over the ranks, which must all give the same names."""
    if count() == 1:
        return dict(values)
    names = sorted(values)
    total = torch.tensor([values[name] for name in names], dtype=torch.float64)
    distributed.all_reduce(total)
    averages = dict(zip(names, (total / count()).tolist(), strict=True))
    return {name: averages[name] for name in values}


def largest(value: int) -> int:
    """The largest of all ranks' values; also, no rank goes on before all have come."""
    if count() == 1:
        return value
    found = torch.tensor(value)
    distributed.all_reduce(found, distributed.ReduceOp.MAX)
    return int(found)
