"""Graph models: known answers of a tiny graph, quantized weights, clear errors."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from openvasa.data.tfjs_graph import GraphModel
from openvasa.types import InputError


def _text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


def _node(name: str, op: str, inputs: list[str], **attributes: Any) -> dict[str, Any]:
    return {"name": name, "op": op, "input": inputs, "attr": attributes}


def _model(folder: Path, nodes: list[dict[str, Any]], **weights: np.ndarray) -> Path:
    entries, blob = [], b""
    for name, values in weights.items():
        entry: dict[str, Any] = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        if values.dtype == np.uint8:
            entry["quantization"] = {"dtype": "uint8", "scale": 0.5, "min": -1.0}
        entries.append(entry)
        blob += values.tobytes()
        nodes = [_node(name, "Const", []), *nodes]
    (folder / "w.bin").write_bytes(blob)
    path = folder / "model.json"
    manifest = [{"paths": ["w.bin"], "weights": entries}]
    path.write_text(json.dumps({"modelTopology": {"node": nodes}, "weightsManifest": manifest}))
    return path


STEPS = {"list": {"i": ["1", "2", "2", "1"]}}
X = torch.arange(2 * 3 * 5 * 5, dtype=torch.float32).reshape(2, 3, 5, 5) / 100


def test_a_fused_convolution_with_same_padding(tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 4)).astype("f4")
    bias = np.array([0.1, -9, 0.2, 0.3], "f4")
    fused = {"list": {"s": [_text("BiasAdd")["s"], _text("Relu")["s"]]}}
    nodes = [
        _node("x", "Placeholder", []),
        _node("y", "_FusedConv2D", ["x", "k", "b"], strides=STEPS, padding=_text("SAME"),
              fused_ops=fused),
    ]  # fmt: skip
    (y,) = GraphModel(_model(tmp_path, nodes, k=kernel, b=bias))(X, ["y"])
    weight = torch.from_numpy(kernel).permute(3, 2, 0, 1)
    wanted = torch.nn.functional.conv2d(X, weight, torch.from_numpy(bias), 2, padding=1).relu()
    torch.testing.assert_close(y, wanted)
    assert (y[:, 1] == 0).all()


def test_quantized_weights_pairs_and_pools(tmp_path: Path) -> None:
    nodes = [
        _node("x", "Placeholder", []),
        _node("mean", "Mean", ["x"]),
        _node("y", "Mul", ["mean", "c"]),
        _node("p", "Softmax", ["y:0"]),
    ]
    model = GraphModel(_model(tmp_path, nodes, c=np.array([2, 4, 0], np.uint8)))
    y, p = model(X, ["y", "p"])
    torch.testing.assert_close(y, X.mean((2, 3)) * torch.tensor([0.0, 1.0, -1.0]))
    torch.testing.assert_close(p.sum(1), torch.ones(2))


def test_unknown_operations_and_files_are_told(tmp_path: Path) -> None:
    nodes = [_node("x", "Placeholder", []), _node("y", "Erf", ["x"])]
    with pytest.raises(InputError, match="'Erf'"):
        GraphModel(_model(tmp_path, nodes))(X, ["y"])
    with pytest.raises(InputError, match="no TensorFlow.js"):
        GraphModel(tmp_path / "gone.json")
