"""`openvasa edit`: a photo with known changes of head pose, gaze, distance and expression."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from openvasa.commands.animate import (
    FRAMINGS,
    _check_not_input,
    _face,
)
from openvasa.commands.performance_flags import distance, gaze, number
from openvasa.commands.provenance_flags import add_flags, read_flags
from openvasa.types import EXPRESSION_NAMES, InputError
from openvasa.weights import DEFAULT_MODEL

TURNS = {"yaw": 60.0, "pitch": 45.0, "roll": 60.0}  # degrees either way
SIZES = (64, 8192)  # pixels

_DESCRIPTION = """\
Changes the head pose, gaze, distance or expression of a person in a photo, and writes a PNG.

Turns are relative to the photo. Expressions are absolute: --smile 0 takes a smile away, --smile 1
is a full one, and what is not named stays as the photo shows it. The picture is as large as the
photo. Small changes look best: what the photo never showed has to be stretched or made up."""

_EXAMPLES = """\
examples:
  openvasa edit ada.jpg -o turned.png --yaw 15 --smile 0.6
  openvasa edit ada.jpg -o wink.png --expression eyeBlinkLeft=1 --gaze 10,0 --framing crop
  openvasa edit ada.jpg -o sheet.png --sheet
  openvasa edit ada1.jpg --portrait ada2.jpg --portrait ada3.jpg -o up.png --pitch 8

