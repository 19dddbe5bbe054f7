"""`openvasa evaluate`: judges finished videos, or makes and judges those of a list of cases."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from openvasa.commands import (
    evaluate_benchmark,
    evaluate_controls,
    evaluate_latent,
    evaluate_lips,
    evaluate_mark,
    evaluate_speech,
    evaluate_study,
)
from openvasa.commands.evaluate_run import (
    PHOTO_ENDINGS,
    VIDEO_ENDINGS,
    bar,
    files_in,
    finish,
    options_of,
    scored_cases,
    spread,
)
from openvasa.types import InputError

_DESCRIPTION = """\
Measures talking-face videos: lip sync, lips, head motion, blinks, gaze, identity, picture quality.
Writes DIR/report.json, DIR/report.html and a table. Run again, it goes on where it stopped."""

_EXAMPLES = """\
examples:
  openvasa evaluate videos their_outputs/ -o out --portraits photos/ --judges judges/
  openvasa evaluate benchmark cases/cases.csv -o out --baselines still,puppet,real
  openvasa evaluate study cases/cases.csv -o out --judges judges/
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
    evaluate_benchmark.configure(benchmark)
    study = kinds.add_parser("study", help="a sweep of guidance and steps over a list of cases")
    evaluate_study.configure(study)
    corrupt = kinds.add_parser("corruptions", help="which figure notices which damage")
    corrupt.add_argument("folder", type=Path, metavar="FOLDER", help="real videos, with sound")
    floors = kinds.add_parser("floors", help="how far the meters err on drawn heads")
    floors.add_argument("portraits", type=Path, metavar="FOLDER",
                        help="made by openvasa.data.portraits; held-out people are "
                        "drawn")  # fmt: skip
    experts = kinds.add_parser("experts", help="how our own sync and CAPP experts behave")
    experts.add_argument("folder", type=Path, metavar="FOLDER",
                         help="real videos with sound; a name up to its first _ is the "
                         "person")  # fmt: skip
    mark = kinds.add_parser("mark", help="what the invisible mark withstands")
    evaluate_mark.configure(mark)
    latent = evaluate_latent.add(kinds)
    controls = kinds.add_parser("controls", help="whether controls do what they say, and life")
    evaluate_controls.configure(controls)
    said = kinds.add_parser("speech", help="lips against phones, language by language")
    evaluate_speech.configure(said)
    lips = kinds.add_parser("lips", help="lips against those of the real speaker")
    evaluate_lips.configure(lips)
    for kind in (
        videos, benchmark, study, corrupt, floors, experts, mark, latent, controls, said, lips
    ):  # fmt: skip
        _shared(kind, references=kind in (videos, benchmark))


def run(arguments: argparse.Namespace) -> int:
    """Evaluates; returns the exit code."""
    if arguments.workers < 1:
        raise InputError("--workers must be at least 1.")
    arguments.output.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    _RUNS[arguments.what](arguments)
    print(f"{arguments.output}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    return 0


def _shared(parser: argparse.ArgumentParser, *, references: bool) -> None:
    add = parser.add_argument
    add("-o", "--output", type=Path, required=True, metavar="DIR", help="made if missing")
    add("--judges", type=Path, metavar="FOLDER", help="networks that judge")
    add("--workers", type=int, default=1, metavar="N", help="videos at a time (default: 1)")
    add("--limit", type=int, metavar="N", help="only N cases, spread over the list")
    if references:
        add("--references", type=Path, metavar="FOLDER",
            help="real videos: for FID and FVD, and frame by frame where names agree")  # fmt: skip


def _videos(arguments: argparse.Namespace) -> None:
    from openvasa.metrics.summary import REAL
    from openvasa.metrics.video_case import VideoCase

    options, notes = options_of(arguments)
    references = {p.stem: p for p in files_in(arguments.references, VIDEO_ENDINGS)}
    portraits = {p.stem: p for p in files_in(arguments.portraits, PHOTO_ENDINGS)}
    found = files_in(arguments.folder, VIDEO_ENDINGS, deep=True)
    cases = [
        VideoCase(video.stem, _system(video, arguments.folder), video, portraits.get(video.stem),
                  references.get(video.stem), speaker=references.get(video.stem))
        for video in spread(found, arguments.limit)
    ]  # fmt: skip
    if not cases:
        raise InputError(f"there is no video in '{arguments.folder}': name a folder of videos.")
    lost = sum(case.portrait is None for case in cases)
    if arguments.portraits is not None and lost:
        notes.append(f"{lost} videos have no portrait of their name: identity is left out there.")
    cases += [VideoCase(name, REAL, video) for name, video in references.items()]
    scored = list(scored_cases(cases, arguments, options))
    finish(arguments, scored, notes, options, None, "Evaluation of finished videos")


def _corruptions(arguments: argparse.Namespace) -> None:
    from openvasa.metrics import corruption_table, corruptions

    options, notes = options_of(arguments)
    videos = spread(files_in(arguments.folder, VIDEO_ENDINGS), arguments.limit)
    if len(videos) < 3:
        raise InputError(f"'{arguments.folder}' holds {len(videos)} videos: give at least 3.")
    made = arguments.output / "videos"
    jobs = corruptions.plan(videos, made)
    cases = []
    for case, make in bar(jobs, "corrupting", len(jobs)):
        make()
        cases.append(case)
    scored = list(scored_cases(cases, arguments, options))
    table = corruption_table.drops(scored)
    extra = {"corruptions": corruption_table.as_json(table)}
    finish(arguments, scored, notes, options, None, "Which figure notices which damage",
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


def _experts(arguments: argparse.Namespace) -> None:
    import json

    from openvasa.commands.evaluate_experts import as_text, measure_experts
    from openvasa.metrics.case_results import write_whole
    from openvasa.metrics.judges import Judges

    videos = spread(files_in(arguments.folder, VIDEO_ENDINGS), arguments.limit)
    found = measure_experts(videos, Judges(arguments.judges))
    write_whole(arguments.output / "experts.json", json.dumps(found, indent=1) + "\n")
    print(as_text(found))


def _system(video: Path, folder: Path) -> str:
    inner = video.parent.relative_to(folder)
    return inner.parts[0] if inner.parts else folder.resolve().name or "videos"


_RUNS: dict[str, Callable[[argparse.Namespace], None]] = {
    "videos": _videos, "benchmark": evaluate_benchmark.run, "study": evaluate_study.run,
    "corruptions": _corruptions, "floors": _floors, "experts": _experts, "mark": evaluate_mark.run,
    "latent": evaluate_latent.run, "controls": evaluate_controls.run, "speech": evaluate_speech.run,
    "lips": evaluate_lips.run,
}  # fmt: skip
