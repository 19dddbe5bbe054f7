"""`openvasa evaluate latent`: one code changed at a time, and what changes in the picture."""

from __future__ import annotations

import argparse
import base64
import html
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from openvasa.engine.anchor import Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.driving import Driver, read_driver
from openvasa.engine.editing import Edit, StillRenderer, edit_motion, labeled
from openvasa.engine.own_points import keep_own
from openvasa.engine.render import Renderer
from openvasa.face.align import cut, soften_beyond
from openvasa.metrics.baselines import STILL_SIZE
from openvasa.metrics.case_results import write_whole
from openvasa.metrics.face_sequence import FaceSequence, follow
from openvasa.metrics.identity import Recognizer
from openvasa.metrics.image_quality import psnr
from openvasa.metrics.judges import LPIPS, SFACE, Judges
from openvasa.metrics.latent_proof import (
    correlations,
    expression_change,
    landmark_error,
    pose_change,
)
from openvasa.types import Image, InputError, Motion

POSES = (Edit(yaw=-15), Edit(yaw=15), Edit(pitch=-10), Edit(pitch=10), Edit(roll=10))
FACES = ({"jawOpen": 0.5}, {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}, {"mouthPucker": 0.8},
         {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
         {"browInnerUp": 0.8, "browOuterUpLeft": 0.8, "browOuterUpRight": 0.8})  # fmt: skip
EVERY = 6  # frames of a clip, of which one is made
SIZE = 256  # pixels at which pictures are compared
Found = dict[str, list[float]]


def add(kinds: Any) -> argparse.ArgumentParser:
    """Adds `latent` to what `evaluate` knows; all but the flags that its kinds share."""
    parser: argparse.ArgumentParser = kinds.add_parser(
        "latent", help="whether identity, pose and dynamics are apart, and how true a face moves"
    )
    parser.add_argument("portraits", type=Path, metavar="FOLDER", help="photos of one face each")
    parser.add_argument("--clips", type=Path, metavar="FOLDER",
                        help="videos of one person each: drivers, and people to be made "
                        "again")  # fmt: skip
    parser.add_argument("--model", default="compact", metavar="NAME", help="a model (compact)")
    parser.add_argument("--first", metavar="NAME", help="an earlier model, beside it")
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Measures, and writes DIR/latent.json and DIR/latent.html."""
    judges, most = Judges(arguments.judges), arguments.limit or 6
    photos = [p for p in sorted(arguments.portraits.glob("*")) if p.suffix in (".jpg", ".png")]
    if not photos:
        raise InputError(f"there is no photo in '{arguments.portraits}': name a folder of photos.")
    clips = sorted(p for p in arguments.clips.glob("*")) if arguments.clips else []
    clips = [clips[k] for k in np.linspace(0, len(clips) - 1, min(most, len(clips))).astype(int)]
    animator, found = Animator.load(arguments.model), Found()
    chosen = np.linspace(0, len(photos) - 1, min(most, len(photos))).astype(int)
    avatars = [animator.prepare(photos[k]) for k in chosen]
    for avatar in _bar(avatars, "one code at a time"):
        apart(animator, avatar, judges, found)
    drivers = [read_driver(animator, clip) for clip in _bar(clips, "drivers")]
    for clip, driver in zip(_bar(clips, "reenacting"), drivers, strict=True):
        again(animator, "ours", clip, driver, judges, found)
    if arguments.first:
        first = Animator.load(arguments.first)
        for clip in _bar(clips, "earlier model"):
            again(first, "earlier model", clip, read_driver(first, clip), judges, found)
    for k, avatar in enumerate(avatars):
        if drivers:
            cross(animator, avatar, clips[k % len(clips)], drivers[k % len(clips)], judges, found)
    table = {name: _summary(values) for name, values in found.items()}
    command = ["openvasa", *sys.argv[1:]]
    text = json.dumps({"command": command, "figures": table}, indent=1)
    write_whole(arguments.output / "latent.json", text + "\n")
    write_whole(arguments.output / "latent.html", page(animator, avatars[:3], drivers[:1], table))
    for name, one in table.items():
        print(f"{name:<64}{one['mean']:>8.3f}{one['p5']:>8.3f}{one['p95']:>8.3f}{one['n']:>5.0f}")


def apart(animator: Animator, avatar: Avatar, judges: Judges, found: Found) -> None:
    """Pose alone, then dynamics alone: what else changes, by the mesh and the judges."""
    anchor = Anchor(animator.run)
    renderer = StillRenderer(animator, avatar, "crop", STILL_SIZE)
    edits = [Edit(), *POSES, *(Edit(expression=one) for one in FACES)]
    images = [renderer(edit_motion(avatar, anchor, edit), 0).image for edit in edits]
    faces = [follow([image]) for image in images]
    pose, rest = judges.pose(), faces[0]
    if rest is None:
        return
    for k, face in enumerate(faces[1:], 1):
        if face is None:
            continue
        alone = "pose alone" if k <= len(POSES) else "dynamics alone"
        moved = expression_change(face, rest)[0]
        _add(found, f"{alone}: expression moved, % of its range (mesh)", moved)
        _add(found, f"{alone}: pose moved, % of its range (mesh)",
             pose_change(face.angles, rest.angles)[0])  # fmt: skip
        if pose is not None:
            read = pose(images[k], face.points[0]) - pose(images[0], rest.points[0])
            _add(found, f"{alone}: pose moved, % of its range (6DRepNet360)",
                 float(pose_change(read[None], np.zeros(3))[0]))  # fmt: skip
        if judges.has(SFACE):
            network = Recognizer(judges.path(SFACE))
            alike = network(images[k], face.points[0]) @ network(images[0], rest.points[0])
            _add(found, f"{alone}: identity kept (SFace)", float(alike))


def again(
    animator: Animator, name: str, clip: Path, driver: Driver, judges: Judges, found: Found
) -> None:
    """A clip made again from its first frame, beside the first frame alone and moved as a whole."""
    from openvasa.metrics.video_clock import pictures

    frames = [picture for _, picture in pictures(clip)]
    avatar = animator.prepare(frames[0])
    numbers = np.arange(EVERY // 2, min(len(frames), len(driver)), EVERY)
    real = [_crop(frames[k], avatar) for k in numbers]
    seen = follow(real)
    motion = _from_first(driver, avatar, Anchor(animator.run))
    made = _made(animator, avatar, motion, numbers)
    ways = {name: made}
    if name == "ours":
        still = _crop(frames[0], avatar)
        ways["static portrait"] = [still] * len(real)
        begin = follow([still])
        if begin is not None and seen is not None:
            ways["similarity warp"] = [_warped(still, begin, seen, k) for k in range(len(real))]
    for way, images in ways.items():
        _compare(found, f"self: {way}", images, real, seen, judges)


def cross(
    animator: Animator, avatar: Avatar, clip: Path, driver: Driver, judges: Judges, found: Found
) -> None:
    """A portrait driven by another person: pose, expression and identity, relative mode."""
    from openvasa.metrics.video_clock import pictures

    frames = [picture for _, picture in pictures(clip)]
    numbers = np.arange(0, min(len(frames), len(driver)), 3)
    made = _made(animator, avatar, driver.motion(avatar, Anchor(animator.run)), numbers)
    ours, theirs = follow(made), follow([frames[k] for k in numbers])
    if ours is None or theirs is None:
        return
    gap, wide, eyes, *_ = correlations(ours, theirs)
    for what, value in (("lip gap", gap), ("lip width", wide), ("eye opening", eyes)):
        if np.isfinite(value):
            _add(found, f"cross: correlation of {what} (mesh)", float(value))
    read = (ours.angles - ours.angles[:1]) - (theirs.angles - theirs.angles[:1])
    _add(found, "cross: head-pose error, degrees (mesh)", float(np.abs(read).mean()))
    pose = judges.pose()
    if pose is not None:
        sides = (made, ours), ([frames[k] for k in numbers], theirs)
        a, b = (
            np.stack([pose(image, at) for image, at in zip(images, face.points, strict=True)])
            for images, face in sides
        )
        error = float(np.abs((a - a[:1]) - (b - b[:1])).mean())
        _add(found, "cross: head-pose error, degrees (6DRepNet360)", error)


def _compare(
    found: Found, name: str, made: list[Image], real: list[Image], seen: FaceSequence | None,
    judges: Judges,
) -> None:  # fmt: skip
    faces = follow(made)
    _add(found, f"{name}: PSNR, dB", float(np.mean([psnr(*pair) for pair in _pairs(made, real)])))
    if faces is not None and seen is not None:
        _add(found, f"{name}: landmark error, % of the face", landmark_error(faces, seen))
    if judges.has(LPIPS):
        from openvasa.metrics.lpips import Lpips

        lpips = Lpips(judges.path(LPIPS))
        _add(found, f"{name}: LPIPS", float(np.mean([lpips(*pair) for pair in _pairs(made, real)])))
    if judges.has(SFACE) and faces is not None and seen is not None:
        network = Recognizer(judges.path(SFACE))
        alike = [network(m, p) @ network(r, q) for m, p, r, q in
                 zip(made, faces.points, real, seen.points, strict=True)]  # fmt: skip
        _add(found, f"{name}: identity (SFace)", float(np.mean(alike)))


def page(
    animator: Animator, avatars: list[Avatar], drivers: list[Driver],
    table: dict[str, dict[str, float]],
) -> str:  # fmt: skip
    """The self-contained page: figures, and VASA-1's figures remade."""
    parts = ["<!doctype html><meta charset=utf-8><title>Latent space</title><style>body{font:15px "
             "sans-serif;max-width:1100px;margin:2em auto}td{padding:.1em .7em}img{max-width:100%}"
             "</style><h1>Is the face latent space disentangled?</h1><table><tr><td>figure<td>mean"
             "<td>5 %<td>95 %<td>n"]  # fmt: skip
    parts += [f"<tr><td>{html.escape(name)}<td>{one['mean']:.3f}<td>{one['p5']:.3f}<td>"
              f"{one['p95']:.3f}<td>{one['n']:.0f}" for name, one in table.items()]  # fmt: skip
    parts.append("</table>")
    for driver in drivers:
        numbers = np.linspace(0, len(driver) - 1, 6).astype(int)
        for title, keep in (("One motion on three people", ""), ("Pose without dynamics", "pose"),
                            ("Dynamics without pose", "dynamics")):  # fmt: skip
            rows = [_made(animator, one, _only(driver.motion(one, Anchor(animator.run)), one, keep),
                          numbers) for one in avatars]  # fmt: skip
            sheet = labeled(rows, [f"person {k + 1}" for k in range(len(rows))],
                            [f"{k / 25:.1f} s" for k in numbers])  # fmt: skip
            parts.append(f"<h2>{title}</h2><img src='data:image/jpeg;base64,{_jpeg(sheet)}'>")
    return "".join(parts) + "\n"


def _only(motion: Motion, avatar: Avatar, keep: str) -> Motion:
    if keep == "pose":
        return Motion(motion.pose, np.tile(avatar.dynamics, (len(motion), 1)))
    return Motion(np.zeros_like(motion.pose), motion.dynamics) if keep else motion


def _from_first(driver: Driver, avatar: Avatar, anchor: Anchor) -> Motion:
    change = (driver.expression - driver.expression[:1]) @ anchor.weight
    return Motion(driver.pose - driver.pose[:1], (avatar.dynamics + change).astype(np.float32))


def _made(animator: Animator, avatar: Avatar, motion: Motion, numbers: Any) -> list[Image]:
    run = keep_own(animator.run, avatar)
    # The whole square, so that pixels lie where the real picture's crop has them.
    renderer = Renderer(avatar, run, animator.topology, size=SIZE, whole=True)
    return [renderer(motion[int(k) : int(k) + 1], 0).image for k in numbers]


def _crop(frame: Image, avatar: Avatar) -> Image:
    return soften_beyond(cut(frame, avatar.box, SIZE), avatar.box, *frame.shape[:2])


def _warped(still: Image, begin: FaceSequence, seen: FaceSequence, k: int) -> Image:
    from openvasa.metrics.identity import similarity

    a, b, x, y = similarity(seen.points[k, :468, :2], begin.points[0, :468, :2])
    edge = np.pad(still, ((SIZE, SIZE), (SIZE, SIZE), (0, 0)), "edge")
    x, y = x + SIZE - SIZE * (a - b), y + SIZE - SIZE * (a + b)  # both pictures begin earlier
    moved = Pillow.fromarray(edge).transform(
        edge.shape[:2], Pillow.Transform.AFFINE, (a, -b, x, b, a, y), Pillow.Resampling.BICUBIC
    )
    return np.asarray(moved)[SIZE:-SIZE, SIZE:-SIZE]


def _pairs(made: list[Image], real: list[Image]) -> Iterator[tuple[Image, Image]]:
    return zip(made, real, strict=True)


def _jpeg(image: Image) -> str:
    held = io.BytesIO()
    Pillow.fromarray(image).save(held, "JPEG", quality=88)
    return base64.b64encode(held.getvalue()).decode()


def _add(found: Found, name: str, value: float) -> None:
    found.setdefault(name, []).append(float(value))


def _summary(values: list[float]) -> dict[str, float]:
    low, high = np.percentile(values, [5, 95])
    return {"mean": float(np.mean(values)), "p5": float(low), "p95": float(high),
            "n": float(len(values))}  # fmt: skip


def _bar(items: Any, what: str) -> Any:
    from tqdm import tqdm

    return tqdm(items, what, dynamic_ncols=True, disable=None)
