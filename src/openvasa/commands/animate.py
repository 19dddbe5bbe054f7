"""`openvasa animate`: a portrait and a recording -> a talking-face video."""

from __future__ import annotations

import argparse
import math
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from openvasa.commands.provenance_flags import add_flags, read_flags
from openvasa.motion.conditions import DISTANCE_LIMITS, GAZE_LIMIT
from openvasa.motion.config import CONDITION_NAMES, GuidanceScales
from openvasa.types import EMOTIONS, FPS, Controls, InputError
from openvasa.weights import DEFAULT_MODEL

MOODS = (*EMOTIONS, "neutral")
FRAMINGS = ("crop", "full")
SIZES = (128, 2048)  # pixels
MOST_STEPS = 100
MOST_GUIDANCE = 10.0

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
    add(
        "--seed",
        type=_seed,
        default=0,
        metavar="N",
        help="another seed is another performance; the same seed is the same one (default: 0)",
    )
    add(
        "--gaze",
        type=_gaze,
        metavar="YAW,PITCH",
        help="where to look, in degrees from the camera: right and up positive, 0,0 is into the "
        "camera (default: into it)",
    )
    add(
        "--distance",
        type=_distance,
        metavar="D",
        help="distance to the camera relative to the portrait's: 0.8 is nearer, 1.2 farther "
        "(default: 1)",
    )
    add(
        "--emotion",
        type=_emotion,
        metavar="NAME[:STRENGTH]",
        help=f"one of {', '.join(MOODS)}; the strength is 0 to 1 (default: as the model hears)",
    )
    add(
        "--guidance",
        type=_guidance,
        metavar="NAME=SCALE,...",
        help=f"how strictly to obey {', '.join(CONDITION_NAMES)}: 0 is plainly, higher is more "
        "strictly (example: audio=0.5,gaze=1.0)",
    )
    add("--steps", type=_steps, metavar="N", help="denoising steps: fewer is faster")
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

    _check_not_input(arguments.output, arguments.portrait, arguments.audio)
    check_target(arguments.output)
    provenance = read_flags(arguments)
    provenance.refuse(arguments.portrait, arguments.face)
    from openvasa.engine.animator import Animator  # takes a second; mistakes are told before

    started = time.monotonic()
    animator = Animator.load(arguments.model)
    avatar = animator.prepare(arguments.portrait, face=arguments.face)
    if avatar.faces > 1 and arguments.face is None:
        _say(f"The photo shows {avatar.faces} faces; the largest speaks (--face N for another).")
    asked = options(arguments)
    marks = provenance.marks(
        arguments.portrait, arguments.audio, arguments.face, animator.bundle.config["files"], asked
    )
    clip = animator.animate(avatar, arguments.audio, marks=marks, **asked)
    origin = provenance.origin(animator.bundle, marks, components=(arguments.portrait,))
    frames = _save(clip, arguments.output, partial(provenance.release, origin=origin))
    seconds = time.monotonic() - started
    _say(f"{arguments.output}: {frames / FPS:.1f} s of video, made in {seconds:.1f} s.")
    return 0


def options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the flags ask of `Animator.animate`; flags not given keep its defaults."""
    asked = {
        "guidance": arguments.guidance,
        "steps": arguments.steps,
        "framing": arguments.framing,
        "size": arguments.size,
    }
    return {
        "controls": Controls(
            gaze=arguments.gaze, distance=arguments.distance, emotion=arguments.emotion
        ),
        "seed": arguments.seed,
        **{name: value for name, value in asked.items() if value is not None},
    }


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


def _number(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{what} must be a number, not '{text}'")
    return value


def _whole(text: str, what: str, low: int, high: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(
            f"{what} must be a whole number from {low} to {high}, not '{text}'"
        )
    return value


def _seed(text: str) -> int:
    return _whole(text, "the seed", 0, 2**63 - 1)


def _steps(text: str) -> int:
    return _whole(text, "the number of steps", 1, MOST_STEPS)


def _face(text: str) -> int:
    return _whole(text, "the face", 1, 1000)


def _size(text: str) -> int:
    size = _whole(text, "the size in pixels", *SIZES)
    if size % 2:
        raise argparse.ArgumentTypeError(f"the size must be even, not {size}: try {size + 1}")
    return size


def _gaze(text: str) -> tuple[float, float]:
    parts = text.split(",")
    if len(parts) != 2:
        raise argparse.ArgumentTypeError(
            f"the gaze is two angles in degrees, such as 10,-5, not '{text}'"
        )
    yaw, pitch = (_number(part, "an angle of the gaze") for part in parts)
    if max(abs(yaw), abs(pitch)) > GAZE_LIMIT:
        raise argparse.ArgumentTypeError(
            f"the angles of the gaze must be within {GAZE_LIMIT:g} degrees, not '{text}'"
        )
    return yaw, pitch


def _distance(text: str) -> float:
    value = _number(text, "the distance")
    low, high = DISTANCE_LIMITS
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(
            f"the distance must be from {low:g} to {high:g} (1 is as in the portrait), not '{text}'"
        )
    return value


def _emotion(text: str) -> tuple[str, float]:
    name, _, strength = text.partition(":")
    if name not in MOODS:
        raise argparse.ArgumentTypeError(
            f"there is no emotion '{name}': choose one of {', '.join(MOODS)}"
        )
    value = _number(strength, "the emotion's strength") if ":" in text else 1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(
            f"the emotion's strength must be from 0 to 1, not '{strength}'"
        )
    return name, value


def _guidance(text: str) -> GuidanceScales:
    scales: dict[str, float] = {}
    for item in text.split(","):
        name, equals, scale = item.partition("=")
        if name not in CONDITION_NAMES or not equals:
            raise argparse.ArgumentTypeError(
                f"guidance is NAME=SCALE with a NAME of {', '.join(CONDITION_NAMES)}, not '{item}'"
            )
        scales[name] = _number(scale, f"the guidance of {name}")
        if not 0.0 <= scales[name] <= MOST_GUIDANCE:
            raise argparse.ArgumentTypeError(
                f"the guidance of {name} must be from 0 to {MOST_GUIDANCE:g}, not '{scale}'"
            )
    return GuidanceScales(**scales)
