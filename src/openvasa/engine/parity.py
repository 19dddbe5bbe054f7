"""How far each runtime is from the reference, graph by graph, on the same inputs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from openvasa.bundle import Bundle
from openvasa.engine.backends import Backend, create_backend, sizes
from openvasa.engine.graphs import Graph, graph_table
from openvasa.types import Array

REFERENCE = "torch"
ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class GraphParity:
    """One graph.

    Attributes:
        graph: Its name.
        spread: Standard deviation of the reference's outputs.
        gaps: By runtime, the largest absolute difference to the reference.
        ms: By runtime, CPU milliseconds a call, the least of some rounds.
    """

    graph: str
    spread: float
    gaps: Mapping[str, float]
    ms: Mapping[str, float]

    def row(self) -> str:
        """One line for people."""
        told = (f"{name} {gap:.1e} {self.ms[name]:.2f} ms" for name, gap in self.gaps.items())
        parts = "   ".join([*told, f"{REFERENCE} {self.ms[REFERENCE]:.2f} ms"])
        return f"{self.graph:<10} spread {self.spread:.2f}   {parts}"


def parity(bundle: Bundle, inputs: Mapping[str, Mapping[str, Array]]) -> list[GraphParity]:
    """Compares the runtimes that are installed, on one thread each. Needs the extra `train`.

    Args:
        bundle: The model.
        inputs: For each graph to compare, its inputs.
    """
    names = [REFERENCE, "onnx", *(["openvino"] if find_spec("openvino") else [])]
    runs = {name: create_backend(name, bundle) for name in names}
    table = graph_table(*sizes(bundle))
    return [_compared(table[graph], graph, given, runs) for graph, given in inputs.items()]


def _compared(
    spec: Graph, graph: str, given: Mapping[str, Array], runs: Mapping[str, Backend]
) -> GraphParity:
    made, ms = {}, dict.fromkeys(runs, float("inf"))
    for _ in range(ROUNDS):
        for name, run in runs.items():
            start = time.process_time()
            out = run(graph, given)
            ms[name] = min(ms[name], 1000 * (time.process_time() - start))
            made[name] = np.concatenate([out[key].ravel() for key in spec.outputs])
    reference = made.pop(REFERENCE)
    return GraphParity(
        graph=graph, spread=float(reference.std()), ms=ms,
        gaps={name: float(np.abs(ours - reference).max()) for name, ours in made.items()},
    )  # fmt: skip
