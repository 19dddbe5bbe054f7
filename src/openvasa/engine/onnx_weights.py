"""Where a graph's constants lie: in fp16, and once on disk, inside the network's weight file.

An ONNX graph may name any file, offset and length for a constant; here it names the safetensors
file of its network, so that a bundle holds every weight once. Needs the extra `train`.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 1024  # bytes; smaller constants stay in the graph, in f32


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Stores large constants in fp16, followed by a cast, wherever that loses nothing."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        value = numpy_helper.to_array(tensor)
        if value.nbytes <= SMALLEST:
            continue
        with np.errstate(over="ignore"):
            half = value.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), value):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    _put_first(model, casts)
    return model


def share(model: onnx.ModelProto, weights: bytes, location: str) -> onnx.ModelProto:
    """Replaces fp16 constants by references to equal tensors of a safetensors file.

    Args:
        model: From `halve`.
        weights: The file's content.
        location: Its name; it must lie beside the graph.
    """
    places = _places(weights)
    turns = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT16:
            continue
        value = numpy_helper.to_array(tensor)
        place = places.get(value.tobytes())
        if place is None and value.ndim == 2:
            place = places.get(value.T.tobytes())
            if place is not None:  # exporters store some matrices turned
                name, value = tensor.name, value.T
                tensor.name = f"{name}_turned"
                turns.append(helper.make_node("Transpose", [tensor.name], [name], perm=[1, 0]))
        if place is not None:
            tensor.CopyFrom(_reference(tensor.name, value, location, place))
    _put_first(model, turns)
    return model


def _reference(
    name: str, value: NDArray[Any], location: str, place: tuple[int, int]
) -> TensorProto:
    tensor = TensorProto(
        name=name, data_type=TensorProto.FLOAT16, dims=value.shape,
        data_location=TensorProto.EXTERNAL,
    )  # fmt: skip
    for key, text in (("location", location), ("offset", place[0]), ("length", place[1])):
        tensor.external_data.add(key=key, value=str(text))
    return tensor


def _places(weights: bytes) -> dict[bytes, tuple[int, int]]:
    """Content -> (offset, length) of every fp16 tensor in a safetensors file."""
    header_size = int.from_bytes(weights[:8], "little")
    start = 8 + header_size
    places = {}
    for entry in json.loads(weights[8:start]).values():
        if entry.get("dtype") == "F16":
            first, last = entry["data_offsets"]
            places[weights[start + first : start + last]] = (start + first, last - first)
    return places


def _put_first(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> None:
    everything = [*nodes, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(everything)
