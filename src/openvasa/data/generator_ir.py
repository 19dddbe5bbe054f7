"""Read the face generator's OpenVINO IR (.xml graph + .bin constants) without OpenVINO.

The graph is walked once in file order (producers first); what it computes is checked by the parity
test of `generator.py`, not here.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from openvasa.types import InputError

MAPPING_IR = "MappingNetwork"
SYNTHESIS_IR = "SynthesisNetwork"
_DTYPES = {"f32": np.float32, "f16": np.float16, "i32": np.int32, "i64": np.int64}
_STEM_STEPS, _BLOCK_STEPS, _COLOR_STEPS = 4, 11, 3


@dataclass(frozen=True)
class Op:
    """One node: its kind, its constant when it is one, the ids it reads."""

    kind: str
    value: Tensor | None = None
    inputs: list[str] = field(default_factory=list)


Ops = dict[str, Op]


def read_ir(folder: Path, name: str) -> Ops:
    """Nodes by id, in the order of the file.

    Raises:
        InputError: The .xml or .bin file is missing.
    """
    xml, weights = folder / f"{name}.xml", folder / f"{name}.bin"
    if not (xml.is_file() and weights.is_file()):
        raise InputError(f"Put {name}.xml and {name}.bin into {folder}.")
    root, blob = ElementTree.parse(xml).getroot(), weights.read_bytes()
    ops = {
        layer.attrib["id"]: Op(layer.attrib["type"], _constant(layer, blob))
        for layer in root.iterfind("layers/layer")
    }
    edges = root.iterfind("edges/edge")
    for edge in sorted(edges, key=lambda e: int(e.attrib["to-port"])):
        ops[edge.attrib["to-layer"]].inputs.append(edge.attrib["from-layer"])
    return ops


def generator_tensors(folder: Path) -> dict[str, Tensor]:
    """The parameters and buffers of `generator.Generator`, but for its mean style.

    Args:
        folder: Holds `MappingNetwork` and `SynthesisNetwork`, .xml and .bin each.

    Raises:
        InputError: A file is missing or its graph is not the expected one.
    """
    tensors = {}
    constants = [op.value for op in read_ir(folder, MAPPING_IR).values() if op.value is not None]
    weights = [c for c in constants if c.ndim == 2 and c.numel() > 1]
    biases = [c for c in constants if c.ndim == 1 and c.numel() > 1]
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        tensors[f"mapping_layers.{i}.weight"] = weight
        tensors[f"mapping_layers.{i}.bias"] = bias
    try:
        synthesis = _synthesis_tensors(read_ir(folder, SYNTHESIS_IR))
    except (KeyError, StopIteration, ValueError) as error:
        raise InputError(f"{folder} does not hold the expected {SYNTHESIS_IR} graph.") from error
    return tensors | {f"synthesis_network.{k}": v for k, v in synthesis.items()}


def _constant(layer: ElementTree.Element, blob: bytes) -> Tensor | None:
    data = layer.find("data")
    if layer.attrib["type"] != "Const" or data is None:
        return None
    shape = [int(n) for n in data.attrib["shape"].split(",") if n.strip()]
    array: NDArray[np.generic] = np.frombuffer(
        blob,
        dtype=_DTYPES[data.attrib["element_type"]],
        count=math.prod(shape),
        offset=int(data.attrib["offset"]),
    )
    return torch.from_numpy(array.reshape(shape).copy())


def _synthesis_tensors(ops: Ops) -> dict[str, Tensor]:
    steps = list(_steps(ops))
    blocks, rest = divmod(len(steps) - _STEM_STEPS - _COLOR_STEPS, _BLOCK_STEPS)
    if rest:
        raise ValueError(f"{len(steps)} steps")
    tensors = {"stem.constant": _stem_constant(ops)}
    take = iter(steps)
    _take(tensors, take, "stem", "stem.style", ("stem.conv",))
    for i in range(blocks):
        name = f"blocks.{i}"
        tensors |= _affine(next(take), f"{name}.style")
        for conv in (f"{name}.first", f"{name}.second"):
            pair = (f"{conv}.depthwise", f"{conv}.pointwise")
            _take(tensors, take, conv, f"{conv}.style", pair)
    tensors |= _affine(next(take), "color_style")
    tensors["color.weight"] = _one(next(take), "conv")
    tensors["color.bias"] = _one(next(take), "add").flatten()
    return tensors


Step = tuple[str, tuple[Tensor, ...]]


def _take(
    tensors: dict[str, Tensor], steps: Iterator[Step], name: str, style: str, convs: tuple[str, ...]
) -> None:
    """Move one styled convolution from the steps to the tensors: style, convs, noise, bias."""
    tensors |= _affine(next(steps), style)
    for conv in convs:
        tensors[f"{conv}.weight"] = _one(next(steps), "conv")
    tensors[f"{name}.noise"] = _one(next(steps), "add")
    tensors[f"{convs[-1]}.bias"] = _one(next(steps), "add").flatten()


def _affine(step: Step, name: str) -> dict[str, Tensor]:
    kind, values = step
    if kind != "style":
        raise ValueError(f"{kind} where a style belongs")
    return {f"{name}.weight": values[0], f"{name}.bias": values[1]}


def _one(step: Step, kind: str) -> Tensor:
    if step[0] != kind:
        raise ValueError(f"{step[0]} where a {kind} belongs")
    return step[1][0]


def _steps(ops: Ops) -> Iterator[Step]:
    """The parameters along the path of the picture: style products, convolutions, additions."""
    styles = _styles(ops)
    for name, op in ops.items():
        if name in styles:
            continue
        constants = [value for i in op.inputs if (value := ops[i].value) is not None]
        if op.kind == "Multiply" and (found := [styles[i] for i in op.inputs if i in styles]):
            yield "style", found[0]
        elif op.kind == "Convolution":
            yield "conv", (constants[0],)
        elif op.kind == "GroupConvolution":  # [C, 1, 1, 3, 3], groups first
            yield "conv", (constants[0].flatten(0, 1),)
        elif op.kind == "Add" and constants:
            yield "add", (constants[0],)


def _styles(ops: Ops) -> dict[str, tuple[Tensor, Tensor]]:
    """Every node that is an affine function of the style: its weight [C, 512] and bias [C]."""
    found: dict[str, tuple[Tensor, Tensor]] = {}
    for name, op in ops.items():
        constants = [value for i in op.inputs if (value := ops[i].value) is not None]
        if op.kind == "MatMul":
            found[name] = (constants[0], torch.zeros(len(constants[0])))
            continue
        source = [found[i] for i in op.inputs if i in found]
        if not source:
            continue
        weight, bias = source[0]
        if op.kind == "Reshape":
            found[name] = (weight, bias)
        elif op.kind == "Add" and constants:
            found[name] = (weight, bias + constants[0].flatten())
        elif op.kind == "Multiply" and constants:
            scale = constants[0].flatten()
            found[name] = (weight * scale[:, None], bias * scale)
    return found


def _stem_constant(ops: Ops) -> Tensor:
    """The constant behind the only Tile node."""
    name = next(name for name, op in ops.items() if op.kind == "Tile")
    while (value := ops[name].value) is None:
        name = ops[name].inputs[0]
    return value
