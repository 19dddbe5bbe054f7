"""The networks compiled by PyTorch and replayed as CUDA graphs. Imported by name only.

A frame of these networks is hundreds of small kernels: launching them takes longer than running
them. A CUDA graph launches all of them at once, into memory that stays where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from openvasa.bundle import Bundle
from openvasa.engine.backends import sizes
from openvasa.engine.graphs import graph_table
from openvasa.engine.torch_backend import load_modules
from openvasa.types import Array, InputError

WARM_UP = 3  # runs before a capture, in which libraries choose their kernels


class Captured(NamedTuple):
    """One network for inputs of one shape: its graph, and the memory that it reads and writes."""

    graph: torch.cuda.CUDAGraph
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


class CudaBackend:
    """The networks of a bundle on one GPU; each is compiled when it is first called."""

    def __init__(self, bundle: Bundle) -> None:
        """Loads the networks.

        Args:
            bundle: The model.

        Raises:
            InputError: There is no GPU that PyTorch can use.
        """
        if not torch.cuda.is_available():
            raise InputError("PyTorch finds no GPU here: choose the backend 'onnx' or 'openvino'.")
        self._table = graph_table(*sizes(bundle))
        self._modules: dict[str, nn.Module] = {
            name: module.cuda() for name, module in load_modules(bundle).items()
        }
        self._captured: dict[tuple[str, tuple[int, ...]], Captured] = {}
        self._lock = Lock()  # the memory of a graph serves one call at a time

    @torch.inference_mode()
    def __call__(self, graph: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `openvasa.engine.backends.Backend`."""
        table = self._table[graph]
        given = [torch.from_numpy(np.ascontiguousarray(inputs[key])) for key in table.inputs]
        with self._lock:
            key = (graph, tuple(given[0].shape))  # only a batch's size changes
            if key not in self._captured:
                self._captured[key] = _capture(self._modules[graph], given)
            captured = self._captured[key]
            for place, value in zip(captured.inputs, given, strict=True):
                place.copy_(value)
            captured.graph.replay()
            made = [part.cpu().numpy() for part in captured.outputs]
        return dict(zip(table.outputs, made, strict=True))


def _capture(module: nn.Module, given: list[Tensor]) -> Captured:
    inputs = tuple(value.cuda() for value in given)
    compiled = torch.compile(module, dynamic=False)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            compiled(*inputs)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = compiled(*inputs)
    return Captured(graph, inputs, (out,) if isinstance(out, Tensor) else tuple(out))
