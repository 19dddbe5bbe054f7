"""The visible label: small, in the corner, legible on light and dark, in every frame.

It discloses to people what the other marks tell machines. It is drawn before the invisible mark,
which therefore covers it too.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from openvasa.types import Image

TEXT = "AI-generated"
_TEXT_SIZE = 0.032  # of the picture's shorter side
_SMALLEST = 11.0  # pixels; smaller letters do not survive a video codec
_MARGIN = 0.75  # of the text's size, to the picture's edges
_PADDING = (0.62, 0.34)  # of the text's size, around the text
_PLATE = 0.55  # opacity of the dark plate; white on it keeps a contrast of 4.5 on white too
_FINE = 4  # drawn this much larger, then averaged: round corners without steps


def draw_label(image: Image) -> Image:
    """The picture with the label at its bottom left.

    Args:
        image: u8 [H, W, 3] RGB; not changed.

    Returns:
        A copy with the label; a picture too small to hold it, as it is.
    """
    height, width = image.shape[:2]
    made = _plate(height, width)
    if made is None:
        return image
    (top, left), keep, add = made
    labeled = image.copy()
    place = labeled[top : top + keep.shape[0], left : left + keep.shape[1]]
    place[:] = ((place.astype(np.uint16) * keep + 127) // 255 + add).astype(np.uint8)
    return labeled


@lru_cache(maxsize=4)
def label_cover(height: int, width: int) -> Image:
    """u8 [H, W]: 255 where the label lies in a picture of this size, 0 elsewhere."""
    cover = np.zeros((height, width), np.uint8)
    made = _plate(height, width)
    if made is not None:
        (top, left), keep, _ = made
        cover[top : top + keep.shape[0], left : left + keep.shape[1]] = 255
    return cover


@lru_cache(maxsize=16)
def _plate(
    height: int, width: int
) -> tuple[tuple[int, int], NDArray[np.uint16], NDArray[np.uint16]] | None:
    """Where the label goes, how much of the picture stays [h, w, 1], and what is added."""
    size = max(_TEXT_SIZE * min(height, width), _SMALLEST)
    font = ImageFont.load_default(size * _FINE)
    left, _, right, _ = font.getbbox(TEXT)
    # The height of a capital and the depth of a `g`, so that the text sits in the middle.
    _, capital, _, base = font.getbbox("A")
    pad_x, pad_y = (round(size * pad) * _FINE for pad in _PADDING)
    box = (int(right - left) + 2 * pad_x, int(base - capital) + 2 * pad_y)
    box = (-(-box[0] // _FINE) * _FINE, -(-box[1] // _FINE) * _FINE)
    margin = round(size * _MARGIN)
    small = (box[0] // _FINE, box[1] // _FINE)
    if small[0] + 2 * margin > width or small[1] + 2 * margin > height:
        return None
    plate, text = Pillow.new("L", box), Pillow.new("L", box)
    ImageDraw.Draw(plate).rounded_rectangle(
        (0, 0, box[0] - 1, box[1] - 1), radius=box[1] // 2, fill=round(255 * _PLATE)
    )
    middle = (box[0] - (right - left)) / 2 - left, (box[1] - (base - capital)) / 2 - capital
    ImageDraw.Draw(text).text(middle, TEXT, font=font, fill=255)
    dark, white = (np.asarray(one.reduce(_FINE), np.float64) / 255 for one in (plate, text))
    keep = np.rint(255 * (1 - dark) * (1 - white)).astype(np.uint16)[..., None]
    add = np.rint(255 * white).astype(np.uint16)[..., None]
    return (height - margin - small[1], margin), keep, add
