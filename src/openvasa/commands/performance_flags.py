"""Flags that decide how a recording is performed, for every verb that performs one."""

from __future__ import annotations

import argparse
import math
from typing import Any

from openvasa.motion.conditions import DISTANCE_LIMITS, GAZE_LIMIT
from openvasa.motion.config import CONDITION_NAMES, GuidanceScales
from openvasa.types import EMOTIONS, Controls

MOODS = (*EMOTIONS, "neutral")
MOST_STEPS = 100
MOST_GUIDANCE = 10.0


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
        help=f"one of {', '.join(MOODS)}; the strength is 0 to 1 (default: as the model hears)",
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
    """What these flags ask of `Animator.animate`; flags not given keep its defaults."""
    asked = {"guidance": arguments.guidance, "steps": arguments.steps}
    return {
        "controls": Controls(
            gaze=arguments.gaze, distance=arguments.distance, emotion=arguments.emotion
        ),
        "seed": arguments.seed,
        **{name: value for name, value in asked.items() if value is not None},
    }


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
