"""A trained expert as one ONNX file, its weights in fp16."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

_SMALL = 1024  # bytes; smaller constants stay as they are


def export_network(network: nn.Module, shape: tuple[int, ...], path: Path) -> float:
    """Writes a network of one input and one output; the first size may then be any.

    Args:
        network: In evaluation mode.
        shape: Of an example batch; the first number must be above 1.
        path: Where the file goes, whole or not at all.

    Returns:
        Largest difference between ONNX Runtime with fp16 weights and PyTorch with its own, on
        random numbers in [0, 1].
    """
    example = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        program = torch.onnx.export(
            network, (example,), input_names=["batch"], output_names=["vectors"], dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("N")},), verbose=False,
        )  # fmt: skip
        assert program is not None
        part.write_bytes(_halved(program.model_proto).SerializeToString())
        difference = _difference(network, example, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return difference


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type == TensorProto.FLOAT and values.nbytes > _SMALL:
            name, half = tensor.name, f"{tensor.name}_fp16"
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
            casts.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
    for cast in casts:
        model.graph.node.insert(0, cast)
    return model


def _difference(network: nn.Module, example: torch.Tensor, path: Path) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    odd = example[:3]  # another batch than was traced
    with torch.no_grad():
        wanted = network(odd).numpy()
    found = session.run(None, {"batch": odd.numpy()})[0]
    return float(np.abs(found - wanted).max())
