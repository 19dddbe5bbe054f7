"""`openvasa evaluate`: judges finished videos, or makes and judges those of a list of cases."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from openvasa.types import Array, InputError
from openvasa.weights import DEFAULT_MODEL

VIDEO_ENDINGS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".mpg", ".m4v")
PHOTO_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")

_DESCRIPTION = """\
Measures talking-face videos: lip sync, lips, head motion, blinks, gaze, identity, picture quality.
Writes DIR/report.json, DIR/report.html and a table. Run again, it goes on where it stopped."""

_EXAMPLES = """\
examples:
  openvasa evaluate videos their_outputs/ -o out --portraits photos/ --judges judges/
  openvasa evaluate benchmark benchmark/cases.csv -o out --baselines still,puppet,real
  openvasa evaluate corruptions real_clips/ -o out --judges judges/

Networks that judge (identity, LPIPS, FID, FVD, sync ...) are files in the folder given with
--judges; what is missing is left out and told. docs/evaluation.md says where they come from."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds what can be evaluated."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    kinds = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    videos = kinds.add_parser("videos", help="finished videos of any system")
    videos.add_argument("folder", type=Path, metavar="FOLDER",
                        help="videos; those in folders inside it count as systems of that "
                        "name")  # fmt: skip
    videos.add_argument("--portraits", type=Path, metavar="FOLDER",
                        help="the photos, named as the videos")  # fmt: skip
    benchmark = kinds.add_parser("benchmark", help="a list of cases: makes the videos too")
    benchmark.add_argument("list", type=Path, metavar="FILE",
                           help="CSV or JSON lines: portrait, audio, ...")  # fmt: skip
    _making(benchmark)
    corrupt = kinds.add_parser("corruptions", help="which figure notices which damage")
    corrupt.add_argument("folder", type=Path, metavar="FOLDER", help="real videos, with sound")
    floors = kinds.add_parser("floors", help="how far the meters err on drawn heads")
    floors.add_argument("portraits", type=Path, metavar="FOLDER",
                        help="made by openvasa.data.portraits; held-out people are "
                        "drawn")  # fmt: skip
    for kind in (videos, benchmark, corrupt, floors):
        _shared(kind, references=kind in (videos, benchmark))


def _making(parser: argparse.ArgumentParser) -> None:
    from openvasa.commands.animate import _guidance, _seed, _steps

    add = parser.add_argument
    add("--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})")  # fmt: skip
    add("--baselines", default="still,puppet,melregression,shuffled,real", metavar="NAME,...",
        help="also judged: still, puppet, melregression, shuffled, previous, real; or none "
        "(default: all but previous)")  # fmt: skip
    add("--previous", metavar="FOLDER", help="the model of the baseline previous")
    add("--samples", type=int, default=1, metavar="N",
        help="performances of each case, averaged; the paper takes 3 (default: 1)")  # fmt: skip
    add("--seconds", type=float, metavar="S", help="of each recording (default: all)")
    add("--seed", type=_seed, default=0, metavar="N", help="of the first sample (default: 0)")
    add("--guidance", type=_guidance, metavar="NAME=SCALE,...", help="as for animate")
    add("--steps", type=_steps, metavar="N", help="as for animate")
    add("--results", type=Path, metavar="FILE.md", help="also write the table as a document")


