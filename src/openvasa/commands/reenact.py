"""`openvasa reenact`: a portrait that does what the person in a video does."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from openvasa.commands.animate import FRAMINGS, _check_not_input, _face, _size
from openvasa.commands.provenance_flags import add_flags, read_flags
from openvasa.types import FPS
from openvasa.weights import DEFAULT_MODEL

_DESCRIPTION = """\
Makes a portrait move as the person in a driving video does, and writes an MP4 at 25 frames per
second, with the video's sound.

PORTRAIT is a photo of a person, VIDEO any video of one person's face, at any rate. Of several
people in it the largest is followed (--driver-face N for another), and nobody else is taken
instead. A face that is lost is held for a second; if it stays away, nothing is written.

--mode relative adds what changes from the driver's calmest moment to the portrait's own pose and
expression: the likeness is best kept. --mode absolute turns the head as far from the camera as
the driver's and shows the driver's own expression, whatever the portrait shows."""

_EXAMPLES = """\
examples:
  openvasa reenact ada.jpg me.mp4 -o acted.mp4
  openvasa reenact ada.jpg me.mov -o acted.mp4 --mode absolute --framing full
  openvasa reenact ada1.jpg --portrait ada2.jpg talk.mkv -o acted.mp4 --no-sound"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this verb."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    add = parser.add_argument
    add("portrait", metavar="PORTRAIT", type=Path, help="the photo")
    add("video", metavar="VIDEO", type=Path, help="the driving video")
    add("-o", "--output", metavar="OUT.mp4", type=Path, required=True,
        help="the video to write; one of that name is replaced when the new one is "
        "whole")  # fmt: skip
    add("--mode", choices=("relative", "absolute"), default="relative",
        help="see above (default: relative)")  # fmt: skip
    add("--sound", action=argparse.BooleanOptionalAction, default=True,
        help="copy the driving video's sound, if it has any (default: on)")  # fmt: skip
    add("--portrait", dest="more", type=Path, action="append", default=[], metavar="PHOTO",
        help="one more photo of the same person; may be repeated: the best one is animated, all "
        "say who it is")  # fmt: skip
    add("--face", type=_face, metavar="N",
        help="which face of the photo, counted from 1, the largest first (default: 1)")  # fmt: skip
    add("--driver-face", type=_face, metavar="N",
        help="which face of the video's first picture (default: 1)")  # fmt: skip
    add("--framing", choices=FRAMINGS, default="crop",
        help="crop: the head fills the video; full: the head moves inside the whole photo "
        "(default: crop)")  # fmt: skip
    add("--size", type=_size, metavar="PIXELS",
        help="the video's longer side, even (default: 512 for crop, the photo's own for "
        "full)")  # fmt: skip
    add("--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})")  # fmt: skip
    add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Reenacts; returns the exit code."""
    from openvasa.media.video import check_target, probe_video

    _check_not_input(arguments.output, arguments.portrait, arguments.video, *arguments.more)
    check_target(arguments.output)
    about = probe_video(arguments.video)
    provenance = read_flags(arguments)
    provenance.refuse(arguments.portrait, arguments.face)
    from openvasa.engine.anchor import Anchor  # these take a second; mistakes are told before
    from openvasa.engine.animator import Animator
    from openvasa.engine.driving import reenacted
    from openvasa.engine.several_photos import prepare_several

    started = time.monotonic()
    animator = Animator.load(arguments.model)
    photos = [arguments.portrait, *arguments.more]
    avatar = prepare_several(animator, photos, face=arguments.face)
    if avatar.faces > 1 and arguments.face is None:
        _say(f"The photo shows {avatar.faces} faces; the largest is taken (--face N for another).")
    driver = _followed(animator, arguments.video, arguments.driver_face, about.seconds)
    motion = driver.motion(avatar, Anchor(animator.run), arguments.mode)
    asked = arguments.mode, arguments.framing, arguments.size, arguments.face, arguments.driver_face
    marks = provenance.marks(*photos, arguments.video, animator.bundle.config["files"], *asked)
    size, frames = reenacted(
        animator, avatar, motion, framing=arguments.framing, size=arguments.size, marks=marks
    )  # fmt: skip
    sound = arguments.video if arguments.sound and about.has_sound else None
    origin = provenance.origin(animator.bundle, marks, components=tuple(photos))
    with provenance.release(arguments.output, origin) as hidden:
        save(frames, len(motion), hidden, size, sound, "reenacting")
    seconds = time.monotonic() - started
    _say(f"{arguments.output}: {len(motion) / FPS:.1f} s of video, made in {seconds:.1f} s.")
    return 0


def save(
    frames: Any, count: int, target: Path, size: tuple[int, int], sound: Path | None, what: str
) -> None:
    """Writes frames as a video under a progress bar.

    Args:
        frames: `Frame`s in order.
        count: How many there will be.
        target: An .mp4.
        size: (width, height).
        sound: The file whose sound goes with them.
        what: The bar's title.
    """
    from tqdm import tqdm

    from openvasa.media.video import VideoWriter

    with VideoWriter(target, size, sound) as writer:
        # disable=None: no bar where the output is not a terminal.
        for frame in tqdm(frames, what, count, unit=" frames", dynamic_ncols=True, disable=None):
            writer.write(frame.image)


def _followed(animator: Any, video: Path, face: int | None, seconds: float) -> Any:
    """The driver, read under a progress bar; tells of other faces and of held ones."""
    from tqdm import tqdm

    from openvasa.engine.driving import read_driver

    with tqdm(total=round(seconds, 1), unit=" s", desc="following", dynamic_ncols=True,
              disable=None) as bar:  # fmt: skip
        driver = read_driver(
            animator, video, face=face, progress=lambda now: bar.update(round(now - bar.n, 2))
        )  # fmt: skip
    if driver.faces > 1 and face is None:
        _say(f"The video shows {driver.faces} faces; the largest is followed (--driver-face N).")
    if driver.held:
        _say(f"The face was lost for {driver.held:.1f} s in all; it was held there.")
    return driver


def _say(line: str) -> None:
    print(line, file=sys.stderr)
