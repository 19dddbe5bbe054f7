"""Trained networks -> a bundle: fp16 weights, ONNX graphs of the same numbers, and their parity.

Weights are rounded to fp16 first, so that PyTorch, the weight files and the graphs compute with
exactly the same values; the graphs store them in fp16 and calculate in f32.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from openvasa.bundle import Bundle, write_bundle
from openvasa.engine.backends import onnx_session, run_session
from openvasa.engine.graphs import OPSET, Graph, graph_table
from openvasa.engine.torch_backend import graph_modules
from openvasa.latent.config import LatentConfig
from openvasa.motion.config import MotionConfig, MotionStats
from openvasa.motion.denoiser import MotionDenoiser, export_denoiser
from openvasa.types import Array

LICENSE = "Apache-2.0"
SMALLEST = 1024  # bytes; smaller constants stay f32
CLOSE = 2e-3  # largest difference between the runtimes that passes


def export_bundle(
    folder: Path,
    *,
    name: str,
    networks: Mapping[str, nn.Module],
    latent: LatentConfig,
    motion: MotionConfig,
    stats: MotionStats,
    surface: Mapping[str, Array],
    notice: str,
    sources: Sequence[str] = (),
) -> tuple[Bundle, dict[str, float]]:
    """Writes a model folder.

    Args:
        folder: The bundle to make; one that is there is replaced.
        name: The model's name.
        networks: `autoencoder`, `denoiser` and `audio`; rounded to fp16 in place.
        latent: Sizes of the autoencoder.
        motion: Sizes of the denoiser.
        stats: Normalization of motion.
        surface: mean [468, 3] and the triangles skin, mouth, eyes [F, 3], eyeballs [2, F, 3].
        notice: The license of the weights in words: what they are, and under which terms.
        sources: What they were trained on, one line each.

    Returns:
        The bundle, and for each graph the largest absolute difference between ONNX Runtime and
        PyTorch (also stored in config.json as `parity`).

    Raises:
        ValueError: The runtimes differ by more than `CLOSE`.
    """
    for network in networks.values():
        _round(network)
    table = graph_table(latent, motion)
    modules = graph_modules(networks)
    graphs: dict[str, bytes] = {}
    parity: dict[str, float] = {}
    for key, spec in table.items():
        inputs = _example(spec)
        module = modules[key]
        made = (
            _export_denoiser(module, motion)  # the tracing exporter cannot read it
            if key == "denoiser"
            else export_graph(module, spec, inputs)
        )
        graphs[key] = halve(onnx.load_from_string(made)).SerializeToString()
        parity[key] = compare(module, graphs[key], spec, inputs)
    if failed := {key: gap for key, gap in parity.items() if not gap <= CLOSE}:
        raise ValueError(f"ONNX Runtime and PyTorch differ: {failed}")
    tensors: dict[str, Mapping[str, Any]] = {
        key: {k: v.detach().cpu().numpy() for k, v in network.state_dict().items()}
        for key, network in networks.items()
    }
    tensors["stats"] = {"mean": stats.mean, "std": stats.std}
    tensors["surface"] = {k: v if k == "mean" else v.astype(np.int32) for k, v in surface.items()}
    config = {
        "notice": notice, "sources": list(sources), "latent": latent.to_dict(),
        "motion": asdict(motion), "parity": parity,
    }  # fmt: skip
    bundle = write_bundle(
        folder, name=name, license=LICENSE, config=config, tensors=tensors, graphs=graphs
    )
    return bundle, parity


def export_graph(module: nn.Module, spec: Graph, inputs: Mapping[str, Array]) -> bytes:
    """One ONNX file of a module, its weights in f32.

    Args:
        module: In evaluation mode.
        spec: Names of its tensors.
        inputs: An example.
    """
    free = {name: {0: "batch"} for name in (*spec.inputs, *spec.stored_outputs)}
    file = io.BytesIO()
    with warnings.catch_warnings():
        # The tracing exporter is deprecated, but seconds instead of a minute, and it is exact.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, tuple(torch.from_numpy(inputs[name]) for name in spec.inputs), file,
            input_names=list(spec.inputs), output_names=list(spec.stored_outputs),
            dynamic_axes=free if spec.batched else None, opset_version=OPSET, dynamo=False,
        )  # fmt: skip
    return file.getvalue()


def _export_denoiser(network: nn.Module, config: MotionConfig) -> bytes:
    assert isinstance(network, MotionDenoiser)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "denoiser.onnx"
        export_denoiser(network, config, path)
        return path.read_bytes()


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Stores large constants in fp16, followed by a cast, wherever that loses nothing."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
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
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def compare(module: nn.Module, model: bytes, spec: Graph, inputs: Mapping[str, Array]) -> float:
    """Largest absolute difference between an ONNX file and its module."""
    ours = run_session(onnx_session(model), spec, inputs)
    with torch.inference_mode():
        reference = module(*(torch.from_numpy(inputs[name]) for name in spec.inputs))
    if isinstance(reference, Tensor):
        reference = (reference,)
    gaps = [
        float(np.abs(ours[name] - value.numpy()).max())
        for name, value in zip(spec.outputs, reference, strict=True)
    ]
    return max(gaps)


def _example(spec: Graph) -> dict[str, Array]:
    """Plausible inputs: pictures in [0, 1], flows and points about the crop, flags of 0 and 1."""
    rng = np.random.default_rng(0)
    inputs: dict[str, Array] = {}
    for key, shape in spec.inputs.items():
        value = 0.3 * rng.standard_normal(shape)
        if key in ("image", "half", "time", "expression"):
            value = rng.random(shape)
        elif key in ("hole", "keep"):
            value = rng.integers(0, 2, shape)
        elif key == "flow":
            value = rng.uniform(-1, 1, shape)
        inputs[key] = np.asarray(value, np.float32)
    return inputs


@torch.no_grad()
def _round(network: nn.Module) -> None:
    """Rounds every weight to what fp16 can hold, in place."""
    network.eval().cpu().float()
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.half().float())
