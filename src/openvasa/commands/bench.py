"""`openvasa bench`: how fast this machine animates; a table, then one line of JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from openvasa.commands.performance_flags import number, whole
from openvasa.types import InputError
from openvasa.weights import DEFAULT_MODEL

_EXAMPLE = Path("examples/portrait.jpg"), Path("examples/speech.wav")

_DESCRIPTION = """\
Runs the whole job, from the photo to the finished video, and prints CPU milliseconds a frame for
each stage, frames a second, memory, and how soon a live stream shows its first frame. Several
backends are measured in turns, each in a process of its own. The last line is the same as JSON.

With --lengths or --steps it measures something else: what a minute of video costs as recordings get
longer, or what denoising steps cost and change."""


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
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--lengths", type=_numbers, metavar="SECONDS,...",
        help="make videos of these lengths, one frame of --every drawn, and tell what a minute "
        "costs, what memory is held and how far sound and pictures drift")  # fmt: skip
    other.add_argument("--steps", type=_numbers, metavar="N,...",
        help="perform with these numbers of denoising steps; example: 50,10,6,4,2")  # fmt: skip
    add("--every", type=_every, default=25, metavar="N",
        help="of how many frames --lengths draws one; 1 is all (default: 25)")  # fmt: skip
    add("--plot", type=Path, metavar="FILE.svg", help="draw what --lengths or --steps found")


def run(arguments: argparse.Namespace) -> int:
    """Measures; returns the exit code."""
    for path in (arguments.portrait, arguments.audio):
        if not path.is_file():
            raise InputError(f"there is no file '{path}': name a portrait and a recording.")
    if arguments.lengths is not None:
        _lengths(arguments)
    elif arguments.steps is not None:
        _steps(arguments)
    else:
        _whole_job(arguments)
    return 0


def _whole_job(arguments: argparse.Namespace) -> None:
    from openvasa.engine.bench import bench, line, table

    reports = bench(
        arguments.model, arguments.portrait, arguments.audio, framing=arguments.framing,
        backends=arguments.backends, rounds=arguments.rounds,
        progress=lambda name: _say(f"measuring {name}"),
    )  # fmt: skip
    print(table(reports))
    print(line(reports))


def _lengths(arguments: argparse.Namespace) -> None:
    from openvasa.engine.animator import Animator
    from openvasa.engine.endurance import endure

    animator = Animator.load(arguments.model)
    rows = endure(
        animator, animator.prepare(arguments.portrait), arguments.audio, arguments.lengths,
        every=arguments.every, progress=lambda stretch: _say(f"{stretch.seconds:g} s are made"),
    )  # fmt: skip
    print(f"{'seconds':>8}{'CPU s/min':>11}{'MB first':>10}{'last':>8}{'drift ms':>10}")
    for row in rows:
        first, last = (row.memory_mb or (0.0,))[:: max(len(row.memory_mb) - 1, 1)][:2]
        print(f"{row.seconds:>8g}{row.cpu_s:>11.2f}{first:>10.0f}{last:>8.0f}{row.drift_ms:>10.2f}")
    _draw(
        arguments.plot, f"A minute of video, one frame of {arguments.every} drawn",
        "length of the recording, s", "CPU s a minute", [(r.seconds, r.cpu_s) for r in rows],
    )  # fmt: skip
    print(json.dumps([asdict(row) for row in rows]))


def _steps(arguments: argparse.Namespace) -> None:
    from openvasa.engine.animator import Animator
    from openvasa.engine.step_sweep import sweep_steps

    rows = sweep_steps(
        Animator.load(arguments.model), arguments.audio, [int(n) for n in arguments.steps],
        progress=lambda steps: _say(f"{steps} steps"),
    )  # fmt: skip
    print(f"{'steps':>6}{'ms/frame':>10}{'apart':>8}{'size':>8}{'shake':>8}")
    for row in rows:
        print(
            f"{row.steps:>6}{row.motion_ms:>10.2f}{row.apart:>8.3f}{row.size:>8.3f}{row.shake:>8.3f}"
        )
    print(f"apart of two seeds: {rows[0].other_seed:.3f}")
    _draw(
        arguments.plot, f"Distance to {rows[0].steps} denoising steps (points: steps)",
        "motion, CPU ms a frame", "distance, standard deviations of z_dyn",
        [(row.motion_ms, row.apart) for row in rows],
    )  # fmt: skip
    print(json.dumps([asdict(row) for row in rows]))


def _draw(
    path: Path | None, title: str, across: str, up: str, points: list[tuple[float, float]]
) -> None:
    """Writes the plot, if one is asked for, whole or not at all."""
    if path is None:
        return
    from openvasa.metrics.line_plot import line_plot

    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(line_plot(title, across, up, points, logarithmic=True), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise InputError(f"cannot write '{path}': {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _numbers(text: str) -> list[float]:
    values = [number(part, "each of the list") for part in text.split(",")]
    if min(values) < 1:
        raise argparse.ArgumentTypeError(f"each of the list must be at least 1, not '{text}'")
    return values


def _every(text: str) -> int:
    return whole(text, "the number of frames", 1, 1_000_000)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _rounds(text: str) -> int:
    return whole(text, "the number of rounds", 1, 100)