def _shared(parser: argparse.ArgumentParser, *, references: bool) -> None:
    add = parser.add_argument
    add("-o", "--output", type=Path, required=True, metavar="DIR", help="made if missing")
    add("--judges", type=Path, metavar="FOLDER", help="networks that judge")
    add("--workers", type=int, default=1, metavar="N", help="videos at a time (default: 1)")
    add("--limit", type=int, metavar="N", help="only the first N cases")
    if references:
        add("--references", type=Path, metavar="FOLDER",
            help="real videos: for FID and FVD, and frame by frame where names agree")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Evaluates; returns the exit code."""
    if arguments.workers < 1:
        raise InputError("--workers must be at least 1.")
    arguments.output.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    kinds = {"videos": _videos, "benchmark": _benchmark, "corruptions": _corruptions,
             "floors": _floors}  # fmt: skip
    kinds[arguments.what](arguments)
    print(f"{arguments.output}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    return 0


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


def _options(arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    from openvasa.data.lip_prediction import load_prediction
    from openvasa.metrics.judges import Judges
    from openvasa.metrics.video_case import Options

    judges = Judges(arguments.judges)
    notes = judges.missing()
    known = load_prediction() is not None
    if not known:
        notes.append("The lip map is left out: it was fitted to another audio encoder than ships.")
    return Options(judges=judges, lip_map=lip_map if known else None), notes


def _videos(arguments: argparse.Namespace) -> None:
    from openvasa.metrics.summary import REAL
    from openvasa.metrics.video_case import VideoCase

    options, notes = _options(arguments)
    references = {p.stem: p for p in _files(arguments.references, VIDEO_ENDINGS)}
    portraits = {p.stem: p for p in _files(arguments.portraits, PHOTO_ENDINGS)}
    cases = [
        VideoCase(video.stem, _system(video, arguments.folder), video, portraits.get(video.stem),
                  references.get(video.stem))
        for video in _files(arguments.folder, VIDEO_ENDINGS, deep=True)
    ][: arguments.limit]  # fmt: skip
    if not cases:
        raise InputError(f"there is no video in '{arguments.folder}': name a folder of videos.")
    lost = sum(case.portrait is None for case in cases)
    if arguments.portraits is not None and lost:
        notes.append(f"{lost} videos have no portrait of their name: identity is left out there.")
    cases += [VideoCase(name, REAL, video) for name, video in references.items()]
    scored = list(_scored(cases, arguments, options))
    _finish(arguments, scored, notes, options, None, "Evaluation of finished videos")


def _benchmark(arguments: argparse.Namespace) -> None:
    from openvasa.engine.animator import Animator
    from openvasa.metrics import benchmark
    from openvasa.metrics.scoring import Scored
    from openvasa.metrics.summary import REAL
    from openvasa.metrics.video_case import VideoCase

    baselines = _names(arguments.baselines, benchmark.BASELINES)
    listed = benchmark.read_cases(arguments.list)[: arguments.limit]
    if "previous" in baselines and arguments.previous is None:
        raise InputError("the baseline 'previous' needs --previous FOLDER, an earlier model.")
    options, notes = _options(arguments)
    asked = {"guidance": arguments.guidance, "steps": arguments.steps}
    making = benchmark.Making(
        Animator.load(arguments.model),
        Animator.load(arguments.previous) if "previous" in baselines else None,
        arguments.seed, max(1, arguments.samples), arguments.seconds,
        {name: value for name, value in asked.items() if value is not None},
    )  # fmt: skip
    jobs = benchmark.plan(listed, baselines, making, arguments.output / "videos")
    cases, failed = [], []
    for case, make in _bar(jobs, "making", len(jobs)):
        try:
            make()
            cases.append(case)
        except InputError as error:
            failed.append(Scored(case, {}, str(error), arguments.output / "work"))
    for video in _files(arguments.references, VIDEO_ENDINGS):
        cases.append(VideoCase(video.stem, REAL, video))
    scored = [*_scored(cases, arguments, options), *failed]
    _finish(arguments, scored, notes, options, making.animator.bundle, "Benchmark")


def _corruptions(arguments: argparse.Namespace) -> None:
    from openvasa.metrics import corruption_table, corruptions

    options, notes = _options(arguments)
    videos = _files(arguments.folder, VIDEO_ENDINGS)[: arguments.limit]
    if len(videos) < 3:
        raise InputError(f"'{arguments.folder}' holds {len(videos)} videos: give at least 3.")
    made = arguments.output / "videos"
    jobs = corruptions.plan(videos, made)
    cases = []
    for case, make in _bar(jobs, "corrupting", len(jobs)):
        make()
        cases.append(case)
    scored = list(_scored(cases, arguments, options))
    table = corruption_table.drops(scored)
    extra = {"corruptions": corruption_table.as_json(table)}
    _finish(arguments, scored, notes, options, None, "Which figure notices which damage",
            extra, corruption_table.as_html(table))  # fmt: skip
    print(corruption_table.as_text(table))


def _floors(arguments: argparse.Namespace) -> None:
    import json

    from openvasa.commands.evaluate_floors import as_text, measure_floors
    from openvasa.metrics.case_results import write_whole
    from openvasa.metrics.judges import Judges

    found = measure_floors(arguments.portraits, Judges(arguments.judges), arguments.limit or 20)
    write_whole(arguments.output / "floors.json", json.dumps(found, indent=1) + "\n")
    print(as_text(found))


def _scored(cases: Sequence[Any], arguments: argparse.Namespace, options: Any) -> Iterator[Any]:
    from openvasa.metrics.scoring import score_all

    rows = score_all(cases, arguments.output / "work", options, arguments.workers)
    yield from _bar(rows, "judging", len(cases))


def _finish(
    arguments: argparse.Namespace, scored: list[Any], notes: list[str], options: Any,
    bundle: Any, title: str, extra: dict[str, Any] | None = None, more: str = "",
) -> None:  # fmt: skip
    from openvasa.metrics import report
    from openvasa.metrics.page import write_page

    seed = getattr(arguments, "seed", 0)
    command = ["openvasa", *sys.argv[1:]]
    made_with = report.provenance(command, seed, options.judges, bundle)
    found = report.assemble(scored, made_with, notes, seed)
    found.extra = extra or {}
    report.write_report(found, arguments.output / "report.json")
    write_page(found, arguments.output / "report.html", title, more)
    if getattr(arguments, "results", None) is not None:
        report.write_markdown(found, arguments.results, "Not looked at yet.")
    print(report.terminal_table(found))
    for note in found.notes:
        print(note, file=sys.stderr)


def _names(text: str, known: Sequence[str]) -> list[str]:
    names = [name for name in text.split(",") if name and name != "none"]
    for name in names:
        if name not in known:
            raise InputError(f"there is no baseline '{name}': choose from {', '.join(known)}.")
    return names


def _system(video: Path, folder: Path) -> str:
    inner = video.parent.relative_to(folder)
    return inner.parts[0] if inner.parts else folder.resolve().name or "videos"


def _files(folder: Path | None, endings: tuple[str, ...], deep: bool = False) -> list[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise InputError(f"there is no folder '{folder}': check the name.")
    found = folder.rglob("*") if deep else folder.glob("*")
    return sorted(p for p in found if p.suffix.lower() in endings and not p.name.startswith("."))


def _bar(items: Any, what: str, total: int) -> Any:
    from tqdm import tqdm

    # disable=None: no bar where the output is not a terminal.
    return tqdm(items, what, total, unit="video", dynamic_ncols=True, disable=None)
