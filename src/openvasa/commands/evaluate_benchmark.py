"""`openvasa evaluate benchmark`: makes the videos of a list of cases, then judges them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from openvasa import Animator
from openvasa.bundle import CONFIG_FILE
from openvasa.commands.evaluate_run import (
    VIDEO_ENDINGS,
    files_in,
    finish,
    made_cases,
    options_of,
    scored_cases,
    spread,
)
from openvasa.types import InputError
from openvasa.weights import DEFAULT_MODEL


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    from openvasa.commands.performance_flags import guidance, steps

    making_arguments(parser)
    add = parser.add_argument
    add("--baselines", default="still,puppet,melregression,neighbor,shuffled,real",
        metavar="NAME,...", help="also judged: still, puppet, melregression, neighbor, shuffled, "
        "previous, real; or none (default: all but previous)")  # fmt: skip
    add("--previous", type=Path, metavar="FOLDER",
        help="of the baseline previous: a model, or the videos that an earlier release made of "
        "FILE")  # fmt: skip
    add("--guidance", type=guidance, metavar="NAME=SCALE,...", help="as for animate")
    add("--steps", type=steps, metavar="N", help="as for animate")
    add("--probes", action="store_true",
        help="also what each code, condition and control of the model changes")  # fmt: skip
    add("--results", type=Path, metavar="FILE.md", help="also write the tables as a document")


def making_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what every command takes that makes the videos of a list."""
    from openvasa.commands.performance_flags import seed

    add = parser.add_argument
    add("list", type=Path, metavar="FILE", help="CSV or JSON lines: portrait, audio, ...")
    add("--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})")  # fmt: skip
    add("--samples", type=int, default=1, metavar="N",
        help="performances of each case, averaged; the paper takes 3 (default: 1)")  # fmt: skip
    add("--seconds", type=float, metavar="S", help="of each recording (default: all)")
    add("--seed", type=seed, default=0, metavar="N", help="of the first sample (default: 0)")


def run(arguments: argparse.Namespace) -> None:
    """Makes and judges.

    Raises:
        InputError: The list, a baseline or a model is not usable.
    """
    from openvasa.metrics import benchmark, probes
    from openvasa.metrics.summary import REAL
    from openvasa.metrics.video_case import VideoCase

    baselines = _names(arguments.baselines, benchmark.BASELINES)
    everyone = benchmark.read_cases(arguments.list)
    listed = spread(everyone, arguments.limit)
    if "previous" in baselines and arguments.previous is None:
        raise InputError("the baseline 'previous' needs --previous FOLDER, an earlier model.")
    options, notes = options_of(arguments)
    asked = {"guidance": arguments.guidance, "steps": arguments.steps}
    making = benchmark.Making(
        Animator.load(arguments.model),
        _previous(arguments.previous) if "previous" in baselines else None,
        arguments.seed, max(1, arguments.samples), arguments.seconds,
        {name: value for name, value in asked.items() if value is not None},
    )  # fmt: skip
    systems = (benchmark.OURS, *baselines)
    jobs = benchmark.plan(listed, systems, making, arguments.output / "videos", everyone)
    cases, failed = made_cases(jobs, arguments)
    for video in files_in(arguments.references, VIDEO_ENDINGS):
        cases.append(VideoCase(video.stem, REAL, video))
    extra, more = {}, ""
    if arguments.probes:
        found = probes.probe(making.animator, everyone, arguments.output / "work", options.judges)
        extra, more = {"probes": found}, probes.as_html(found)
    scored = [*scored_cases(cases, arguments, options), *failed]
    finish(arguments, scored, notes, options, making.animator.bundle, "Benchmark", extra, more)


def _previous(folder: Path) -> Animator | Path:
    """A model, or the videos of a release whose models this one cannot read."""
    if not folder.is_dir():
        raise InputError(f"there is no folder '{folder}': give a model's or one of videos.")
    return Animator.load(folder) if (folder / CONFIG_FILE).is_file() else folder


def _names(text: str, known: Sequence[str]) -> list[str]:
    names = [name for name in text.split(",") if name and name != "none"]
    for name in names:
        if name not in known:
            raise InputError(f"there is no baseline '{name}': choose from {', '.join(known)}.")
    return names
