"""What is around the animated person: the shape of the picture, and what shows behind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image as PilImage

from openvasa.media.image import load_photo
from openvasa.types import Array, CropBox, Image, InputError

TRANSPARENT: Literal["transparent"] = "transparent"
Background = Literal["transparent"] | tuple[int, int, int] | Image
LEAST_VIEW = 0.6  # of the square's side
LONGEST_ASPECT = 4.0  # a picture's longer side relative to the shorter, at most


@dataclass(frozen=True, eq=False)
class Scene:
    """The shape of the picture, and what shows behind the person.

    Attributes:
        aspect: Width and height relative to each other, such as (9, 16); None is what the framing
            gives: a square for `crop`, the photo's own shape for `full`.
        background: In framing `crop`: RGB in 0..255, or a picture u8 [H, W, 3] that covers it all,
            or `transparent`, which gives every `Frame` its `alpha`; None is the photo's own.
    """

    aspect: tuple[int, int] | None = None
    background: Background | None = None

    def __post_init__(self) -> None:
        """Checks both.

        Raises:
            InputError: The shape is no shape, or more than 4 times as long as wide; or the
                background is none.
        """
        if self.aspect is not None:
            low, high = sorted(self.aspect)
            if low < 1 or high > LONGEST_ASPECT * low:
                raise InputError(
                    f"the shape {self.aspect[0]}:{self.aspect[1]} cannot be used: choose one up to "
                    f"{LONGEST_ASPECT:g} times as long as wide, such as 9:16."
                )
        given = self.background
        if isinstance(given, tuple):
            good = len(given) == 3 and all(0 <= level <= 255 for level in given)
        elif isinstance(given, np.ndarray):
            good = given.ndim == 3 and given.shape[2] == 3 and given.dtype == np.uint8
        else:
            good = given is None or given == TRANSPARENT
        if not good:
            raise InputError(
                "a background is three levels from 0 to 255, a picture u8 [H, W, 3], or "
                f"'{TRANSPARENT}'."
            )

    @property
    def transparent(self) -> bool:
        """Whether frames have an alpha channel."""
        return isinstance(self.background, str)


def read_background(text: str) -> Background:
    """A background as people write it: #rrggbb, `transparent`, or a picture's file.

    Raises:
        InputError: It is none of these.
    """
    if text == TRANSPARENT:
        return TRANSPARENT
    if re.fullmatch("#[0-9a-fA-F]{6}", text):
        red, green, blue = bytes.fromhex(text[1:])
        return red, green, blue
    if not Path(text).is_file():
        raise InputError(
            f"the background '{text}' is no color such as #204060, no picture and not "
            f"'{TRANSPARENT}': give one of these."
        )
    return load_photo(text)


def window(
    width: int, height: int, aspect: tuple[int, int] | None, center: tuple[float, float]
) -> tuple[slice, slice]:
    """The largest part of a picture that has a shape: rows and columns, their numbers even.

    Args:
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.
        aspect: The shape; None is the picture's own.
        center: (x, y) in pixels that it is to have in its middle as far as the picture goes.
    """
    across, down = aspect or (width, height)
    shrink = min(width / across, height / down)
    sides = [
        min(2 * round(shrink * part / 2), whole // 2 * 2)
        for part, whole in ((down, height), (across, width))
    ]
    starts = [
        min(max(round(middle - side / 2), 0), whole - side)
        for middle, side, whole in zip(center[::-1], sides, (height, width), strict=True)
    ]
    rows, columns = (slice(at, at + side) for at, side in zip(starts, sides, strict=True))
    return rows, columns


def behind(
    background: Background, matte: Array, own: Image, place: tuple[slice, slice]
) -> Image:  # fmt: skip
    """What shows beyond the person in place of the photo's own background, u8 [S, S, 3].

    Args:
        background: As in `Scene`; of `transparent` nothing will be seen, and `own` stays.
        matte: f32 [S, S], where the person is.
        own: u8 [S, S, 3], the photo's own background.
        place: Rows and columns that will be shown: what a picture covers.

    Raises:
        InputError: The portrait shows nothing but person, so there is nothing to put behind.
    """
    if matte.min() >= 0.05:
        raise InputError(
            "the portrait's person and background cannot be told apart: choose another portrait, "
            "or leave the background as it is."
        )
    out = own.copy()
    if isinstance(background, tuple):
        out[:] = background
    elif not isinstance(background, str):
        rows, columns = place
        height, width = rows.stop - rows.start, columns.stop - columns.start
        shown = window(
            background.shape[1], background.shape[0], (width, height),
            (background.shape[1] / 2, background.shape[0] / 2),
        )  # fmt: skip
        part = PilImage.fromarray(np.ascontiguousarray(background[shown]))
        out[place] = np.asarray(part.resize((width, height), PilImage.Resampling.LANCZOS))
    return out


def view(box: CropBox, photo: Image) -> tuple[float, float, float]:
    """The part of the square around a face that its photo shows: left, top and side, of the box.

    Of a photo cut so tightly that less than `LEAST_VIEW` would be left, some is made up.
    """
    height, width = photo.shape[:2]
    centers = (box.cx, box.cy)
    seen = [
        (max(center - box.side / 2, 0.0), min(center + box.side / 2, float(length)))
        for center, length in zip(centers, (width, height), strict=True)
    ]
    side = max(min(high - low for low, high in seen), LEAST_VIEW * box.side)
    room = (box.side - side) / 2
    starts = []
    for center, (low, high) in zip(centers, seen, strict=True):
        half = min(side, high - low) / 2
        wanted = min(max(center, low + half), high - half)
        starts.append((room + min(max(wanted - center, -room), room)) / box.side)
    return starts[0], starts[1], side / box.side
