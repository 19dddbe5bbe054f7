"""`openvasa animate`: a portrait and a recording -> a talking-face video."""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from openvasa.commands.performance_flags import (
    add_performance,
    files,
    performance,
    reference_pose,
    whole,
)
from openvasa.commands.provenance_flags import add_flags, read_flags
from openvasa.types import FPS, InputError
from openvasa.weights import DEFAULT_MODEL

FRAMINGS = ("crop", "full")
SIZES = (128, 2048)  # pixels

_DESCRIPTION = """\
Makes a portrait speak a recording, and writes an MP4 (H.264 and AAC) at 25 frames per second.

PORTRAIT is a photo of a person who looks roughly toward the camera; of several faces the largest
speaks. AUDIO is speech in any audio file, or the sound of a video. The video says that it is
generated: by signed credentials, by a mark in its pixels and by a visible label."""

_EXAMPLES = """\
examples:
  openvasa animate ada.jpg speech.wav -o talking.mp4
  openvasa animate ada.jpg speech.mp3 -o talking.mp4 --seed 7 --emotion happy:0.6
  openvasa animate group.jpg call.mp4 -o talking.mp4 --face 2 --framing full --gaze -10,5"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this verb."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    add = parser.add_argument
    add("portrait", metavar="PORTRAIT", type=Path, help="the photo")
    add("audio", metavar="AUDIO", type=Path, help="the recording")
    add(
        "-o",
        "--output",
        metavar="OUT.mp4",
        type=Path,
        required=True,
        help="the video to write; one of that name is replaced when the new one is whole",
    )
    add_performance(parser)
    add(
        "--portrait",
        dest="more",
        type=Path,
        action="append",
        default=[],
        metavar="PHOTO",
        help="one more photo of the same person; may be repeated: the best one is animated, all "
        "say who it is",
    )
    add(
        "--motion",
        type=Path,
        metavar="FILE",
        help="perform this file of `openvasa motion` instead of making motion from AUDIO, which "
        "then is the sound alone",
    )
    add(
        "--framing",
        choices=FRAMINGS,
        help="crop: the head fills the video; full: the head moves inside the whole photo "
        "(default: crop)",
    )
    add(
        "--size",
        type=_size,
        metavar="PIXELS",
        help=f"the video's longer side, even, {SIZES[0]} to {SIZES[1]} (default: 512 for crop, the "
        "photo's own for full)",
    )
    add(
        "--aspect",
        type=_aspect,
        metavar="W:H",
        help="the picture's shape, such as 9:16 (default: square for crop, the photo's for full)",
    )
    add(
        "--background",
        metavar="COLOR|FILE",
        help="what shows behind the person, in framing crop: a color as #rrggbb, a picture, or "
        "'transparent', for which the video's name must end in .mov (default: the photo's own)",
    )
    add(
        "--face",
        type=_face,
        metavar="N",
        help="which face of the photo, counted from 1, the largest first (default: 1)",
    )
    add(
        "--model",
        default=DEFAULT_MODEL,
        metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})",
    )
    add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Animates; returns the exit code."""
    from openvasa.media.video import check_target

    photos = [arguments.portrait, *arguments.more]
    _check_not_input(arguments.output, *photos, arguments.audio)
    check_target(arguments.output, alpha=arguments.background == "transparent")
    provenance = read_flags(arguments)
    provenance.refuse(arguments.portrait, arguments.face)
    for photo in arguments.more:
        provenance.refuse(photo)
    asked = performance(arguments)
    from openvasa.engine.anchor import Anchor
    from openvasa.engine.animator import Animator  # takes a second; mistakes are told before
    from openvasa.engine.motion_file import read_motion
    from openvasa.engine.several_photos import prepare_several

    started = time.monotonic()
    animator = Animator.load(arguments.model)
    avatar = prepare_several(animator, photos, face=arguments.face)
    if avatar.faces > 1 and arguments.face is None:
        _say(f"The photo shows {avatar.faces} faces; the largest speaks (--face N for another).")
    picture = options(arguments)
    used = [*photos, arguments.audio, *([arguments.motion] if arguments.motion else [])]
    marks = provenance.marks(
        *used, *files(arguments), arguments.face, animator.bundle.config["files"], picture, asked
    )
    if arguments.motion is None:
        asked |= reference_pose(arguments, animator)
        clip = animator.animate(avatar, arguments.audio, marks=marks, **asked, **picture)
    else:
        motion = read_motion(arguments.motion, Anchor(animator.run))
        clip = animator.play(avatar, motion, arguments.audio, marks=marks, **picture)
    origin = provenance.origin(animator.bundle, marks, components=tuple(photos))
    frames = _save(clip, arguments.output, partial(provenance.release, origin=origin))
    seconds = time.monotonic() - started
    _say(f"{arguments.output}: {frames / FPS:.1f} s of video, made in {seconds:.1f} s.")
    return 0


def options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the flags ask of the picture; flags not given keep the defaults."""
    from openvasa.engine.scene import Scene, read_background

    asked: dict[str, Any] = {"framing": arguments.framing, "size": arguments.size}
    if arguments.aspect is not None or arguments.background is not None:
        behind = arguments.background and read_background(arguments.background)
        asked["scene"] = Scene(arguments.aspect, behind)
    return {name: value for name, value in asked.items() if value is not None}


def _save(clip: Any, output: Path, release: Any) -> int:
    """Writes the clip under a progress bar; returns the number of frames."""
    from tqdm import tqdm

    # disable=None: no bar where the output is not a terminal.
    with tqdm(unit=" frames", desc="animating", dynamic_ncols=True, disable=None) as bar:
        frames = 0

        def show(done: int, total: int) -> None:
            nonlocal frames
            bar.total = total
            bar.update(done - frames)
            frames = done

        clip.save(output, progress=show, release=release)
    return frames


def _check_not_input(output: Path, *inputs: Path) -> None:
    for path in inputs:
        if output.exists() and path.exists() and output.samefile(path):
            raise InputError(f"the video would replace '{path}': choose another name with -o.")


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _face(text: str) -> int:
    return whole(text, "the face", 1, 1000)


def _aspect(text: str) -> tuple[int, int]:
    across, colon, down = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"the shape is W:H, such as 9:16, not '{text}'")
    return whole(across, "the shape's width", 1, 100), whole(down, "its height", 1, 100)


def _size(text: str) -> int:
    size = whole(text, "the size in pixels", *SIZES)
    if size % 2:
        raise argparse.ArgumentTypeError(f"the size must be even, not {size}: try {size + 1}")
    return size
