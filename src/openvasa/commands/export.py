"""`openvasa export`: trained networks -> a model folder that `animate` reads. Needs `train`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from openvasa.types import InputError

if TYPE_CHECKING:
    from openvasa.latent.autoencoder import FaceAutoencoder
    from openvasa.latent.config import LatentConfig

_DESCRIPTION = """\
Writes a model folder: weights in fp16, ONNX graphs of the same numbers, and everything else that
making a video needs. Prints for each graph how far ONNX Runtime, and OpenVINO where it is
installed, are from PyTorch, and what a call costs."""

_NOTICE = (
    "Weights trained from scratch by the openvasa project and released under the Apache License, "
    "version 2.0. `sources` names what they were trained on."
)
_EXAMPLES = """\
example:
  openvasa export --autoencoder runs/faces/ema.safetensors --motion runs/motion \\
      --audio runs/audio/audio.safetensors -o weights/compact"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this verb."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    add = parser.add_argument
    paths = (
        ("--autoencoder", "the face model's ema.safetensors"),
        ("--motion", "the motion model's run folder (ema.safetensors and its statistics)"),
        ("--audio", "the audio network's audio.safetensors"),
    )
    for flag, text in paths:
        add(flag, type=Path, required=True, metavar="PATH", help=text)
    add("--head", type=Path, metavar="FILE",
        help="another parametric head than the one that ships: mean face and surface")  # fmt: skip
    add("--light", type=Path, metavar="FILE",
        help="of `openvasa train light`, another than the one that ships")  # fmt: skip
    add("-o", "--output", type=Path, required=True, metavar="FOLDER",
        help="the model folder to write; one that is there is replaced when the new one is "
        "whole")  # fmt: skip
    add("--name", default="compact", help="the model's name (default: compact)")
    add("--latent", metavar="PRESET|FILE.json",
        help="sizes of the face model, if its weights do not say")  # fmt: skip
    add("--notice", type=Path, metavar="FILE", help="text on the license of the weights")
    add("--sources", type=Path, metavar="FILE",
        help="what the model was trained on, one line each")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Exports; returns the exit code."""
    from openvasa.audio.network import load_audio
    from openvasa.data.head import SHIPPED, load_basis
    from openvasa.data.head_mouth import mouth_mesh
    from openvasa.data.head_render import triangulate
    from openvasa.data.light import SHIPPED_LIGHT, load_light
    from openvasa.engine.export import example_inputs, export_bundle
    from openvasa.engine.graphs import graph_table
    from openvasa.engine.parity import parity
    from openvasa.train.motion_stage import load_trained

    head, light = arguments.head or SHIPPED, arguments.light or SHIPPED_LIGHT
    for path in (arguments.autoencoder, arguments.audio, head, light):
        if not path.is_file():
            raise InputError(f"there is no file '{path}': check the name.")
    latent, autoencoder = _load_autoencoder(arguments.autoencoder, arguments.latent)
    denoiser, motion, stats = load_trained(arguments.motion)
    basis = load_basis(head)
    bundle, _ = export_bundle(
        arguments.output,
        name=arguments.name,
        networks={
            "autoencoder": autoencoder, "denoiser": denoiser, "audio": load_audio(arguments.audio),
        },
        latent=latent,
        motion=motion,
        stats=stats,
        surface={
            "mean": basis.mean, **vars(triangulate(basis)), **mouth_mesh(basis).tensors(),
            **load_light(light).tensors(),
        },
        notice=_text(arguments.notice) or _NOTICE,
        sources=[line for line in _text(arguments.sources).splitlines() if line.strip()],
    )  # fmt: skip
    table = graph_table(latent, motion)
    for graph in parity(bundle, {name: example_inputs(spec) for name, spec in table.items()}):
        print(graph.row())
    size = sum(file.stat().st_size for file in bundle.path.iterdir())
    print(f"{bundle.path}: {size / 1e6:.1f} MB")
    return 0


def _load_autoencoder(path: Path, sizes: str | None) -> tuple[LatentConfig, FaceAutoencoder]:
    from safetensors import safe_open

    from openvasa.latent.autoencoder import FaceAutoencoder
    from openvasa.latent.config import PRESETS, latent_config
    from openvasa.train.checkpoint import load_weights

    with safe_open(str(path), framework="numpy") as file:
        stored = json.loads((file.metadata() or {}).get("config", "{}"))
    choice = sizes or stored.get("preset")
    if choice in PRESETS:
        config = PRESETS[choice]
    elif sizes is not None and Path(sizes).is_file():
        config = latent_config(json.loads(Path(sizes).read_text(encoding="utf-8")))
    elif "network" in stored:
        config = latent_config(stored["network"])
    else:
        raise InputError(
            f"'{path}' does not say its sizes: give --latent, one of {', '.join(PRESETS)} or a "
            "JSON file."
        )
    network = FaceAutoencoder(config)
    load_weights(path, network)
    return config, network


def _text(path: Path | None) -> str:
    return "" if path is None else path.read_text(encoding="utf-8")
