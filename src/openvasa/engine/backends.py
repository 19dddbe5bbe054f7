"""Runtimes behind one call: run(graph, {input: array}) -> {output: array}.

A backend holds weights only and may be called from several threads. All but ONNX Runtime are
loaded by name, so that nothing here needs them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from openvasa.bundle import Bundle
from openvasa.engine.graphs import Graph, graph_table
from openvasa.latent.config import LatentConfig, latent_config
from openvasa.motion.config import MotionConfig, config_from_dict
from openvasa.types import Array, InputError

# What runs the graphs, the module that holds it, and the package that it needs.
BACKENDS = {
    "onnx": ("openvasa.engine.backends", "OnnxBackend", "openvasa"),
    "tensorrt": ("openvasa.engine.backends", "TensorRtBackend", "onnxruntime-gpu"),
    "openvino": ("openvasa.engine.openvino_backend", "OpenVinoBackend", "openvasa[openvino]"),
    "torch": ("openvasa.engine.torch_backend", "TorchBackend", "openvasa[train]"),
    "cuda": ("openvasa.engine.cuda_backend", "CudaBackend", "openvasa[train]"),
}


CPU = ("CPUExecutionProvider",)
_GROUPS = Path("/sys/fs/cgroup")  # where Linux tells what a container is allotted


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
        InputError: There is no such runtime, it is not installed or finds no GPU where it needs
            one, or the model lacks a graph.
    """
    if name not in BACKENDS:
        raise InputError(f"there is no backend '{name}': choose one of {', '.join(BACKENDS)}.")
    module, kind, package = BACKENDS[name]
    try:
        made: Backend = getattr(import_module(module), kind)(bundle)
    except ImportError as error:
        raise InputError(
            f"the backend '{name}' is not installed: pip install '{package}'."
        ) from error
    return made


def sizes(bundle: Bundle) -> tuple[LatentConfig, MotionConfig]:
    """The sizes of a model's networks, from its config.json."""
    return latent_config(bundle.section("latent")), config_from_dict(bundle.section("motion"))


def cores(groups: Path = _GROUPS) -> int:
    """Processor cores that this process may use, at least 1.

    The least of its affinity, its container's CPU quota and OMP_NUM_THREADS.

    Args:
        groups: Where the kernel tells the quota.
    """
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    quota = _quota(groups)
    if quota is not None:
        count = min(count, math.ceil(quota))
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(count, int(asked)) if asked.isdigit() and int(asked) else count)


def _quota(groups: Path) -> float | None:
    """Cores' worth of time that the control group grants; None where it grants all."""
    try:
        if (groups / "cpu.max").is_file():  # version 2
            allowed, period = (groups / "cpu.max").read_text(encoding="ascii").split()
        else:  # version 1; -1 is no limit
            allowed, period = (
                (groups / "cpu" / f"cpu.cfs_{name}_us").read_text(encoding="ascii").strip()
                for name in ("quota", "period")
            )
        return float(allowed) / float(period) if float(allowed) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None


def onnx_session(file: Path, providers: Sequence[str] = CPU) -> Any:
    """An ONNX Runtime session on one thread: frames, not operators, share the cores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=list(providers))


def run_session(session: Any, table: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Runs a session on inputs by name; outputs by their names in the table."""
    feed = {name: np.ascontiguousarray(inputs[name], np.float32) for name in table.inputs}
    return dict(zip(table.outputs, session.run(None, feed), strict=True))


class OnnxBackend:
    """The graphs of a bundle on ONNX Runtime, on the CPU; the default.

    Attributes:
        providers: What of the runtime computes, the first that can.
    """

    providers: Sequence[str] = CPU

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
                self._sessions[name] = onnx_session(file, self.providers)
            except Exception as error:  # the runtime's own classes have no common, public base
                raise InputError(
                    f"the graph '{file}' cannot be read: copy the model again, or update "
                    "onnxruntime."
                ) from error

    def __call__(self, graph: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `Backend`."""
        return run_session(self._sessions[graph], self._table[graph], inputs)


class TensorRtBackend(OnnxBackend):
    """The same graphs on TensorRT, where ONNX Runtime has it and a GPU is there."""

    providers = ("TensorrtExecutionProvider", "CUDAExecutionProvider", *CPU)

    def __init__(self, bundle: Bundle) -> None:
        """Opens every graph.

        Args:
            bundle: The model.

        Raises:
            InputError: This ONNX Runtime has no TensorRT, or as for `OnnxBackend`.
        """
        import onnxruntime

        if self.providers[0] not in onnxruntime.get_available_providers():
            raise InputError(
                "this ONNX Runtime has no TensorRT: install onnxruntime-gpu and TensorRT, or "
                "choose another backend."
            )
        super().__init__(bundle)
