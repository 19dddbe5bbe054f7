"""`openvasa evaluate controls`: whether controls do what they say and only that, and how lively.

What was asked for is read back at three places: in the motion, in the points that the model's warp
makes of it, and in the pictures by the package's mesh, beside what that mesh reads in still
pictures of the right gaze: its floor.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openvasa.engine.anchor import BLINKS, GAZE, Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.home import TURN
from openvasa.latent.surface import close_lips
from openvasa.media.audio import load_audio
from openvasa.metrics.benchmark import BenchmarkCase, read_cases
from openvasa.metrics.case_results import write_whole
from openvasa.metrics.face_sequence import FaceSequence, follow
from openvasa.metrics.gaze_distance import gaze_error
from openvasa.metrics.judges import Judges
from openvasa.metrics.motion_figures import against, liveliness, variety
from openvasa.metrics.scripted import pictures
from openvasa.types import EMOTIONS, SAMPLE_RATE, Array, Controls, Motion
from openvasa.weights import DEFAULT_MODEL

Floats = NDArray[np.float64]
Row = dict[str, Any]

YAWS, PITCHES = (-15.0, -7.5, 0.0, 7.5, 15.0), (-10.0, 0.0, 10.0)  # degrees
DISTANCES = (0.8, 0.9, 1.0, 1.1, 1.25)
SEEDS = 5
SECONDS = 8.0  # of each performance under a control
LIVELY = 60.0  # seconds of each performance whose life is measured
EVERY = 12  # frames of a performance, of which one is looked at


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this evaluation."""
    add = parser.add_argument
    add("list", type=Path, metavar="FILE", help="as for benchmark: portrait, audio")
    add("--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})")  # fmt: skip
    add("--minutes", type=float, default=0.0, metavar="M",
        help="also a performance as long as this, and what changes in it (default: none)"
        )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Measures, writes controls.json and prints a line a figure.

    Raises:
        InputError: The list or the model is not usable.
    """
    from openvasa.commands.evaluate_long import long_run
    from openvasa.commands.evaluate_run import bar, spread

    everyone = read_cases(arguments.list)
    cases = spread(everyone, arguments.limit or 4)
    animator = Animator.load(arguments.model)
    sound = speech(everyone, max(LIVELY, SECONDS))
    rows = [*lively(animator, sound)]
    parts: Sequence[Callable[..., list[Row]]] = (gazes, distances, emotions)
    people = [animator.prepare(case.portrait) for case in cases]
    short = sound[: round(SECONDS * SAMPLE_RATE)]
    for part in bar(parts, "controls", len(parts)):
        rows += part(animator, people, short)
    if arguments.minutes:
        judges = Judges(arguments.judges)
        rows += long_run(animator, people[0], sound, arguments.minutes, judges)
    found = {"command": ["openvasa", *sys.argv[1:]], "people": len(people), "figures": rows}
    write_whole(arguments.output / "controls.json", json.dumps(found, indent=1) + "\n")
    print("\n".join(f"{row['what']}: {_told(row['value'])}" for row in rows))


def speech(cases: Sequence[BenchmarkCase], seconds: float) -> Array:
    """At least so many seconds of the cases' recordings one after another, f32 [N] at 16 kHz."""
    parts: list[Array] = []
    count, at = round(seconds * SAMPLE_RATE), 0
    while sum(map(len, parts)) < count:
        parts.append(load_audio(cases[at % len(cases)].audio))
        at += 1
    return np.concatenate(parts)[:count]


def lively(animator: Animator, sound: Array) -> list[Row]:
    """How much heads and lids move, and how different five performances are."""
    anchor, angles, figures = Anchor(animator.run), [], []
    for seed in range(SEEDS):
        motion = animator.perform(sound, seed=seed)
        shut = anchor.axes(*BLINKS)
        lids = np.array([shut.read(face).mean() for face in motion.dynamics], np.float64)
        angles.append(np.degrees(motion.pose[:, :3].astype(np.float64)))
        figures.append(liveliness(angles[-1], lids))
    means = {name: float(np.nanmean([one[name] for one in figures])) for name in figures[0]}
    rows = [row(f"life: {name}", value) for name, value in means.items()]
    return rows + [row(f"life: {name}, degrees", v) for name, v in variety(angles).items()]


