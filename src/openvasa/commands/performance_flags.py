"""Flags that decide how a recording is performed, for every verb that performs one.

docs/controls.md has them in one table.
"""

from __future__ import annotations

import argparse
import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from openvasa.engine.control_track import read_controls
from openvasa.motion.conditions import DISTANCE_LIMITS, GAZE_LIMIT, HEAD_LIMIT, SIZE_LIMITS
from openvasa.motion.config import CONDITION_NAMES, GuidanceScales
from openvasa.types import EMOTIONS, HEARD, POSE_DIM, Controls

if TYPE_CHECKING:
    from openvasa.engine.animator import Animator

MOODS = (*EMOTIONS, "neutral", HEARD)
MOST_STEPS = 100
MOST_GUIDANCE = 10.0
_SIZES = {
    "movement": "size of the head's own movement, 0 to 2 (default: 1)",
    "blinks": "blinks a minute, 0 to 60 (default: 18)",
    "expressiveness": "size of what brows, eyes, cheeks and smile do, 0 to 2 (default: 1)",
}


def add_performance(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that decide how a recording is performed."""
    add = parser.add_argument
    add(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="another seed is another performance; the same seed is the same one (default: 0)",
    )
    add(
        "--gaze",
        type=gaze,
        metavar="YAW,PITCH",
        help="where to look, in degrees from the camera: right and up positive, 0,0 is into the "
        "camera (default: into it)",
    )
    add(
        "--distance",
        type=distance,
        metavar="D",
        help="distance to the camera relative to the portrait's: 0.8 is nearer, 1.2 farther "
        "(default: 1)",
    )
    add(
        "--emotion",
        type=emotion,
        metavar="NAME[:STRENGTH]",
        help=f"one of {', '.join(MOODS)}; the strength is 0 to 1; heard leaves it to the model "
        "(default: neutral)",
    )
    add(
        "--head",
        type=head,
        metavar="YAW,PITCH,ROLL",
        help="degrees added to the head's pose; the gaze stays (default: 0,0,0)",
    )
    for name, what in _SIZES.items():
        add(f"--{name}", type=partial(_size, name), metavar="X", help=what)
    add(
        "--controls",
        type=Path,
        metavar="FILE",
        help="a .csv or .json of keys, for controls that change over time (see docs/controls.md); "
        "flags hold for what it says nothing about",
    )
    pose = parser.add_mutually_exclusive_group()
    pose.add_argument(
        "--pose", choices=("free", "fixed"), default="free",
        help="fixed: the head keeps the portrait's pose; the eyes stay alive (default: free)",
    )  # fmt: skip
    pose.add_argument(
        "--pose-from",
        type=Path,
        metavar="FILE",
        help="the head moves as in this .npz or .csv of `openvasa motion`, or as in this video; "
        "played forth and back where it is shorter",
    )
    add(
        "--listen",
        type=Path,
        metavar="OTHER",
        help="what the other side says at the same time; in AUDIO's pauses the face listens to it",
    )
    add(
        "--guidance",
        type=guidance,
        metavar="NAME=SCALE,...",
        help=f"how strictly to obey {', '.join(CONDITION_NAMES)}: 0 is plainly, higher is more "
        "strictly (example: audio=0.5,gaze=1.0)",
    )
    add("--steps", type=steps, metavar="N", help="denoising steps: fewer is faster")


def performance(arguments: argparse.Namespace) -> dict[str, Any]:
    """What these flags ask of `Animator.animate`; flags not given keep its defaults.

    `--pose-from` is not among them: it needs the model, see `reference_pose`.

    Raises:
        InputError: The file of controls cannot be used.
    """
    asked = {
        "guidance": arguments.guidance, "steps": arguments.steps, "listen": arguments.listen,
        "pose": np.zeros((1, POSE_DIM), np.float32) if arguments.pose == "fixed" else None,
    }  # fmt: skip
    constant = Controls(
        gaze=arguments.gaze, distance=arguments.distance, emotion=arguments.emotion,
        head=arguments.head, **{name: getattr(arguments, name) for name in _SIZES},
    )  # fmt: skip
    track = arguments.controls
    return {
        "controls": constant if track is None else read_controls(track, constant),
        "seed": arguments.seed,
        **{name: value for name, value in asked.items() if value is not None},
    }


def files(arguments: argparse.Namespace) -> list[Path]:
    """The files that these flags name."""
    named = (arguments.controls, arguments.pose_from, arguments.listen)
    return [path for path in named if path is not None]


def reference_pose(arguments: argparse.Namespace, animator: Animator) -> dict[str, Any]:
    """What `--pose-from` asks of `Animator.animate`.

    Raises:
        InputError: The file cannot be used, or shows no face.
    """
    path = arguments.pose_from
    if path is None:
        return {}
    from openvasa.engine.anchor import Anchor
    from openvasa.engine.driving import read_driver
    from openvasa.engine.motion_file import SUFFIXES, read_motion

    if path.suffix.lower() in SUFFIXES:
        return {"pose": read_motion(path, Anchor(animator.run)).pose}
    driver = read_driver(animator, path)
    return {"pose": driver.pose - driver.pose[driver.rest]}


def number(text: str, what: str) -> float:
    """A finite number; the complaint names `what`."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{what} must be a number, not '{text}'")
    return value


