"""The graphs of a bundle on OpenVINO, on the CPU: optional, and faster. Imported by name only."""

from __future__ import annotations

from collections.abc import Mapping
from threading import local
from typing import Any

import numpy as np
import openvino

from openvasa.bundle import Bundle
from openvasa.engine.backends import onnx_session, run_session, sizes
from openvasa.engine.graphs import graph_table
from openvasa.types import Array, InputError

# The graphs of each frame. OpenVINO samples no volumes (`portrait`), takes 1.25 x ONNX Runtime's
# time for `denoiser`, and for the small ones no less.
_GRAPHS = ("move", "decoder")
# One thread a request: frames, not operators, share the cores.
_OPTIONS = {
    "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_PRECISION_HINT": "f32",
}  # fmt: skip


class OpenVinoBackend:
    """The graphs of each frame on OpenVINO, the others on ONNX Runtime."""

    def __init__(self, bundle: Bundle) -> None:
        """Opens every graph.

        Args:
            bundle: The model.

        Raises:
            InputError: A graph is missing or cannot be read.
        """
        self._table = graph_table(*sizes(bundle))
        self._sessions: dict[str, Any] = {}
        self._models: dict[str, Any] = {}
        self._requests = local()  # a request serves one thread at a time
        core = openvino.Core()
        for name in self._table:
            file = str(bundle.graph(name))
            try:
                if name in _GRAPHS:
                    self._models[name] = core.compile_model(file, "CPU", _OPTIONS)
                else:
                    self._sessions[name] = onnx_session(bundle.graph(name))
            except Exception as error:  # neither runtime's classes have a common, public base
                raise InputError(
                    f"the graph '{file}' cannot be read: copy the model again, or choose the "
                    "backend 'onnx'."
                ) from error

    def __call__(self, graph: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `openvasa.engine.backends.Backend`."""
        table = self._table[graph]
        if graph in self._sessions:
            return run_session(self._sessions[graph], table, inputs)
        requests = self._requests.__dict__
        if graph not in requests:
            requests[graph] = self._models[graph].create_infer_request()
        feed = {name: np.ascontiguousarray(inputs[name], np.float32) for name in table.inputs}
        out = requests[graph].infer(feed, share_inputs=True)
        return {name: np.array(out[k]) for k, name in enumerate(table.outputs)}