--expression takes, with values from 0 to 1 and as often as wanted:
  {}"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this verb."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES.format(_names())
    add = parser.add_argument
    add("portrait", metavar="PORTRAIT", type=Path, help="the photo")
    add("-o", "--output", metavar="OUT.png", type=Path, required=True,
        help="the picture to write; one of that name is replaced when the new one is "
        "whole")  # fmt: skip
    add("--yaw", type=_turn("yaw"), default=0.0, metavar="DEGREES",
        help="turn the head by so much toward the image's right (default: 0)")  # fmt: skip
    add("--pitch", type=_turn("pitch"), default=0.0, metavar="DEGREES",
        help="turn it up (default: 0)")  # fmt: skip
    add("--roll", type=_turn("roll"), default=0.0, metavar="DEGREES",
        help="tilt it clockwise (default: 0)")  # fmt: skip
    add("--distance", type=distance, default=1.0, metavar="D",
        help="distance to the camera relative to the photo's: 0.9 is nearer "
        "(default: 1)")  # fmt: skip
    add("--gaze", type=gaze, metavar="YAW,PITCH",
        help="where to look, in degrees from the camera: right and up positive, 0,0 is into the "
        "camera (default: as the eyes sit in the head)")  # fmt: skip
    add("--smile", type=_share, metavar="S", help="both mouth corners, 0 to 1")
    add("--blink", type=_share, nargs="?", const=1.0, metavar="S",
        help="both lids, 0 open to 1 shut; without a number shut")  # fmt: skip
    add("--mouth-open", type=_share, nargs="?", const=0.5, metavar="S",
        help="the jaw, 0 to 1; without a number 0.5")  # fmt: skip
    add("--expression", type=_expression, action="append", default=[], metavar="NAME=VALUE",
        help="any of the expressions listed below; may be repeated")  # fmt: skip
    add("--sheet", action="store_true",
        help="a contact sheet instead: five yaws by six expressions, around what is "
        "asked")  # fmt: skip
    add("--portrait", dest="more", type=Path, action="append", default=[], metavar="PHOTO",
        help="one more photo of the same person; may be repeated: the best one is changed, all "
        "say who it is")  # fmt: skip
    add("--framing", choices=FRAMINGS, default="full",
        help="full: the whole photo; crop: the square around the face (default: full)")  # fmt: skip
    add("--size", type=_size, metavar="PIXELS",
        help=f"the picture's longer side, even, {SIZES[0]} to {SIZES[1]}; of each picture of a "
        "sheet (default: the photo's own; 256 in a sheet)")  # fmt: skip
    add("--face", type=_face, metavar="N",
        help="which face of the photo, counted from 1, the largest first (default: 1)")  # fmt: skip
    add("--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})")  # fmt: skip
    add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Edits; returns the exit code."""
    _check_target(arguments)
    provenance = read_flags(arguments)
    provenance.refuse(arguments.portrait, arguments.face)
    from openvasa.engine import editing
    from openvasa.engine.animator import Animator  # takes a second; mistakes are told before
    from openvasa.engine.several_photos import prepare_several
    from openvasa.media.image import save_png

    edit = editing.Edit(
        yaw=arguments.yaw, pitch=arguments.pitch, roll=arguments.roll,
        distance=arguments.distance, gaze=arguments.gaze, expression=_values(arguments),
    )  # fmt: skip
    animator = Animator.load(arguments.model)
    photos = [arguments.portrait, *arguments.more]
    avatar = prepare_several(animator, photos, face=arguments.face)
    if avatar.faces > 1 and arguments.face is None:
        _say(f"The photo shows {avatar.faces} faces; the largest is taken (--face N for another).")
    asked = edit, arguments.sheet, arguments.framing, arguments.size, arguments.face
    marks = provenance.marks(*photos, animator.bundle.config["files"], *asked)
    if arguments.sheet:
        tile = arguments.size or editing.TILE
        image = editing.edit_sheet(animator, avatar, edit, tile, marks)
    else:
        image = editing.edit_photo(
            animator, avatar, edit, framing=arguments.framing, size=arguments.size, marks=marks
        ).image  # fmt: skip
    origin = provenance.origin(animator.bundle, marks, components=tuple(photos))
    with provenance.release(arguments.output, origin) as hidden:
        save_png(hidden, image)
    _say(f"{arguments.output}: {image.shape[1]} x {image.shape[0]} pixels.")
    return 0


def _values(arguments: argparse.Namespace) -> dict[str, float]:
    """Expressions by name; those named one by one win over the shorthands."""
    from openvasa.engine.editing import SHORTHANDS

    asked = {"smile": arguments.smile, "blink": arguments.blink,
             "mouth-open": arguments.mouth_open}  # fmt: skip
    values = {
        name: value
        for shorthand, value in asked.items()
        if value is not None
        for name in SHORTHANDS[shorthand]
    }
    return values | dict(arguments.expression)


def _check_target(arguments: argparse.Namespace) -> None:
    output = arguments.output
    if output.suffix.lower() != ".png":
        raise InputError(f"the picture's name must end in .png, and '{output}' does not.")
    if output.is_dir():
        raise InputError(f"'{output}' is a folder: name a file for the picture.")
    if not output.parent.is_dir():
        raise InputError(f"the folder '{output.parent}' does not exist: create it first.")
    _check_not_input(output, arguments.portrait, *arguments.more)


def _turn(name: str) -> Callable[[str], float]:
    limit = TURNS[name]

    def parse(text: str) -> float:
        value = number(text, f"the {name}")
        if abs(value) > limit:
            raise argparse.ArgumentTypeError(
                f"the {name} must be within {limit:g} degrees, not '{text}'"
            )
        return value

    return parse


def _share(text: str) -> float:
    value = number(text, "the value")
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"the value must be from 0 to 1, not '{text}'")
    return value


def _expression(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if name not in EXPRESSION_NAMES[:-2] or not equals:
        raise argparse.ArgumentTypeError(
            f"an expression is NAME=VALUE with a NAME listed in --help, not '{text}'"
        )
    return name, _share(value)


def _size(text: str) -> int:
    value = number(text, "the size in pixels")
    low, high = SIZES
    if value != int(value) or int(value) % 2 or not low <= value <= high:
        raise argparse.ArgumentTypeError(
            f"the size must be an even number of pixels from {low} to {high}, not '{text}'"
        )
    return int(value)


def _names() -> str:
    """The names in lines that fit a terminal."""
    return "\n  ".join(textwrap.wrap(", ".join(EXPRESSION_NAMES[:-2]), 92))


def _say(line: str) -> None:
    print(line, file=sys.stderr)
