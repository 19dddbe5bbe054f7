"""`openvasa evaluate study`: guidance and steps swept over a list of cases, as VASA-1's Table 5."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from openvasa.commands.evaluate_benchmark import making_arguments
from openvasa.commands.evaluate_run import finish, made_cases, options_of, scored_cases, spread


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    making_arguments(parser)
    add = parser.add_argument
    add("--guidance-audio", type=_numbers, default=(0.0, 0.5, 1.0, 2.0), metavar="SCALE,...",
        help="scales of the sound's guidance, at the default steps (default: "
        "0,0.5,1,2)")  # fmt: skip
    add("--steps", type=_numbers, default=(2.0, 6.0, 10.0, 50.0), metavar="N,...",
        help="denoising steps, at the default guidance (default: 2,6,10,50)")  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Makes and judges the videos of every setting; each is a column of one table.

    Raises:
        InputError: The list or the model is not usable.
    """
    from openvasa.engine.animator import Animator
    from openvasa.metrics import benchmark
    from openvasa.metrics.summary import REAL

    listed = spread(benchmark.read_cases(arguments.list), arguments.limit)
    options, notes = options_of(arguments)
    making = benchmark.Making(
        Animator.load(arguments.model), None, arguments.seed, max(1, arguments.samples),
        arguments.seconds,
    )  # fmt: skip
    folder = arguments.output / "videos"
    jobs = [
        (replace(case, system=name), make)
        for name, asked in _settings(arguments)
        for case, make in benchmark.plan(
            listed, (benchmark.OURS,), replace(making, options=asked), folder / name
        )
    ]
    jobs += benchmark.plan(listed, (REAL,), making, folder)
    cases, failed = made_cases(jobs, arguments)
    scored = [*scored_cases(cases, arguments, options), *failed]
    finish(arguments, scored, notes, options, making.animator.bundle, "Guidance and steps")


def _settings(arguments: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of each setting, and its options of `Animator.animate`."""
    from openvasa.motion.config import GuidanceScales

    for scale in arguments.guidance_audio:
        yield f"audio {scale:g}", {"guidance": replace(GuidanceScales(), audio=scale)}
    for count in arguments.steps:
        yield f"steps {count:g}", {"steps": int(count)}


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no list of numbers, such as 2,6,10"
        ) from None
