"""The whole first evaluation: videos, figures, contact sheets and docs/results.md.

    python -m openvasa.metrics.first_results --portraits DIR --generated DIR --recordings DIR
        --task face_landmarker.task --identity SFACE.onnx --meter face_metrics.py --out DIR

Run again, it goes on where it stopped; other weights have their own folder in OUT. The meter is a
file of its own, and needs ffmpeg on PATH.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from openvasa.bundle import CONFIG_FILE
from openvasa.metrics.cases import Case, PortraitCase, Recording, plan, portraits, recordings
from openvasa.metrics.results import file_hash, write_results
from openvasa.metrics.runner import Settings, Tools, portrait_facts, run_case
from openvasa.metrics.track import FaceTrack
from openvasa.types import InputError
from openvasa.weights import DEFAULT_MODEL, load_model

_PROBED = (1, 3, 21)  # portraits whose codes are swapped: both sexes, two collections
_PROBE_SECONDS = 3.0
_STEERED = (0, 9, 20, 25, 31, 39)
_REFERENCE_STEP = 3  # of the real videos, every third
_tools: list[Tools] = []  # of this process


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        _run(arguments)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    paths = {
        "portraits": "folder of checkouts, named owner+repository (docs/data.md)",
        "generated": "folder of generated faces, SEED.png",
        "recordings": "folder of wav files, with npz files of timed phones",
        "task": "MediaPipe's face_landmarker.task",
        "identity": "SFace's .onnx file",
        "meter": "the meter, a Python file",
        "out": "folder for videos and figures",
    }
    for name, text in paths.items():
        parser.add_argument(f"--{name}", type=Path, required=True, help=text)
    parser.add_argument("--reference", type=Path, help="folder of real talking people (.mkv)")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a model's name or folder")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="where results.md goes")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each recording")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--limit", type=int, help="only the first so many cases")
    parser.add_argument("--all", action="store_true", help="every portrait, every recording")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    started = time.monotonic()
    people = portraits(arguments.portraits, arguments.generated)
    main_set, lip_set = recordings(arguments.recordings)
    cases = plan(people, main_set, lip_set, arguments.all)[: arguments.limit]
    weights = file_hash(load_model(arguments.model).path / CONFIG_FILE)
    settings = Settings(
        str(arguments.model), arguments.task, arguments.identity, arguments.meter,
        arguments.out / weights[:12], arguments.seconds,
    )  # fmt: skip
    rows = list(_all_rows(settings, cases, arguments.workers))
    for row in rows:
        if "error" in row:
            print(f"{row['name']}: {row['error']}", file=sys.stderr)
    tools = Tools.load(settings)
    facts = {person.name: portrait_facts(tools, person) for person in people}
    probes = _probed(tools, people, main_set)
    write_sheets(tools, cases, facts, arguments.docs / "images" / "results")
    write_results(
        arguments.docs / "results.md", people, rows, facts, probes,
        tools.animator.bundle, arguments.seconds, _reference(tools, arguments.reference),
    )  # fmt: skip
    tools.detector.close()
    print(f"{arguments.docs / 'results.md'}: {time.monotonic() - started:.0f} s")


def _all_rows(settings: Settings, cases: list[Case], workers: int) -> Iterator[dict[str, Any]]:
    """The results of all cases in order, made by several processes of one thread each."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the processes to come
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _start, (settings,)) as pool:
        yield from tqdm(pool.imap(_one, cases), "cases", len(cases), mininterval=5)


def _start(settings: Settings) -> None:
    _tools.append(Tools.load(settings))


def _one(case: Case) -> dict[str, Any]:
    return run_case(_tools[0], case)


def _probed(
    tools: Tools, people: list[PortraitCase], sounds: list[Recording]
) -> dict[str, list[dict[str, Any]]]:
    """What codes, conditions and controls change; made once."""
    from openvasa.metrics.codes import code_effects, condition_effects
    from openvasa.metrics.steering import steer

    stored = tools.settings.out / "probes.json"
    if stored.is_file():
        return dict(json.loads(stored.read_text(encoding="utf-8")))
    said = [recording.sound(_PROBE_SECONDS) for recording in sounds]
    few = [tools.avatar(people[k]) for k in _PROBED]
    more = [tools.avatar(people[k]) for k in _STEERED]
    heard = [said[k % len(said)] for k in range(len(more))]
    animator = tools.animator
    probes = {
        "codes": [asdict(e) for e in code_effects(animator, few, said[: len(few)])],
        "conditions": [asdict(e) for e in condition_effects(animator, few, said[: len(few)])],
        "steering": [asdict(e) for e in steer(animator, more, heard, tools.look)],
    }
    stored.write_text(json.dumps(probes), encoding="utf-8")
    return probes


def _reference(tools: Tools, folder: Path | None) -> list[dict[str, Any]]:
    """The meter's figures of videos of real people, so that ours have a measure."""
    stored = tools.settings.out / "reference.json"
    if folder is None:
        return []
    if not stored.is_file():
        videos = sorted(folder.glob("*.mkv"))[::_REFERENCE_STEP]
        rows = [{"meter": tools.meter.measure(str(v), tools.detector)} for v in videos]
        stored.write_text(json.dumps(rows), encoding="utf-8")
    return list(json.loads(stored.read_text(encoding="utf-8")))


def write_sheets(
    tools: Tools, cases: list[Case], facts: dict[str, dict[str, Any]], folder: Path
) -> None:
    """A sheet for each portrait's first video of ours, and the overview."""
    from openvasa.metrics.baselines import STILL_SIZE
    from openvasa.metrics.sheet import Tile, write_overview, write_sheet

    pairs = []
    done: set[str] = set()
    for case in cases:
        name, runs = case.portrait.name, tools.settings.out / "runs"
        track = runs / f"{case.name}.npz"
        if case.system != "ours" or name in done or not track.is_file():
            continue
        done.add(name)
        portrait = tools.avatar(case.portrait).crop(STILL_SIZE)
        video, yaw = runs / f"{case.name}.mp4", float(facts[name]["yaw"])
        tile = Tile("portrait", portrait, facts[name]["points"])
        widest = write_sheet(tile, video, FaceTrack.load(track), yaw, folder / f"{name}.jpg")
        pairs.append((name, portrait, widest))
    if pairs:
        write_overview(pairs, folder / "overview.jpg")


if __name__ == "__main__":
    sys.exit(main())
