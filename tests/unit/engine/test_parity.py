"""The report: every graph and runtime, gaps that are small, costs that are costs."""

import pytest

from openvasa.bundle import read_bundle
from openvasa.engine.backends import sizes
from openvasa.engine.export import CLOSE, example_inputs
from openvasa.engine.graphs import graph_table
from openvasa.engine.parity import parity


def test_every_graph_is_compared(bundle_folder) -> None:
    pytest.importorskip("openvino")
    bundle = read_bundle(bundle_folder)
    inputs = {key: example_inputs(spec) for key, spec in graph_table(*sizes(bundle)).items()}
    rows = parity(bundle, inputs)
    assert [row.graph for row in rows] == list(inputs)
    for row in rows:
        assert set(row.gaps) == {"onnx", "openvino"} and set(row.ms) == {"torch", *row.gaps}
        assert 0 <= max(row.gaps.values()) <= CLOSE and row.spread > 0
        assert all(cost >= 0 for cost in row.ms.values()) and "openvino" in row.row()
