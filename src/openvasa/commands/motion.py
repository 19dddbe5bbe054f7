"""`openvasa motion`: a recording -> head pose and blendshape curves, without a picture."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from openvasa.commands.performance_flags import add_performance, performance, reference_pose
from openvasa.types import FPS, InputError
from openvasa.weights import DEFAULT_MODEL

_DESCRIPTION = """\
Turns speech into motion alone, 25 frames a second: the head's pose, 43 ARKit-style blendshape
scores and the gaze. A .csv has a line a frame, for 3D characters; an .npz keeps everything, and
`openvasa animate PORTRAIT AUDIO --motion FILE` performs either one."""

_EXAMPLES = """\
examples:
  openvasa motion speech.wav -o curves.csv
  openvasa motion speech.mp3 -o motion.npz --seed 7 --emotion happy:0.6
  openvasa animate ada.jpg speech.mp3 -o talking.mp4 --motion motion.npz"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this verb."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    parser.add_argument("audio", metavar="AUDIO", type=Path, help="the recording")
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True,
        help="the .csv or .npz to write; one of that name is replaced when the new one is whole",
    )  # fmt: skip
    add_performance(parser)
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})",
    )


def run(arguments: argparse.Namespace) -> int:
    """Writes the motion; returns the exit code."""
    from openvasa.engine.motion_file import SUFFIXES, write_motion

    if arguments.output.suffix.lower() not in SUFFIXES:
        raise InputError(f"'{arguments.output}' must end in .npz or .csv: choose one of them.")
    if not arguments.output.absolute().parent.is_dir():
        raise InputError(f"there is no folder '{arguments.output.parent}': make it first.")
    asked = performance(arguments)
    from openvasa.engine.anchor import Anchor
    from openvasa.engine.animator import Animator  # takes a second; mistakes are told before

    animator = Animator.load(arguments.model)
    asked |= reference_pose(arguments, animator)
    motion = animator.perform(arguments.audio, **asked)
    write_motion(arguments.output, motion, Anchor(animator.run))
    print(f"{arguments.output}: {len(motion)} frames, {len(motion) / FPS:.1f} s.", file=sys.stderr)
    return 0
