"""Runtimes behind one call: run(graph, {input: array}) -> {output: array}.

A backend holds weights only and may be called from several threads. PyTorch is loaded by name, so
that nothing here needs it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from openvasa.bundle import Bundle
from openvasa.engine.graphs import Graph, graph_table
from openvasa.latent.config import LatentConfig, latent_config
from openvasa.motion.config import MotionConfig, config_from_dict
from openvasa.types import Array, InputError

BACKENDS = ("onnx", "torch")


class Backend(Protocol):
    """Runs the graphs of one model."""

    def __call__(self, graph: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run one graph.

        Args:
            graph: A name in `engine.graphs.graph_table`.
            inputs: f32 arrays by the names in the table.

        Returns:
            f32 arrays by the names in the table.
        """


def create_backend(name: str, bundle: Bundle) -> Backend:
    """The runtime called `name` with a model in it.

    Raises:
        InputError: There is no such runtime, or the model lacks a graph.
    """
    if name not in BACKENDS:
        raise InputError(f"there is no backend '{name}': choose one of {', '.join(BACKENDS)}.")
    if name == "onnx":
        return OnnxBackend(bundle)
    backend: Backend = import_module("openvasa.engine.torch_backend").TorchBackend(bundle)
    return backend


def sizes(bundle: Bundle) -> tuple[LatentConfig, MotionConfig]:
    """The sizes of a model's networks, from its config.json."""
    return latent_config(bundle.section("latent")), config_from_dict(bundle.section("motion"))


def cores() -> int:
    """Processor cores that this process may use: its affinity, or OMP_NUM_THREADS if less."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(count, int(asked)) if asked.isdigit() and int(asked) else count)


def onnx_session(file: Path) -> Any:
    """An ONNX Runtime session on one thread: frames, not operators, share the cores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def run_session(session: Any, table: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Runs a session on inputs by name; outputs by their names in the table."""
    feed = {name: np.ascontiguousarray(inputs[name], np.float32) for name in table.inputs}
    return dict(zip(table.outputs, session.run(None, feed), strict=True))


class OnnxBackend:
    """The graphs of a bundle on ONNX Runtime, on the CPU; the default."""

    def __init__(self, bundle: Bundle) -> None:
        """Opens every graph.

        Args:
            bundle: The model.

        Raises:
            InputError: A graph is missing or cannot be read.
        """
        self._table = graph_table(*sizes(bundle))
        self._sessions: dict[str, Any] = {}
        for name in self._table:
            file = bundle.graph(name)
            try:
                self._sessions[name] = onnx_session(file)
            except Exception as error:  # the runtime's own classes have no common, public base
                raise InputError(
                    f"the graph '{file}' cannot be read: copy the model again, or update "
                    "onnxruntime."
                ) from error

    def __call__(self, graph: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `Backend`."""
        return run_session(self._sessions[graph], self._table[graph], inputs)