def gazes(animator: Animator, people: Sequence[Avatar], sound: Array) -> list[Row]:
    """The grid of gazes: slope, r and error of the three readings and of the reader's floor."""
    seen: dict[str, list[tuple[float, float, float, float]]] = {}
    for avatar in people:
        still = _still(avatar, [(0.0, 0.0)])
        mesh_zero = warped(animator, avatar, still).gaze.mean(0)
        zero = _looked(animator, avatar, still)
        for asked in [(yaw, pitch) for yaw in YAWS for pitch in PITCHES]:
            motion = _performed(animator, avatar, sound, Controls(gaze=asked))
            some = motion[EVERY::EVERY]
            read = {
                "motion": _gaze(animator, avatar, motion),
                "warp": warped(animator, avatar, some).gaze - mesh_zero,
            }
            if zero is not None:
                read["pictures"] = _against(_looked(animator, avatar, some), zero)
                floor = _looked(animator, avatar, _still(avatar, [asked], animator))
                read["floor"] = _against(floor, zero)
            for place, gaze in read.items():
                if len(gaze):
                    mean = gaze.mean(0)
                    values = (*asked, float(mean[0]), float(mean[1]), gaze_error(gaze, asked))
                    seen.setdefault(place, []).append(values)  # type: ignore[arg-type]
    rows = []
    for place, found in seen.items():
        table = np.array(found)
        for k, axis in enumerate(("yaw", "pitch")):
            line = against(table[:, k].tolist(), table[:, 2 + k].tolist())
            rows += [row(f"gaze, {place}: {axis} {name}", line[name]) for name in ("slope", "r")]
        rows.append(row(f"gaze, {place}: error, degrees", float(table[:, 4].mean())))
    return rows


def distances(animator: Animator, people: Sequence[Avatar], sound: Array) -> list[Row]:
    """The face's height against the distance asked for, and what the distance does to the gaze."""
    off: list[float] = []
    for avatar in people:
        heights = {}
        for asked in DISTANCES:
            motion = _performed(animator, avatar, sound, Controls(distance=asked))
            track = pictured(animator, avatar, motion[EVERY::EVERY])
            if track is not None:
                heights[asked] = float(track.scale.mean())
        off += [abs(heights[1.0] / h / asked - 1) for asked, h in heights.items() if asked != 1.0]
    return [row("distance: height off, mean", float(np.mean(off))),
            row("distance: height off, most", float(np.max(off)))]  # fmt: skip


def emotions(animator: Animator, people: Sequence[Avatar], sound: Array) -> list[Row]:
    """How often the strongest emotion read is the one asked for, beside sheets of expressions.

    A sheet is the portrait with the emotion's pattern at full strength; it tells what the reader
    can do. Both are read in the warp's points and in pictures.
    """
    from openvasa.data.expressions import emotion_pattern

    anchor, hits = Anchor(animator.run), dict[str, list[float]]()
    jaw, follows = anchor.axes("jawOpen"), []
    for avatar in people:
        calm, still = _performed(animator, avatar, sound, Controls()), _still(avatar, [(0.0, 0.0)])
        acted = [_performed(animator, avatar, sound, Controls(emotion=(n, 1.0))) for n in EMOTIONS]
        patterns = [emotion_pattern((n, 1.0)).astype(np.float32)[None] for n in EMOTIONS]
        sheets = [Motion(still.pose, still.dynamics + one @ anchor.weight) for one in patterns]
        for place, look in (("warp", warped), ("pictures", pictured)):
            for how, rest, shown in (("performed", calm, acted), ("sheet", still, sheets)):
                right = _read_right([look(animator, avatar, _some(m)) for m in (rest, *shown)])
                hits.setdefault(f"emotion, {place}: read right, {how}", []).extend(right)
        for motion in acted:
            one, two = (np.array([jaw.read(f)[0] for f in m.dynamics]) for m in (motion, calm))
            follows.append(float(np.corrcoef(one, two)[0, 1]))
    rows = [row(what, float(np.mean(right))) for what, right in hits.items() if right]
    return [*rows, row("emotion: jaw against the calm performance, r", float(np.mean(follows)))]


