"""`openvasa evaluate lips`: lips of ours and of baselines against those of the real speaker.

The first picture of each video is made to say what its speaker says. Its lips are read off the
points that the model's warp makes; those of the real speaker, off the mesh in the real video.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from openvasa.bundle import CONFIG_FILE
from openvasa.commands.evaluate_controls import warped
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.media.audio import load_audio
from openvasa.metrics.baselines import SCRIPTED, coded, loudness
from openvasa.metrics.bootstrap import interval
from openvasa.metrics.case_results import ResultFolder, fingerprint, write_whole
from openvasa.metrics.face_sequence import FaceSequence, follow
from openvasa.metrics.lip_agreement import CURVES, REACH, lip_agreement
from openvasa.metrics.scripted import perform
from openvasa.metrics.video_clock import pictures, sound_of
from openvasa.types import Array, InputError, Motion
from openvasa.weights import DEFAULT_MODEL

SEEDS = 2  # performances by our model
REDRAWN = "real, redrawn"
_VERSION = 2  # count up when a figure changes its meaning
_NEAR = 1  # frames of lag that nobody sees
_LOUD = 0.45  # of `loudness`: 25 dB below the loudest frame
_AROUND = 2  # frames by which lips precede and outlast what is heard

Values = dict[str, float]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this evaluation."""
    add = parser.add_argument
    add("folder", type=Path, metavar="FOLDER", help="real videos of one speaker each, with sound")
    add("--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})")  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Measures, writes lips.json and prints the table.

    Raises:
        InputError: The folder holds fewer than two videos, or one has no face or no sound.
    """
    from openvasa.commands.evaluate_run import VIDEO_ENDINGS, bar, files_in, spread

    videos = spread(files_in(arguments.folder, VIDEO_ENDINGS), arguments.limit)
    if len(videos) < 2:
        raise InputError(f"'{arguments.folder}' holds {len(videos)} videos: give at least 2.")
    animator = Animator.load(arguments.model)
    cases: dict[str, dict[str, Values]] = {}
    for k, video in enumerate(bar(videos, "lips", len(videos))):
        other = videos[(k + len(videos) // 2) % len(videos)]  # most often of somebody else
        held = ResultFolder(arguments.output / "work" / video.stem)
        used = fingerprint(_VERSION, SEEDS, animator.bundle.path / CONFIG_FILE, video, other)
        found = held.read("lips", used)
        if found is None:
            found = measure(animator, video, other)
            held.write("lips", used, found)
        cases[video.stem] = found
    table = summed(list(cases.values()))
    written = {"command": ["openvasa", *sys.argv[1:]], "table": table, "cases": cases}
    write_whole(arguments.output / "lips.json", json.dumps(written, indent=1) + "\n")
    for system, figures in table.items():
        print(f"{system:14}", "  ".join(f"{name} {value:.3g}" for name, value in figures.items()))


def measure(animator: Animator, video: Path, other: Path) -> dict[str, Values]:
    """Agreement of each system with one real video, performances of one system averaged.

    Args:
        animator: The model.
        video: The real speaker.
        other: Whose sound moves `shuffled`.

    Raises:
        InputError: A video is damaged, or has no face or no sound.
    """
    face, sound = _speaker(video)
    avatar = animator.prepare(next(pictures(video, {0}))[1])
    wrong = np.resize(load_audio(other), len(sound))
    found: dict[str, list[Values]] = {}
    for system, motion in _motions(animator, avatar, sound, wrong, face):
        seen = lip_agreement(warped(animator, avatar, motion), face, spoken_frames(sound))
        found.setdefault(system, []).append(seen)
    return {system: _means(rows) for system, rows in found.items()}


def spoken_frames(sound: Array) -> slice:
    """From the first to the last loud frame of a sound f32 [N] at 16 kHz, and a little around."""
    loud = np.flatnonzero(loudness(sound) > _LOUD)
    return slice(max(int(loud[0]) - _AROUND, 0), int(loud[-1]) + 1 + _AROUND)


def summed(cases: Sequence[dict[str, Values]]) -> dict[str, Values]:
    """A row a system: mean r with its 95 % interval, median lag, and how often it is small.

    Args:
        cases: Of each video, the figures of `lip_agreement` by system.
    """
    table: dict[str, Values] = {}
    for system in cases[0]:
        rows = [case[system] for case in cases]
        figures = table.setdefault(system, {})
        for name in CURVES:
            r = [row[f"{name}_r"] for row in rows]
            low, high = interval(r)
            figures |= {f"{name}_r": float(np.mean(r)), f"{name}_low": low, f"{name}_high": high}
            spoken = [row[f"{name}_spoken_r"] for row in rows]
            figures[f"{name}_spoken_r"] = float(np.mean(spoken))
            lags = np.array([row[f"{name}_lag"] for row in rows if f"{name}_lag" in row])
            if len(lags):
                figures[f"{name}_lag"] = float(np.median(lags))
                figures[f"{name}_in_time"] = float((np.abs(lags) <= _NEAR).mean())
    return table


def _speaker(video: Path) -> tuple[FaceSequence, Array]:
    """Face and sound of a real video."""
    face = follow(image for _, image in pictures(video))
    if face is None or len(face) < 4 * REACH:
        raise InputError(f"no face is seen in '{video.name}' for a second: take it out.")
    sound = sound_of(video, len(face))
    if sound is None:
        raise InputError(f"'{video.name}' has no sound: take it out.")
    return face, sound


def _motions(
    animator: Animator, avatar: Avatar, sound: Array, wrong: Array, face: FaceSequence
) -> Iterator[tuple[str, Motion]]:
    """What is compared, by system; ours several times."""
    for seed in range(SEEDS):
        yield "ours", perform(animator, avatar, sound, seed=seed)
    for name, move in SCRIPTED.items():
        yield name, move(animator, sound)
    for seed in range(SEEDS):
        yield "shuffled", perform(animator, avatar, wrong, seed=seed)
    yield REDRAWN, _redrawn(animator, face)


def _redrawn(animator: Animator, face: FaceSequence) -> Motion:
    """The real speaker's own motion in the model's codes: what no model of them can exceed."""
    from openvasa.data.head import load_basis
    from openvasa.data.lids import lid_scores
    from openvasa.data.motion_store import fit_speaker

    landmarks = (face.points / np.median(face.height)).astype(np.float32)  # any unit will do
    expression, pose = fit_speaker(landmarks, lid_scores(landmarks), load_basis())
    return coded(animator, pose - np.median(pose, axis=0).astype(np.float32), expression)


def _means(rows: Sequence[Values]) -> Values:
    """Mean of each figure over the performances that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}
