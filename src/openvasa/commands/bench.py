"""`openvasa bench`: how fast this machine animates; a table, then one line of JSON."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from openvasa.commands.performance_flags import whole
from openvasa.types import InputError
from openvasa.weights import DEFAULT_MODEL

_EXAMPLE = Path("examples/portrait.jpg"), Path("examples/speech.wav")

_DESCRIPTION = """\
Runs the whole job, from the photo to the finished video, and prints CPU milliseconds a frame for
each stage, frames a second, memory, and how soon a live stream shows its first frame. Several
backends are measured in turns, each in a process of its own. The last line is the same as JSON."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this verb."""
    parser.description = _DESCRIPTION
    add = parser.add_argument
    add("portrait", nargs="?", type=Path, default=_EXAMPLE[0], metavar="PORTRAIT",
        help=f"the photo (default: {_EXAMPLE[0]})")  # fmt: skip
    add("audio", nargs="?", type=Path, default=_EXAMPLE[1], metavar="AUDIO",
        help=f"the recording (default: {_EXAMPLE[1]})")  # fmt: skip
    add("--framing", choices=("crop", "full"), default="crop",
        help="as for animate (default: crop)")  # fmt: skip
    add("--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})")  # fmt: skip
    add("--backends", type=_names, default=("onnx",), metavar="NAME,...",
        help="onnx, openvino, torch, and where there is a GPU cuda or tensorrt; torch is the "
        "reference that the others' frames are compared with (default: onnx)")  # fmt: skip
    add("--rounds", type=_rounds, default=1, metavar="N",
        help="how often each is measured; medians are told (default: 1)")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Measures; returns the exit code."""
    for path in (arguments.portrait, arguments.audio):
        if not path.is_file():
            raise InputError(f"there is no file '{path}': name a portrait and a recording.")
    from openvasa.engine.bench import bench, line, table

    reports = bench(
        arguments.model, arguments.portrait, arguments.audio, framing=arguments.framing,
        backends=arguments.backends, rounds=arguments.rounds,
        progress=lambda name: print(f"measuring {name}", file=sys.stderr),
    )  # fmt: skip
    print(table(reports))
    print(line(reports))
    return 0


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _rounds(text: str) -> int:
    return whole(text, "the number of rounds", 1, 100)
