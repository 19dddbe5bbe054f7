"""A photo with known changes: head pose, gaze, distance and any named expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from openvasa.engine.anchor import Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.own_points import keep_own
from openvasa.engine.render import Renderer
from openvasa.face.paste import Paster
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.types import EXPRESSION_NAMES, POSE_DIM, Frame, Image, InputError, Motion

EYES_TURN = np.radians([30.0, 22.0])  # how far eyes go in the head, yaw and pitch
SHORTHANDS = {
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "blink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "mouth-open": ("jawOpen",),
}
SHEET_YAWS = (-20.0, -10.0, 0.0, 10.0, 20.0)  # degrees, columns of the contact sheet
# Rows of the contact sheet.
SHEET_ROWS: Mapping[str, Mapping[str, float]] = {
    "as asked": {},
    "smile": {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8},
    "mouth open": {"jawOpen": 0.5},
    "pout": {"mouthPucker": 0.8, "mouthFunnel": 0.3},
    "brows up": {"browInnerUp": 0.8, "browOuterUpLeft": 0.8, "browOuterUpRight": 0.8},
    "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
}
TILE = 256  # pixels, side of a picture of the sheet
_LABELS = (104, 28)  # pixels, width of the rows' labels and height of the columns'


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What to change; what is not named stays as the photo shows it.

    Attributes:
        yaw: Degrees by which the head turns, to the image's right positive.
        pitch: The same upward.
        roll: The same clockwise in the image.
        distance: To the camera, relative to the portrait's; 0.8 is nearer.
        gaze: Where the eyes look, degrees from the camera, right and up positive; None leaves
            them as they sit in the head.
        expression: Values in [0, 1] by name, in place of the portrait's own.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    distance: float = 1.0
    gaze: tuple[float, float] | None = None
    expression: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses names that the model does not know."""
        for name in self.expression:
            if name not in EXPRESSION_NAMES[:-2]:
                raise InputError(
                    f"there is no expression '{name}': choose from "
                    f"{', '.join(EXPRESSION_NAMES[:-2])}."
                )


def edit_motion(avatar: Avatar, anchor: Anchor, edit: Edit) -> Motion:
    """The one frame of motion that shows an edit.

    Eyes turn at most `EYES_TURN` in the head, however far away the asked direction is.
    """
    pose = np.zeros((1, POSE_DIM), np.float32)
    pose[0, :3] = np.radians([edit.yaw, edit.pitch, edit.roll])
    pose[0, 5] = -np.log(edit.distance)
    values = dict(edit.expression)
    if edit.gaze is not None:
        head = (avatar.pose + pose)[0, :2]
        eyes = np.clip(np.radians(edit.gaze) - head, -EYES_TURN, EYES_TURN)
        values |= {"gazeYaw": float(eyes[0]), "gazePitch": float(eyes[1])}
    return Motion(pose, anchor.put(avatar.dynamics, values))


class StillRenderer(Renderer):
    """Makes single pictures; in framing `full` as sharp and as large as the photo itself."""

    def __init__(
        self, animator: Animator, avatar: Avatar, framing: str = "full", size: int | None = None,
        marks: FrameMarks | None = None,
    ) -> None:  # fmt: skip
        """Prepares the photo.

        Args:
            animator: The model that prepared the avatar.
            avatar: The portrait.
            framing: `crop` or `full`.
            size: The picture's longer side; None is the photo's own, for `crop` the face's.
            marks: As for `Renderer`.
        """
        height, width = avatar.photo.shape[:2]
        longest = size or max(height, width)
        shrink = 1.0 if framing == "crop" else min(1.0, longest / max(height, width))
        side = max(2 * round(avatar.box.side * shrink / 2), 64)
        if framing == "crop" and size is not None:
            side = size
        super().__init__(
            avatar, keep_own(animator.run, avatar), animator.topology, framing="crop", size=side,
            whole=framing == "full", marks=marks,
        )  # fmt: skip
        if framing == "full":  # after the crop is cut as fine as the photo
            self._paster = Paster(avatar.photo, avatar.box, side, longest)
            self.size = self._paster.size
            self._shown = slice(0, self.size[1]), slice(0, self.size[0])


def edit_photo(
    animator: Animator, avatar: Avatar, edit: Edit, *, framing: str = "full",
    size: int | None = None, marks: FrameMarks | None = None,
) -> Frame:  # fmt: skip
    """The portrait with the asked changes.

    Args:
        animator: The model that prepared the avatar.
        avatar: The portrait.
        edit: What to change.
        framing: `full`: inside the whole photo; `crop`: the square around the face.
        size: The picture's longer side in pixels, even; None is as large as the photo shows it.
        marks: As for `Renderer`.

    Raises:
        InputError: An expression's name is unknown.
    """
    motion = edit_motion(avatar, Anchor(animator.run), edit)
    return StillRenderer(animator, avatar, framing, size, marks)(motion, 0)


def edit_sheet(
    animator: Animator, avatar: Avatar, edit: Edit, tile: int = TILE,
    marks: FrameMarks | None = None,
) -> Image:  # fmt: skip
    """A contact sheet u8 [H, W, 3]: the edit turned to five sides, by six expressions.

    Args:
        animator: The model that prepared the avatar.
        avatar: The portrait.
        edit: What all pictures share; columns turn it further, rows change expressions.
        tile: Side of each picture in pixels, even.
        marks: What every picture gets, as for `Renderer`.
    """
    renderer = StillRenderer(animator, avatar, "crop", tile, marks)
    anchor = Anchor(animator.run)
    rows = []
    for values in SHEET_ROWS.values():
        expression = {**edit.expression, **values}
        row = [replace(edit, yaw=edit.yaw + yaw, expression=expression) for yaw in SHEET_YAWS]
        rows.append([renderer(edit_motion(avatar, anchor, one), 0).image for one in row])
    return labeled(rows, list(SHEET_ROWS), [f"yaw {edit.yaw + yaw:g}°" for yaw in SHEET_YAWS])


def labeled(rows: Sequence[Sequence[Image]], left: Sequence[str], top: Sequence[str]) -> Image:
    """Pictures of one size in a grid, with a label for each row and each column.

    Args:
        rows: u8 [h, w, 3] each, R rows of C pictures.
        left: R labels.
        top: C labels.

    Returns:
        u8 [H, W, 3] on white; the pictures' own pixels are unchanged.
    """
    height, width = rows[0][0].shape[:2]
    side, head = _LABELS
    sheet = Pillow.new("RGB", (side + width * len(top), head + height * len(rows)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for column, label in enumerate(top):
        draw.text((side + (column + 0.5) * width, head / 2), label, "black", font, "mm")
    for row, (label, images) in enumerate(zip(left, rows, strict=True)):
        draw.text((side / 2, head + (row + 0.5) * height), label, "black", font, "mm")
        for column, image in enumerate(images):
            sheet.paste(Pillow.fromarray(image), (side + column * width, head + row * height))
    return np.asarray(sheet, np.uint8)
