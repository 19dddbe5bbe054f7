"""Trained networks -> a bundle: fp16 weights, ONNX graphs of the same numbers, and their parity.

Weights are rounded to fp16 first, so that PyTorch, the weight files and the graphs compute with
exactly the same values; the graphs store them in fp16 and calculate in f32.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import torch
from safetensors.numpy import save
from torch import Tensor, nn

from openvasa.bundle import Bundle, write_bundle
from openvasa.engine.backends import OnnxBackend, onnx_session, run_session
from openvasa.engine.graphs import OPSET, Graph, graph_table
from openvasa.engine.onnx_weights import halve, share
from openvasa.engine.torch_backend import graph_modules
from openvasa.latent.config import LatentConfig
from openvasa.motion.config import MotionConfig, MotionStats
from openvasa.motion.denoiser import MotionDenoiser, export_denoiser
from openvasa.types import Array

LICENSE = "Apache-2.0"
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
        surface: mean [468, 3], the triangles skin, mouth, eyes [F, 3], eyeballs [2, F, 3], and
            `MouthMesh.tensors`.
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
    tensors: dict[str, Mapping[str, Any]] = {
        key: {k: v.detach().cpu().numpy() for k, v in network.state_dict().items()}
        for key, network in networks.items()
    }
    graphs, parity = _export_graphs(networks, tensors, latent, motion)
    if failed := {key: gap for key, gap in parity.items() if not gap <= CLOSE}:
        raise ValueError(f"ONNX Runtime and PyTorch differ: {failed}")
    tensors["stats"] = {"mean": stats.mean, "std": stats.std}
    tensors["surface"] = {
        k: v if v.dtype.kind == "f" else v.astype(np.int32) for k, v in surface.items()
    }
    config = {
        "notice": notice, "sources": list(sources), "latent": latent.to_dict(),
        "motion": asdict(motion), "parity": parity,
    }  # fmt: skip
    bundle = write_bundle(
        folder, name=name, license=LICENSE, config=config, tensors=tensors, graphs=graphs
    )
    OnnxBackend(bundle)  # every graph opens where it lies now
    return bundle, parity


def _export_graphs(
    networks: Mapping[str, nn.Module],
    tensors: Mapping[str, Mapping[str, Any]],
    latent: LatentConfig,
    motion: MotionConfig,
) -> tuple[dict[str, bytes], dict[str, float]]:
    """The content of every graph's file, and its distance from PyTorch."""
    table, modules = graph_table(latent, motion), graph_modules(networks)
    graphs: dict[str, bytes] = {}
    parity: dict[str, float] = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        for network, weights in tensors.items():
            # Byte for byte what `write_bundle` writes: the graphs refer to places in it.
            halves = {k: np.ascontiguousarray(v, np.float16) for k, v in weights.items()}
            (folder / f"{network}.safetensors").write_bytes(save(halves))
        for key, spec in table.items():
            path, inputs = folder / f"{key}.onnx", example_inputs(spec)
            module = modules[key]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # both exporters warn of their own innards
                if isinstance(module, MotionDenoiser):
                    export_denoiser(module, motion, path)
                else:
                    trace_graph(module, spec, inputs, path)
            stored = folder / f"{spec.network}.safetensors"
            model = share(halve(onnx.load(path)), stored.read_bytes(), stored.name)
            graphs[key] = model.SerializeToString()
            path.write_bytes(graphs[key])
            parity[key] = compare(module, path, spec, inputs)
    return graphs, parity


def trace_graph(module: nn.Module, spec: Graph, inputs: Mapping[str, Array], path: Path) -> None:
    """Writes one ONNX file of a module, its weights in f32.

    Args:
        module: In evaluation mode.
        spec: Names of its tensors.
        inputs: An example.
        path: The file to write.
    """
    free = {name: {0: "batch"} for name in (*spec.inputs, *spec.stored_outputs)}
    # The tracing exporter is deprecated, but takes a second instead of ten, and is exact.
    torch.onnx.export(
        module, tuple(torch.from_numpy(inputs[name]) for name in spec.inputs), path,
        input_names=list(spec.inputs), output_names=list(spec.stored_outputs),
        dynamic_axes=free if spec.batched else None, opset_version=OPSET, dynamo=False,
    )  # fmt: skip


def compare(module: nn.Module, path: Path, spec: Graph, inputs: Mapping[str, Array]) -> float:
    """Largest absolute difference between an ONNX file and its module."""
    ours = run_session(onnx_session(path), spec, inputs)
    with torch.inference_mode():
        reference = module(*(torch.from_numpy(inputs[name]) for name in spec.inputs))
    if isinstance(reference, Tensor):
        reference = (reference,)
    gaps = [
        float(np.abs(ours[name] - value.numpy()).max())
        for name, value in zip(spec.outputs, reference, strict=True)
    ]
    return max(gaps)


def example_inputs(spec: Graph) -> dict[str, Array]:
    """Plausible inputs: pictures in [0, 1], flows and points about the crop, flags of 0 and 1."""
    rng = np.random.default_rng(0)
    inputs: dict[str, Array] = {}
    for key, shape in spec.inputs.items():
        if key in ("image", "drawn", "time", "expression"):
            value = rng.random(shape)
        elif key in ("hole", "keep"):
            value = rng.integers(0, 2, shape).astype(np.float64)
        else:
            value = 0.3 * rng.standard_normal(shape)
        inputs[key] = value.astype(np.float32)
    return inputs


@torch.no_grad()
def _round(network: nn.Module) -> None:
    """Rounds every weight to what fp16 can hold, in place."""
    network.eval().cpu().float()
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.half().float())
