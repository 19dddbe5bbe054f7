"""Runs a TensorFlow.js graph model (model.json and its weights) in torch, without TensorFlow.

Knows the few operations of small image networks; an unknown one is an error. For labeling only.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from openvasa.types import InputError

_CONVOLUTIONS = {"Conv2D", "_FusedConv2D", "DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"}
_PAIRS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "Add": torch.add,
    "AddV2": torch.add,
    "Mul": torch.mul,
    "Minimum": torch.minimum,
    "Maximum": torch.maximum,
}


class GraphModel:
    """A frozen graph; call it with the input and the names of the outputs."""

    def __init__(self, path: Path) -> None:
        """Reads model.json and the weights beside it.

        Raises:
            InputError: A file is missing or holds something else.
        """
        try:
            model = json.loads(path.read_text())
            self._nodes: list[dict[str, Any]] = model["modelTopology"]["node"]
            self._weights = _read_weights(path.parent, model["weightsManifest"])
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"'{path}' is no TensorFlow.js graph model: {error}.") from error

    @torch.inference_mode()
    def __call__(self, x: Tensor, outputs: Sequence[str]) -> list[Tensor]:
        """Runs the graph.

        Args:
            x: f32 [N, 3, H, W].
            outputs: Names of nodes.

        Returns:
            Their values.
        """
        values: dict[str, Tensor] = dict(self._weights)
        for node in self._nodes:
            if node["op"] == "Const":
                continue
            if node["op"] == "Placeholder":
                values[node["name"]] = x
                continue
            given = [values[n.split(":")[0]] for n in node["input"] if not n.startswith("^")]
            values[node["name"]] = _apply(node["op"], given, node.get("attr", {}))
        return [values[name] for name in outputs]


def _read_weights(folder: Path, manifest: list[dict[str, Any]]) -> dict[str, Tensor]:
    out: dict[str, Tensor] = {}
    for group in manifest:
        blob = b"".join((folder / Path(name).name).read_bytes() for name in group["paths"])
        at = 0
        for entry in group["weights"]:
            kept = entry.get("quantization", {})
            stored = np.dtype(kept.get("dtype", entry["dtype"]))
            count = math.prod(entry["shape"])
            values = np.frombuffer(blob, stored, count, at).reshape(entry["shape"])
            at += count * stored.itemsize
            if "scale" in kept:
                values = values.astype(np.float32) * kept["scale"] + kept["min"]
            wide = np.float32 if values.dtype.kind == "f" else values.dtype
            out[entry["name"]] = torch.from_numpy(values.astype(wide).copy())
    return out


def _apply(op: str, given: list[Tensor], attributes: dict[str, Any]) -> Tensor:
    x = given[0]
    if op in _CONVOLUTIONS:
        return _activate(_convolve(op, given, attributes), given, attributes)
    if op == "_FusedMatMul":
        return _activate(x @ given[1], given, attributes)
    if op in _PAIRS:
        a, b = (_as_channels(u, v) for u, v in ((x, given[1]), (given[1], x)))
        return _PAIRS[op](a, b)
    if op == "MaxPool":
        sizes, steps = _list(attributes, "ksize"), _list(attributes, "strides")
        return functional.max_pool2d(x, tuple(sizes[1:3]), tuple(steps[1:3]))
    simple: dict[str, Callable[[], Tensor]] = {
        "Relu": lambda: x.relu(), "Mean": lambda: x.mean((2, 3)), "Max": lambda: x.amax((2, 3)),
        "Softmax": lambda: x.softmax(-1), "Sigmoid": lambda: x.sigmoid(), "Identity": lambda: x,
    }  # fmt: skip
    if op not in simple:
        raise InputError(f"the graph has the operation '{op}', which is not known here.")
    return simple[op]()


def _convolve(op: str, given: list[Tensor], attributes: dict[str, Any]) -> Tensor:
    x, kernel = given[0], given[1]
    stride = tuple(_list(attributes, "strides")[1:3])
    if _text(attributes, "padding") == "SAME":
        sides: list[int] = []
        for size, k, step in ((x.shape[3], kernel.shape[1], stride[1]),
                              (x.shape[2], kernel.shape[0], stride[0])):  # fmt: skip
            total = max((-(-size // step) - 1) * step + k - size, 0)
            sides += [total // 2, total - total // 2]
        x = functional.pad(x, sides)
    if "epthwise" in op:
        flat = kernel.permute(2, 3, 0, 1).reshape(-1, 1, *kernel.shape[:2])
        return functional.conv2d(x, flat, stride=stride, groups=kernel.shape[2])
    return functional.conv2d(x, kernel.permute(3, 2, 0, 1), stride=stride)


def _activate(x: Tensor, given: list[Tensor], attributes: dict[str, Any]) -> Tensor:
    fused = [base64.b64decode(s).decode() for s in
             attributes.get("fused_ops", {}).get("list", {}).get("s", [])]  # fmt: skip
    if "BiasAdd" in fused:
        x = x + _as_channels(given[2], x)
    if "Relu6" in fused:
        return x.clamp(0, 6)
    return x.relu() if "Relu" in fused else x


def _as_channels(value: Tensor, other: Tensor) -> Tensor:
    """A vector of channels beside a picture; channels come last in TensorFlow."""
    return value.reshape(1, -1, 1, 1) if value.ndim == 1 and other.ndim == 4 else value


def _list(attributes: dict[str, Any], name: str) -> list[int]:
    return [int(i) for i in attributes[name]["list"]["i"]]


def _text(attributes: dict[str, Any], name: str) -> str:
    return base64.b64decode(attributes[name]["s"]).decode()
