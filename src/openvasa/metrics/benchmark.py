"""A list of cases -> videos by our model and by what it must beat, ready to be judged.

The list is CSV with a header, or JSON lines: `portrait`, `audio`, and where known `name`, `video`
(the real one), `same_person` (yes: it shows the portrait's person), `phones`, `gaze` (yaw,pitch),
`distance`, `emotion`; all else is kept as tags.
Paths are relative to the list. Videos that are there and were made the same way are kept.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openvasa import Animator, Avatar
from openvasa.bundle import CONFIG_FILE
from openvasa.media.audio import load_audio
from openvasa.metrics.baselines import SCRIPTED, write_scripted, write_shuffled, write_still
from openvasa.metrics.case_results import ResultFolder, fingerprint
from openvasa.metrics.summary import REAL, SAMPLE
from openvasa.metrics.video_case import VideoCase
from openvasa.types import SAMPLE_RATE, Array, Controls, InputError

OURS, PREVIOUS = "ours", "previous"
BASELINES = ("still", *SCRIPTED, "shuffled", PREVIOUS, REAL)
_PATHS = ("portrait", "audio", "video", "phones")
_KNOWN = (*_PATHS, "name", "gaze", "distance", "emotion", "phone_lag", "same_person")


@dataclass(frozen=True)
class BenchmarkCase:
    """One row of the list."""

    name: str
    portrait: Path
    audio: Path
    video: Path | None = None
    phones: Path | None = None
    phone_lag: float = 0.0
    controls: Controls = Controls()
    same_person: bool = False  # in the portrait and in the real video
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Making:
    """How videos are made.

    Attributes:
        animator: Our model.
        previous: An earlier model, or the folder of videos that an earlier release made of the
            same list, each named as its case; if one is compared.
        seed: Of the first sample.
        samples: Performances of each case by our model.
        seconds: Of each recording; longer ones are cut.
        options: More options of `Animator.animate`: guidance, steps.
    """

    animator: Animator
    previous: Animator | Path | None = None
    seed: int = 0
    samples: int = 1
    seconds: float | None = None
    options: dict[str, Any] = field(default_factory=dict)


def read_cases(path: Path) -> list[BenchmarkCase]:
    """Reads a list of cases.

    Raises:
        InputError: The list or a file it names is missing, or a row is not usable.
    """
    if not path.is_file():
        raise InputError(f"there is no file '{path}': give a list of cases, CSV or JSON lines.")
    cases = [_case(row, path.parent, k) for k, row in enumerate(_rows(path), 1)]
    names = [case.name for case in cases]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"'{path}' names the case '{name}' twice: give each a name.")
    if not cases:
        raise InputError(f"'{path}' lists no cases: a row has at least a portrait and an audio.")
    return cases


def plan(
    cases: Sequence[BenchmarkCase],
    systems: Sequence[str],
    making: Making,
    folder: Path,
    among: Sequence[BenchmarkCase] = (),
) -> list[tuple[VideoCase, Callable[[], None]]]:
    """What is to be judged, and how each video comes to be.

    Args:
        cases: The list.
        systems: `OURS` and any of `BASELINES`; the real video only where a row names one.
        making: The models and options.
        folder: Where videos go.
        among: A longer list that the cases are from, so that the wrong audio of a case does not
            change with how many are made.

    Returns:
        System by system; each video with what makes it, unless it is there.
    """
    jobs = []
    among = among or cases
    for system in systems:
        for case in cases:
            if system == PREVIOUS and isinstance(making.previous, Path):
                video = making.previous / f"{case.name}.mp4"
                jobs.append((_judged(case, PREVIOUS, case.name, video), _nothing))
            elif system != REAL:
                for k in range(making.samples if system == OURS else 1):
                    jobs.append(_job(case, system, k, among, making, folder))
            elif case.video is not None:
                jobs.append((_judged(case, REAL, case.name, case.video), _nothing))
    return jobs


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".csv":
            yield from csv.DictReader(text.splitlines())
            return
        for line in text.splitlines():
            if line.strip():
                yield json.loads(line)
    except (ValueError, csv.Error) as error:
        raise InputError(f"'{path}' is neither CSV nor JSON lines: {error}.") from error


def _case(row: dict[str, Any], base: Path, number: int) -> BenchmarkCase:
    given = {k: str(v).strip() for k, v in row.items() if k and v not in (None, "")}
    if not ("portrait" in given and "audio" in given):
        raise InputError(f"case {number} lacks a portrait or an audio: fill in both columns.")
    paths = {key: base / given[key] for key in _PATHS if key in given}
    for key, path in paths.items():
        if not path.is_file():
            raise InputError(f"case {number}: there is no file '{path}' ({key}).")
    name = given.get("name") or f"{paths['portrait'].stem}-{paths['audio'].stem}"
    if SAMPLE in name or "/" in name:
        raise InputError(f"case {number}: a name holds neither '{SAMPLE}' nor '/', not '{name}'.")
    try:
        gaze = tuple(float(part) for part in given["gaze"].split(",")) if "gaze" in given else None
        distance = float(given["distance"]) if "distance" in given else None
        mood, _, strength = given.get("emotion", "").partition(":")
        emotion = (mood, float(strength or 1)) if mood else None
        lag = float(given.get("phone_lag", 0))
    except ValueError as error:
        raise InputError(f"case {number}: gaze is two numbers, distance one ({error}).") from error
    if gaze is not None and len(gaze) != 2:
        raise InputError(f"case {number}: gaze is two angles, such as 10,-5.")
    return BenchmarkCase(
        name, paths["portrait"], paths["audio"], paths.get("video"), paths.get("phones"), lag,
        Controls(gaze=gaze, distance=distance, emotion=emotion),
        given.get("same_person", "") in ("yes", "true", "1"),
        {key: value for key, value in given.items() if key not in _KNOWN},
    )  # fmt: skip


def _job(
    case: BenchmarkCase, system: str, sample: int, cases: Sequence[BenchmarkCase], making: Making,
    folder: Path,
) -> tuple[VideoCase, Callable[[], None]]:  # fmt: skip
    name = case.name + (f"{SAMPLE}{sample + 1}" if making.samples > 1 and system == OURS else "")
    video = folder / system / f"{name}.mp4"
    others = [other for other in cases if other.audio != case.audio]
    other = others[cases.index(case) % len(others)] if others else None

    def make() -> None:
        _make(case, system, making.seed + sample, other, making, video)

    return _judged(case, system, name, video), make


def _judged(case: BenchmarkCase, system: str, name: str, video: Path) -> VideoCase:
    asked = system in (OURS, PREVIOUS)
    controls = case.controls
    shown = case.portrait if system != REAL or case.same_person else None
    return VideoCase(
        name, system, video, shown, None, case.phones, case.phone_lag,
        (controls.gaze or (0.0, 0.0)) if asked else None,
        (controls.distance or 1.0) if asked else None, case.tags, case.video,
    )  # fmt: skip


def _make(
    case: BenchmarkCase, system: str, seed: int, other: BenchmarkCase | None, making: Making,
    video: Path,
) -> None:  # fmt: skip
    animator = making.previous if system == PREVIOUS else making.animator
    if animator is None or isinstance(animator, Path):
        raise InputError("name the earlier model with --previous, or leave the baseline out.")
    if system == "shuffled" and other is None:
        raise InputError("shuffled audio needs a second recording: add another case.")
    video.parent.mkdir(parents=True, exist_ok=True)
    held = ResultFolder(video.parent / "made")
    heard = other.audio if other is not None and system == "shuffled" else None
    asked = (case.controls.gaze, case.controls.distance, case.controls.emotion)
    used = fingerprint(
        animator.bundle.path / CONFIG_FILE, case.portrait, case.audio, heard, seed,
        making.seconds, repr(asked), repr(making.options),
    )  # fmt: skip
    if video.is_file() and held.read(video.stem, used) is not None:
        return
    sound = _sound(case.audio, making.seconds)
    avatar = animator.prepare(case.portrait)
    if system == "still":
        write_still(avatar, sound, video)
    elif system in SCRIPTED:
        write_scripted(system, animator, avatar, sound, video)
    elif heard is not None:
        write_shuffled(animator, avatar, sound, _sound(heard, making.seconds), video)
    else:
        _animate(animator, avatar, case, sound, seed, making, video)
    held.write(video.stem, used, {})


def _animate(
    animator: Animator, avatar: Avatar, case: BenchmarkCase, sound: Array, seed: int,
    making: Making, video: Path,
) -> None:  # fmt: skip
    clip = animator.animate(avatar, sound, controls=case.controls, seed=seed, **making.options)
    clip.save(video)


def _sound(path: Path, seconds: float | None) -> Array:
    sound = load_audio(path)
    return sound if seconds is None else sound[: round(seconds * SAMPLE_RATE)]


def _nothing() -> None:
    return None
