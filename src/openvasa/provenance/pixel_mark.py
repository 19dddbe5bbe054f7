"""The invisible mark: put into the pixels of each frame here, read by `mark_reading`.

A frame is marked by itself and in the same way each time: nothing flickers, and frames may be
dropped, repeated or reordered without harm. The pattern is faint where the picture is smooth and
stronger where its texture hides it. It is read from luma, so each color is changed by its share of
luma: of all changes of one energy this one changes luma most.
"""

from __future__ import annotations

from threading import Lock

import numba
import numpy as np
from numpy.typing import NDArray

from openvasa.provenance.mark_code import PAYLOAD_BITS
from openvasa.provenance.mark_pattern import TILE, tile, unit_of
from openvasa.provenance.mark_reading import MarkReading, read_frames, read_image
from openvasa.types import Array, Image

__all__ = ["PAYLOAD_BITS", "MarkReading", "PixelMark", "read_frames", "read_image"]

# Strengths are standard deviations of the pattern in luma, in levels of 255.
_FAINTEST = 0.6  # on smooth skin and walls; looked at: 1.6 shows there
_STRONGEST = 5.0  # in hair and foliage
_TEXTURE = 0.5  # strength a level of texture ...
_SHADING = 2.0  # ... beyond the deviation that a smooth but round surface has
_MEAN_SQUARE = 5.2  # of the whole frame: with rounding, 42.1 dB
_DARK, _DARK_LEVEL = 0.55, 40.0  # share of the strength in black, and the luma from which it is 1
_LUMA = np.array([0.299, 0.587, 0.114])
_COLOR = (_LUMA / np.sum(_LUMA**2)).astype(np.float32)  # levels of each color a level of luma
_CELL = 8.0  # units, side of the squares in which texture is measured
_STEPS = 24.0  # the pattern is kept in whole numbers: this many a standard deviation
_compiled = numba.njit(cache=True, nogil=True, fastmath=True)


class PixelMark:
    """Marks frames with one content id; safe to call from several threads.

    Attributes:
        payload: The content id, 48 bits.
    """

    def __init__(self, payload: int) -> None:
        """Makes the pattern.

        Args:
            payload: In [0, 2**48).

        Raises:
            ValueError: The payload does not fit.
        """
        self.payload = payload
        self._tile = tile(payload)
        self._patterns: dict[tuple[int, int], NDArray[np.int8]] = {}
        self._lock = Lock()

    def embed(self, image: Image) -> Image:
        """The marked frame; the same picture always gives the same.

        Args:
            image: u8 [H, W, 3] of any size; below about 128 pixels a side too little of the
                pattern is seen to be told again.

        Returns:
            u8 [H, W, 3], a new array, at least 42 dB PSNR from the picture.
        """
        image = np.ascontiguousarray(image)
        height, width = image.shape[:2]
        cell = max(round(_CELL * unit_of(height, width)), 2)
        out = np.empty_like(image)
        _add(image, self._pattern(height, width), _strength(image, cell), cell, _COLOR, out)
        return out

    def _pattern(self, height: int, width: int) -> NDArray[np.int8]:
        with self._lock:
            found = self._patterns.get((height, width))
            if found is None:
                found = _drawn(self._tile, height, width, unit_of(height, width))
                self._patterns = {(height, width): found}  # one job makes one size
        return found


@_compiled
def _drawn(pattern, height, width, unit):  # type: ignore[no-untyped-def]
    """The repeated tile at a frame's size, i8 [H, W]; between its values, Catmull-Rom's cubic."""
    rows = np.empty((TILE, width), np.float32)
    for x in range(width):
        first, weights = _taps(x, unit)
        for i in range(TILE):
            total = np.float32(0)
            for k in range(4):
                total += weights[k] * pattern[i, (first + k) % TILE]
            rows[i, x] = total
    out = np.empty((height, width), np.int8)
    for y in range(height):
        first, weights = _taps(y, unit)
        for x in range(width):
            total = np.float32(0)
            for k in range(4):
                total += weights[k] * rows[(first + k) % TILE, x]
            level = int(np.floor(total * _STEPS + 0.5))
            out[y, x] = min(max(level, -127), 127)
    return out


