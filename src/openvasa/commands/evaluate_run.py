"""What all kinds of `openvasa evaluate` do: judge cases, write reports, show progress."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from openvasa.types import Array, InputError

VIDEO_ENDINGS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".mpg", ".m4v")
PHOTO_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_STRIDE = 0.618  # of the list's length, from one chosen item to the next: the golden section
Item = TypeVar("Item")


def spread(items: Sequence[Item], limit: int | None) -> list[Item]:
    """Some items of a list, spread over it, in its order.

    Args:
        items: The list.
        limit: How many; None takes all. What a smaller limit took, a larger one takes too.
    """
    count = len(items)
    if limit is None or limit >= count:
        return list(items)
    stride = max(1, round(_STRIDE * count))
    while math.gcd(stride, count) > 1:
        stride += 1
    return [items[k] for k in sorted(k * stride % count for k in range(max(0, limit)))]


def lip_map(points: Array, sound: Array) -> tuple[Any, Any]:
    """What lips do and what the sound says of them, by the small map that ships.

    Args:
        points: f32 [T, 478, 3].
        sound: f32 [640 T] at 16 kHz.

    Returns:
        Two of f64 [T, 5], in units of their own spread.
    """
    from openvasa.data.lip_prediction import lip_curves, load_prediction

    prediction = load_prediction()
    assert prediction is not None
    heard = prediction(np.rint(np.clip(sound, -1, 1) * 32767).astype(np.int16))
    return lip_curves(points), (heard - heard.mean(0)) / (heard.std(0) + 1e-6)


def options_of(arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    """How videos are judged, and a sentence for each judgment that is left out."""
    from openvasa.data.lip_prediction import load_prediction
    from openvasa.metrics.judges import Judges
    from openvasa.metrics.video_case import Options

    judges = Judges(arguments.judges)
    notes = judges.missing()
    known = load_prediction() is not None
    if not known:
        notes.append("The lip map is left out: it was fitted to another audio encoder than ships.")
    return Options(judges=judges, lip_map=lip_map if known else None), notes


def scored_cases(
    cases: Sequence[Any], arguments: argparse.Namespace, options: Any
) -> Iterator[Any]:
    """Judges cases in order, with a bar; results are kept in OUTPUT/work."""
    from openvasa.metrics.scoring import score_all

    rows = score_all(cases, arguments.output / "work", options, arguments.workers)
    yield from bar(rows, "judging", len(cases))


def made_cases(jobs: Sequence[Any], arguments: argparse.Namespace) -> tuple[list[Any], list[Any]]:
    """Makes the videos of planned cases.

    Args:
        jobs: Of `openvasa.metrics.benchmark.plan`.
        arguments: Their `output` is where results go.

    Returns:
        Cases to judge, and those that could not be made, with the reason.
    """
    from openvasa.metrics.scoring import Scored

    cases, failed = [], []
    for case, make in bar(jobs, "making", len(jobs)):
        try:
            make()
            cases.append(case)
        except InputError as error:
            failed.append(Scored(case, {}, str(error), arguments.output / "work"))
    return cases, failed


def finish(
    arguments: argparse.Namespace, scored: list[Any], notes: list[str], options: Any,
    bundle: Any, title: str, extra: dict[str, Any] | None = None, more: str = "",
) -> None:  # fmt: skip
    """Writes the report, its page and, where it is asked for, the document; shows the table.

    Args:
        arguments: The command's.
        scored: What was judged.
        notes: What was left out.
        options: How it was judged.
        bundle: The model that made the videos, if this run made any.
        title: Of the page.
        extra: More for report.json, by name.
        more: HTML above the page's table.
    """
    from openvasa.metrics import report
    from openvasa.metrics.page import write_page
    from openvasa.metrics.results import write_results

    seed = getattr(arguments, "seed", 0)
    command = ["openvasa", *sys.argv[1:]]
    made_with = report.provenance(command, seed, options.judges, bundle)
    found = report.assemble(scored, made_with, notes, seed)
    found.extra = extra or {}
    report.write_report(found, arguments.output / "report.json")
    write_page(found, arguments.output / "report.html", title, more)
    if getattr(arguments, "results", None) is not None:
        write_results(found, arguments.results)
    print(report.terminal_table(found))
    for note in found.notes:
        print(note, file=sys.stderr)


def files_in(folder: Path | None, endings: tuple[str, ...], deep: bool = False) -> list[Path]:
    """Files of some kinds in a folder, by name; hidden ones do not count.

    Raises:
        InputError: There is no such folder.
    """
    if folder is None:
        return []
    if not folder.is_dir():
        raise InputError(f"there is no folder '{folder}': check the name.")
    found = folder.rglob("*") if deep else folder.glob("*")
    return sorted(p for p in found if p.suffix.lower() in endings and not p.name.startswith("."))


def bar(items: Any, what: str, total: int) -> Any:
    """The items one by one, with a bar of progress on a terminal."""
    from tqdm import tqdm

    # disable=None: no bar where the output is not a terminal.
    return tqdm(items, what, total, unit="video", dynamic_ncols=True, disable=None)
