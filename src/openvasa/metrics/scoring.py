"""Judges videos, case by case and group by group, and goes on where it was stopped.

A group is what one pass over a video gives: `face` (points, and all that follows from them),
`sync`, `capp`, `pictures`, `compared` (against the real video), `lips` (against those of whoever
really spoke) and `features` (for FID and FVD).
Each is committed on its own. A video that cannot be judged is told and the others go on.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PilImage

from openvasa.metrics.capp import capp_score
from openvasa.metrics.case_results import ResultFolder, fingerprint
from openvasa.metrics.face_figures import capp_rows, face_figures
from openvasa.metrics.face_sequence import FaceFollower, FaceSequence
from openvasa.metrics.feature_samples import features_of
from openvasa.metrics.judges import I3D, INCEPTION, OWN_CAPP, OWN_SYNC, SYNCNET
from openvasa.metrics.lip_agreement import REACH, lip_agreement
from openvasa.metrics.picture_figures import TILE, compared_figures, picture_figures
from openvasa.metrics.sync_figures import measure_sync
from openvasa.metrics.video_case import Options, VideoCase
from openvasa.metrics.video_clock import pictures, sound_of
from openvasa.types import InputError

_VERSION = 1  # of what groups hold: count up when a figure changes its meaning
_LEAST_FACES = 0.5  # share of frames with a face below which nothing can be said
_options: list[Options] = []  # of this process


@dataclass
class Scored:
    """A case and what was found.

    Attributes:
        case: The video.
        values: Figures by key.
        error: Why there are none; else empty.
        folder: Where its files lie: `features.npz`, `capp.npz`, `sheet.jpg`.
    """

    case: VideoCase
    values: dict[str, float]
    error: str
    folder: Path
    notes: list[str] = field(default_factory=list)


def score_all(
    cases: Sequence[VideoCase], folder: Path, options: Options, workers: int = 1
) -> Iterator[Scored]:
    """Judges all cases in order.

    Args:
        cases: The videos.
        folder: Where results are kept.
        options: How they are judged.
        workers: Processes; each runs one thread.
    """
    jobs = [(case, folder / case.system / case.name) for case in cases]
    if workers <= 1:
        _start(options)
        yield from map(_one, jobs)
        return
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the processes to come
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _start, (options,)) as pool:
        yield from pool.imap(_one, jobs)


def score_case(case: VideoCase, folder: Path, options: Options) -> Scored:
    """Judges one video; never raises for what is wrong with it."""
    held = ResultFolder(folder)
    try:
        face, values = _faces(case, held)
    except InputError as error:
        return Scored(case, {}, str(error), folder)
    if values["faces"] < _LEAST_FACES:
        share = f"{values['faces']:.0%}"
        text = f"a face is seen in only {share} of the frames of '{case.video.name}'."
        return Scored(case, {}, text, folder)
    scored = Scored(case, values, "", folder)
    for group, measure in _GROUPS.items():
        used = fingerprint(_VERSION, case.video, *_inputs(group, case, options))
        known = held.read(group, used)
        if known is None:
            try:
                known = measure(case, face, options, folder)
            except InputError as error:
                scored.notes.append(f"{case.system}/{case.name}, {group}: {error}")
                continue
            held.write(group, used, known)
        scored.values |= {k: v for k, v in known.items() if np.isfinite(v)}
    return scored


def _faces(case: VideoCase, held: ResultFolder) -> tuple[FaceSequence, dict[str, float]]:
    """The face through the video, and the figures that follow from it."""
    asked = [case.gaze and list(case.gaze), case.distance, case.phones, case.portrait]
    used = fingerprint(_VERSION, case.video, case.phone_lag, *asked)
    track = held.folder / "face.npz"
    known = held.read("face", used)
    if known is not None and track.is_file():
        return FaceSequence.load(track), known
    face, width = _follow(case.video)
    face.save(track)
    known = face_figures(case, face, sound_of(case.video, len(face)), width)
    held.write("face", used, known)
    return face, {k: v for k, v in known.items() if np.isfinite(v)}


def _follow(video: Path) -> tuple[FaceSequence, int]:
    follower, width = FaceFollower(), 0
    for _, image in pictures(video):
        follower.add(image)
        width = image.shape[1]
    face = follower.sequence()
    if face is None:
        raise InputError(f"no face is seen in '{video.name}': look at it.")
    return face, width


def _sync(case: VideoCase, face: FaceSequence, options: Options, _: Path) -> dict[str, float]:
    sound = sound_of(case.video, len(face))
    return {} if sound is None else measure_sync(case, face, sound, options)


def _capp(case: VideoCase, face: FaceSequence, options: Options, to: Path) -> dict[str, float]:
    sound = sound_of(case.video, len(face))
    vectors = None if sound is None else capp_rows(face, sound, options.judges)
    if vectors is None or not len(vectors[0]):  # too short for one window
        return {}
    _save(to / "capp.npz", pose=vectors[0], sound=vectors[1])
    return {"openvasa_capp": capp_score(vectors)}


def _pictures(case: VideoCase, face: FaceSequence, options: Options, to: Path) -> dict[str, float]:
    values, tiles = picture_figures(case, face, options.judges)
    sheet = PilImage.new("RGB", (len(tiles) * TILE, TILE), "white")
    for k, (_, tile) in enumerate(tiles):
        picture = PilImage.fromarray(tile)
        picture.thumbnail((TILE, TILE))
        sheet.paste(picture, (k * TILE, 0))
    sheet.save(to / "sheet.jpg", quality=85)
    (to / "sheet.txt").write_text("\n".join(name for name, _ in tiles), encoding="utf-8")
    return values


def _compared(case: VideoCase, face: FaceSequence, options: Options, _: Path) -> dict[str, float]:
    if case.reference is None or case.reference == case.video:
        return {}
    driver, _width = _follow(case.reference)
    return compared_figures(case, face, driver, options.judges)


def _lips(case: VideoCase, face: FaceSequence, options: Options, _: Path) -> dict[str, float]:
    if case.speaker is None or case.speaker == case.video:
        return {}
    real, _width = _follow(case.speaker)
    if min(len(face), len(real)) < 4 * REACH:
        return {}
    return {f"real_{name}": value for name, value in lip_agreement(face, real).items()}


def _features(case: VideoCase, face: FaceSequence, options: Options, to: Path) -> dict[str, float]:
    found = features_of(case.video, face, options)
    if found:
        _save(to / "features.npz", **found)
    return {f"feature_{kind}": float(len(rows)) for kind, rows in found.items()}


_Measure = Callable[[VideoCase, FaceSequence, Options, Path], dict[str, float]]
_GROUPS: dict[str, _Measure] = {
    "sync": _sync, "capp": _capp, "pictures": _pictures, "compared": _compared, "lips": _lips,
    "features": _features,
}  # fmt: skip
_FILES = {
    "sync": (SYNCNET, *OWN_SYNC), "capp": OWN_CAPP, "pictures": None, "compared": None,
    "lips": (), "features": (INCEPTION, I3D),
}  # fmt: skip


def _inputs(group: str, case: VideoCase, options: Options) -> list[Any]:
    """What a group's figures depend on, besides the video."""
    names = _FILES[group]
    hashes = options.judges.hashes
    used = {n: h for n, h in hashes.items() if names is None or n in names}
    against = case.speaker if group == "lips" else case.reference
    return [
        group, used, case.portrait, against, options.sync_seconds, options.window_seconds,
        options.lip_map is not None,
    ]  # fmt: skip


def _save(path: Path, **arrays: np.ndarray) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            small: dict[str, Any] = {n: a.astype(np.float32) for n, a in arrays.items()}
            np.savez_compressed(file, **small)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _start(options: Options) -> None:
    try:
        import torch

        torch.set_num_threads(1)
    except ImportError:
        pass
    _options[:] = [options]


def _one(job: tuple[VideoCase, Path]) -> Scored:
    return score_case(*job, _options[0])
