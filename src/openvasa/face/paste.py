"""The animated square back into the whole photo, frame after frame.

Everything that does not change from frame to frame is prepared once. Knows nothing of faces,
networks or video files.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from openvasa.types import CropBox, Image

LONGEST = 1920  # pixels, long side of the finished video
FEATHER = 0.06  # share of the square's side over which the frame fades into the photo


class Paster:
    """Pastes the animated crops of one photo.

    Attributes:
        size: (width, height) of the finished frames; both even, at most `longest`.
    """

    def __init__(self, photo: Image, box: CropBox, size: int, longest: int = LONGEST) -> None:
        """Prepare the photo.

        Args:
            photo: u8 [H, W, 3]; at least 2 x 2 pixels.
            box: The square that was cut out, in photo pixels.
            size: Side of the animated crops, in pixels.
            longest: Cap on the long side of the finished frames.
        """
        height, width = photo.shape[:2]
        scale = min(1.0, longest / max(height, width))
        self.size = 2 * (int(width * scale) // 2), 2 * (int(height * scale) // 2)
        if min(self.size) < 2:
            raise ValueError(f"the photo is only {width} x {height} pixels")
        self._crop_size = size
        self._photo = _scaled(photo, scale, self.size)
        side = box.side * scale
        left, top = box.cx * scale - side / 2, box.cy * scale - side / 2
        x0, x1 = _covered(left, side, self.size[0])
        y0, y1 = _covered(top, side, self.size[1])
        self._place = slice(y0, y1), slice(x0, x1)
        per_pixel = size / side
        self._source = tuple(
            min(max((edge - start) * per_pixel, 0.0), float(size))
            for edge, start in ((x0, left), (y0, top), (x1, left), (y1, top))
        )
        alpha_x, alpha_y = _fade(x0, x1, left, side), _fade(y0, y1, top, side)
        alpha = np.round(256 * alpha_y[:, None] * alpha_x[None, :]).astype(np.uint16)[..., None]
        inner_y, inner_x = np.flatnonzero(alpha_y >= 1), np.flatnonzero(alpha_x >= 1)
        self._strips = _around(inner_y, inner_x, alpha.shape[:2])
        self._blend = [
            (alpha[strip], (256 - alpha[strip]) * self._photo[self._place][strip] + np.uint16(128))
            for strip in self._strips
        ]

    def __call__(self, crop: Image) -> Image:
        """Paste one animated crop.

        Args:
            crop: u8 [size, size, 3].

        Returns:
            u8 [height, width, 3], a new array.
        """
        if crop.shape != (self._crop_size, self._crop_size, 3):
            raise ValueError(f"expected a crop of {self._crop_size} pixels, got {crop.shape}")
        out = self._photo.copy()
        area = out[self._place]
        if area.size == 0:
            return out
        resized = PilImage.fromarray(np.ascontiguousarray(crop)).resize(
            (area.shape[1], area.shape[0]), PilImage.Resampling.BICUBIC, box=self._source
        )
        frame = np.asarray(resized)
        area[...] = frame
        for strip, (alpha, photo_part) in zip(self._strips, self._blend, strict=True):
            # Fits 16 bits: 255 * 256 + 128. Equal pixels come out exactly as they were.
            area[strip] = (photo_part + alpha * frame[strip]) >> 8
        return out


def paste(photo: Image, box: CropBox, animated_crop: Image) -> Image:
    """Paste a single crop; see `Paster`, which is faster for many.

    Args:
        photo: u8 [H, W, 3].
        box: The square, in photo pixels.
        animated_crop: u8 [S, S, 3].

    Returns:
        u8 [height, width, 3] of the size `Paster.size`.
    """
    return Paster(photo, box, animated_crop.shape[0])(animated_crop)


def _scaled(photo: Image, scale: float, size: tuple[int, int]) -> Image:
    """The photo at its finished size; trimmed by less than two pixels, never stretched."""
    if scale == 1.0:
        return np.ascontiguousarray(photo[: size[1], : size[0]])
    box = (0.0, 0.0, size[0] / scale, size[1] / scale)
    resized = PilImage.fromarray(photo).resize(size, PilImage.Resampling.LANCZOS, box=box)
    return np.asarray(resized, np.uint8)


def _covered(start: float, side: float, length: int) -> tuple[int, int]:
    """The first and the last-but-one whole pixel inside [start, start + side] and the photo."""
    first = min(max(math.ceil(start - 1e-6), 0), length)
    return first, max(min(math.floor(start + side + 1e-6), length), first)


def _fade(first: int, last: int, start: float, side: float) -> NDArray[np.float64]:
    """How much of the frame shows at each pixel along one axis: 0 at the edge, 1 inside."""
    place = np.arange(first, last) + 0.5 - start
    t = np.clip(np.minimum(place, side - place) / (FEATHER * side), 0, 1)
    return t * t * (3 - 2 * t)


def _around(
    inner_y: NDArray[np.intp], inner_x: NDArray[np.intp], shape: tuple[int, int]
) -> list[tuple[slice, slice]]:
    """The four strips around the part that needs no blending; everything, if there is none."""
    every = slice(None)
    if not len(inner_y) or not len(inner_x):
        return [(every, every)]
    y0, y1, x0, x1 = inner_y[0], inner_y[-1] + 1, inner_x[0], inner_x[-1] + 1
    middle = slice(y0, y1)
    strips = [
        (slice(0, y0), every),
        (slice(y1, shape[0]), every),
        (middle, slice(0, x0)),
        (middle, slice(x1, shape[1])),
    ]
    return [(rows, cols) for rows, cols in strips if rows.start != rows.stop]