def whole(text: str, what: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`; the complaint names `what`."""
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(
            f"{what} must be a whole number from {low} to {high}, not '{text}'"
        )
    return value


def seed(text: str) -> int:
    """A seed: a whole number that is not negative."""
    return whole(text, "the seed", 0, 2**63 - 1)


def steps(text: str) -> int:
    """Denoising steps."""
    return whole(text, "the number of steps", 1, MOST_STEPS)


def gaze(text: str) -> tuple[float, float]:
    """Two angles in degrees."""
    parts = text.split(",")
    if len(parts) != 2:
        raise argparse.ArgumentTypeError(
            f"the gaze is two angles in degrees, such as 10,-5, not '{text}'"
        )
    yaw, pitch = (number(part, "an angle of the gaze") for part in parts)
    if max(abs(yaw), abs(pitch)) > GAZE_LIMIT:
        raise argparse.ArgumentTypeError(
            f"the angles of the gaze must be within {GAZE_LIMIT:g} degrees, not '{text}'"
        )
    return yaw, pitch


def head(text: str) -> tuple[float, float, float]:
    """Three angles in degrees."""
    parts = text.split(",")
    if len(parts) != 3:
        raise argparse.ArgumentTypeError(
            f"the head's bias is three angles in degrees, such as 5,0,-3, not '{text}'"
        )
    yaw, pitch, roll = (number(part, "an angle of the head") for part in parts)
    if max(abs(yaw), abs(pitch), abs(roll)) > HEAD_LIMIT:
        raise argparse.ArgumentTypeError(
            f"the angles of the head must be within {HEAD_LIMIT:g} degrees, not '{text}'"
        )
    return yaw, pitch, roll


def _size(name: str, text: str) -> float:
    value = number(text, f"the {name}")
    low, high = SIZE_LIMITS[name]
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(
            f"the {name} must be from {low:g} to {high:g}, not '{text}'"
        )
    return value


def distance(text: str) -> float:
    """A distance relative to the portrait's."""
    value = number(text, "the distance")
    low, high = DISTANCE_LIMITS
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(
            f"the distance must be from {low:g} to {high:g} (1 is as in the portrait), not '{text}'"
        )
    return value


def emotion(text: str) -> tuple[str, float]:
    """An emotion and its strength."""
    name, _, strength = text.partition(":")
    if name not in MOODS:
        raise argparse.ArgumentTypeError(
            f"there is no emotion '{name}': choose one of {', '.join(MOODS)}"
        )
    value = number(strength, "the emotion's strength") if ":" in text else 1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(
            f"the emotion's strength must be from 0 to 1, not '{strength}'"
        )
    return name, value


def guidance(text: str) -> GuidanceScales:
    """Guidance scales by condition."""
    scales: dict[str, float] = {}
    for item in text.split(","):
        name, equals, scale = item.partition("=")
        if name not in CONDITION_NAMES or not equals:
            raise argparse.ArgumentTypeError(
                f"guidance is NAME=SCALE with a NAME of {', '.join(CONDITION_NAMES)}, not '{item}'"
            )
        scales[name] = number(scale, f"the guidance of {name}")
        if not 0.0 <= scales[name] <= MOST_GUIDANCE:
            raise argparse.ArgumentTypeError(
                f"the guidance of {name} must be from 0 to {MOST_GUIDANCE:g}, not '{scale}'"
            )
    return GuidanceScales(**scales)