def _read_right(faces: Sequence[FaceSequence | None]) -> list[float]:
    """Whether each emotion is the strongest read: of the face at rest, then of `EMOTIONS`."""
    from openvasa.data.emotion_reading import distances as measure
    from openvasa.data.emotion_reading import emotion_strengths

    rest, *shown = [
        None if face is None else np.mean([measure(p[:468]) for p in face.canonical], axis=0)
        for face in faces
    ]
    right = []
    for k, seen in enumerate(shown):
        if seen is not None and rest is not None:
            read = emotion_strengths(seen - rest)
            right.append(float(int(read.argmax()) == k and read[k] > 0))
    return right


def _some(motion: Motion) -> Motion:
    return motion[:: min(len(motion), EVERY)]


def pictured(animator: Animator, avatar: Avatar, motion: Motion) -> FaceSequence | None:
    """The face that the package's mesh sees in the pictures of a motion."""
    return follow(pictures(animator, avatar, motion))


def warped(animator: Animator, avatar: Avatar, motion: Motion) -> FaceSequence:
    """The points that the model's warp makes of a motion, in a picture of 512 pixels.

    Lips that cross or nearly meet are shut as in the picture: by distance they would be apart.
    """
    fixed = {"neutral": avatar.neutral, "identity": avatar.identity, "rest": avatar.pose}
    moved = (
        animator.run("move", {**fixed, "pose": avatar.pose + one.pose, "dynamics": one.dynamics})
        for one in (motion[t : t + 1] for t in range(len(motion)))
    )
    points = [close_lips(out["points"][0].astype(np.float64)) for out in moved]
    seen = (np.stack(points) * [1, -1, -1] + 1) * 256
    return FaceSequence(seen, np.ones(len(seen), np.bool_))


def row(what: str, value: float) -> Row:
    """One figure."""
    return {"what": what, "value": value}


def _performed(
    animator: Animator, avatar: Avatar, sound: Array, controls: Controls, seed: int = 0
) -> Motion:
    return animator.animate(avatar, sound, controls=controls, seed=seed).motion


def _gaze(animator: Animator, avatar: Avatar, motion: Motion) -> Floats:
    """Gaze relative to the camera, degrees [T, 2], as the motion says."""
    eyes = Anchor(animator.run).axes(*GAZE)
    look = np.stack([eyes.read(face) for face in motion.dynamics]).astype(np.float64)
    camera = look + motion.pose[:, :2] + np.array([avatar.pose[0, 0], 0.0])
    return np.asarray(np.degrees(camera))


def _still(
    avatar: Avatar, gazes: Sequence[tuple[float, float]], animator: Animator | None = None
) -> Motion:
    """The portrait at rest, head and eyes turned as a gaze wants them."""
    pose = np.zeros((len(gazes), 6), np.float32)
    dynamics = np.repeat(avatar.dynamics, len(gazes), axis=0)
    if animator is not None:
        look = np.radians(np.asarray(gazes, np.float32))
        pose[:, :2] = TURN * look
        eyes = Anchor(animator.run).axes(*GAZE)
        for t, more in enumerate(look - pose[:, :2]):
            dynamics[t] = eyes.add(dynamics[t], more)
    return Motion(pose, dynamics)


def _looked(animator: Animator, avatar: Avatar, motion: Motion) -> Floats | None:
    """Gaze as the package's mesh sees it in pictures, degrees [T, 2]."""
    track = pictured(animator, avatar, motion)
    return None if track is None else track.gaze


def _against(gaze: Floats | None, zero: Floats) -> Floats:
    return np.zeros((0, 2)) if gaze is None else gaze - zero.mean(0)


def _told(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"