@_compiled
def _taps(pixel, unit):  # type: ignore[no-untyped-def]
    """The first of the four values around a pixel's center, and their weights."""
    at = (pixel + 0.5) / unit - 0.5
    before = int(np.floor(at))
    t = at - before
    weights = np.array(
        [
            0.5 * (-t + 2 * t * t - t * t * t),
            1 - 2.5 * t * t + 1.5 * t * t * t,
            0.5 * (t + 4 * t * t - 3 * t * t * t),
            0.5 * (t * t * t - t * t),
        ],
        np.float32,
    )
    return before - 1, weights


def _strength(image: Image, cell: int) -> Array:
    """f32 [rows, columns]: the pattern's strength at the middle of each cell.

    Of a cell and its eight neighbors the smoothest counts for half: along an outline against a
    smooth wall there is nothing that would hide a strong pattern.
    """
    mean, deviation = _cells(image, cell)
    padded = np.pad(deviation, 1, mode="edge")
    across = np.minimum(np.minimum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    smoothest = np.minimum(np.minimum(across[:-2], across[1:-1]), across[2:])
    texture = 0.5 * (smoothest + np.minimum(deviation, 2 * smoothest))
    strength = np.clip(_FAINTEST + _TEXTURE * (texture - _SHADING), _FAINTEST, _STRONGEST)
    strength *= np.minimum(_DARK + (1 - _DARK) * mean / _DARK_LEVEL, 1)
    strength *= min(1.0, float(np.sqrt(_MEAN_SQUARE / np.mean(strength**2))))
    return strength.astype(np.float32)


@_compiled
def _cells(image, cell):  # type: ignore[no-untyped-def]
    """Mean and standard deviation of luma in squares of `cell` pixels; the last may be cut."""
    height, width = image.shape[0], image.shape[1]
    rows, columns = (height + cell - 1) // cell, (width + cell - 1) // cell
    mean, deviation = np.empty((rows, columns), np.float32), np.empty((rows, columns), np.float32)
    for i in range(rows):
        for j in range(columns):
            bottom, right = min((i + 1) * cell, height), min((j + 1) * cell, width)
            total, squares = np.int64(0), np.int64(0)
            for y in range(i * cell, bottom):
                for x in range(j * cell, right):
                    red, green, blue = image[y, x, 0], image[y, x, 1], image[y, x, 2]
                    luma = (77 * np.int32(red) + 150 * np.int32(green) + 29 * np.int32(blue)) >> 8
                    total += luma
                    squares += luma * luma
            count = (bottom - i * cell) * (right - j * cell)
            average = total / count
            mean[i, j] = average
            deviation[i, j] = np.sqrt(max(squares / count - average * average, 0.0))
    return mean, deviation


@_compiled
def _add(image, pattern, strength, cell, color, out):  # type: ignore[no-untyped-def]
    """Adds the pattern, its strength interpolated linearly between the cells' middles."""
    height, width = pattern.shape
    rows, columns = strength.shape
    line = np.empty(columns + 1, np.float32)
    across = np.empty(width, np.float32)
    one, half = np.float32(1), np.float32(0.5)
    for y in range(height):
        at = min(max((y + 0.5) / cell - 0.5, 0.0), rows - 1.0)
        above = min(int(at), rows - 1)
        below, t = min(above + 1, rows - 1), np.float32(at - above)
        for j in range(columns):
            line[j] = ((one - t) * strength[above, j] + t * strength[below, j]) / _STEPS
        line[columns] = line[columns - 1]
        for x in range(width):
            at = min(max((x + 0.5) / cell - 0.5, 0.0), columns - 1.0)
            left = int(at)
            u = np.float32(at - left)
            across[x] = (one - u) * line[left] + u * line[left + 1]
        for x in range(width):
            for c in range(3):
                change = np.int32(np.floor(across[x] * pattern[y, x] * color[c] + half))
                out[y, x, c] = min(max(np.int32(image[y, x, c]) + change, 0), 255)
