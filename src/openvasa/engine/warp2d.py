"""The last step of a frame: the photo moved by a flow, new color where the photo shows nothing.

The networks think on a coarse grid; the photo keeps its own sharpness because each finished pixel
samples it exactly once. With a matte the person moves over a background that rests. Knows nothing
of networks, faces or files.
"""

from __future__ import annotations

import numba
import numpy as np

from openvasa.latent.mouth import Drawn
from openvasa.types import Array, Image

PAD = 4  # pixels around the photo: a position up to 3 outside, and the spline's reach
POLE = np.float32(np.sqrt(3) - 2)  # of the cubic spline's inverse (Unser, Aldroubi, Eden, 1993)
_FADED = 12  # pixels after which the inverse has forgotten where it began: POLE**12 is 1e-7
TEAR = np.float32(0.024)  # crop units between neighbors of the flow: beyond, an edge lies there
_NOTHING = np.empty((0, 0, 3), np.float32)
_compiled = numba.njit(cache=True, nogil=True, fastmath=True)


class Composer:
    """One photo, ready to be moved."""

    def __init__(self, person: Image, matte: Array | None = None,
                 background: Image | None = None) -> None:  # fmt: skip
        """Prepares what all frames share.

        Args:
            person: u8 [S, S, 3], the photo; with a matte, its colors beyond the person are unseen.
            matte: f32 [S, S] in [0, 1], 1 on the person; None: all of the photo moves.
            background: u8 [S, S, 3], what shows beyond the moved matte, and rests.

        Raises:
            ValueError: The shapes do not belong together.
        """
        if person.shape[2:] != (3,) or (matte is None) != (background is None):
            raise ValueError(f"expected a photo [S, S, 3] and both layers, got {person.shape}")
        if matte is not None and background is not None:
            if matte.shape != person.shape[:2] or background.shape != person.shape:
                raise ValueError(
                    f"expected layers like the photo's {person.shape}, got {matte.shape} and "
                    f"{background.shape}"
                )
        alpha = np.ones(person.shape[:2], np.float32) if matte is None else matte
        self._padded = _coefficients(
            _padded(np.ascontiguousarray(person), np.ascontiguousarray(alpha, np.float32))
        )
        self._background = np.ascontiguousarray(person if background is None else background)
        self._layered = matte is not None

    @property
    def size(self) -> int:
        """Side of the pictures in pixels."""
        return len(self._background)

    def __call__(self, flow: Array, visibility: Array, color: Array,
                 drawn: Drawn | None = None) -> Image:  # fmt: skip
        """Warp the person, blend it with newly made color, and lay it over the background.

        Pixel i of n has the coordinate (2i + 1) / n - 1. What the coarse grid moves each pixel by,
        the visibility and the color are interpolated linearly; photo and matte are sampled with
        the interpolating cubic B-spline, edge pixels repeated: between pixels it keeps more of
        the fine detail than other kernels of four taps. Without a matte the identity flow returns
        the photo exactly.

        Args:
            flow: f32 [h, w, 2], where (x, y) in the photo each pixel comes from, in crop units.
            visibility: f32 [h, w] in [0, 1], 1 where the photo shows what the frame needs.
            color: f32 [h, w, 3] in [0, 1], taken where the photo does not.
            drawn: A piece at full resolution, taken in place of `color` where it lies.

        Returns:
            u8 [S, S, 3].

        Raises:
            ValueError: The shapes do not belong together.
        """
        grid = visibility.shape
        if flow.shape != (*grid, 2) or color.shape != (*grid, 3):
            raise ValueError(
                f"expected flow [h, w, 2], visibility [h, w] and color [h, w, 3], got "
                f"{flow.shape}, {visibility.shape} and {color.shape}"
            )
        top, left, piece = drawn if drawn is not None else (0, 0, _NOTHING)
        out = np.empty_like(self._background)
        _compose(
            self._padded,
            self._background,
            self._layered,
            np.ascontiguousarray(flow, np.float32),
            np.ascontiguousarray(visibility, np.float32),
            np.ascontiguousarray(color, np.float32),
            top,
            left,
            piece,
            out,
        )
        return out


@_compiled
def _taps(size, coarse):  # type: ignore[no-untyped-def]
    """For each of `size` pixels: the coarse pixel before it, the one after and its weight."""
    before, after = np.empty(size, np.int64), np.empty(size, np.int64)
    weight = np.empty(size, np.float32)
    for i in range(size):
        at = (i + 0.5) * coarse / size - 0.5
        at = min(max(at, 0.0), coarse - 1.0)
        before[i] = int(at)
        after[i] = min(before[i] + 1, coarse - 1)
        weight[i] = at - before[i]
    return before, after, weight


@_compiled
def _torn(first, second, limit):  # type: ignore[no-untyped-def]
    """Whether two neighbors show places so far apart that nothing between them may be shown."""
    return abs(first - second) > limit


@_compiled
def _coarse_row(y0, y1, t, size_x, size_y, flow, visibility, color, row):  # type: ignore[no-untyped-def]
    """Blend two coarse rows: (dx, dy in photo pixels, visibility, red, green, blue) per column."""
    height, width = visibility.shape
    half_x, half_y = np.float32(size_x / 2), np.float32(size_y / 2)
    u, one, zero = np.float32(1) - t, np.float32(1), np.float32(0)
    home_y0 = np.float32((2 * y0 + 1) / height - 1)
    home_y1 = np.float32((2 * y1 + 1) / height - 1)
    for x in range(width):
        home_x = np.float32((2 * x + 1) / width - 1)
        above, below = flow[y0, x, 1] - home_y0, flow[y1, x, 1] - home_y1
        v, w = u, t
        if _torn(above, below, TEAR):
            v, w = (one, zero) if t < np.float32(0.5) else (zero, one)
        row[0, x] = (v * flow[y0, x, 0] + w * flow[y1, x, 0] - home_x) * half_x
        row[1, x] = (v * above + w * below) * half_y
        row[2, x] = u * visibility[y0, x] + t * visibility[y1, x]
        for c in range(3):
            row[3 + c, x] = np.float32(255) * (u * color[y0, x, c] + t * color[y1, x, c])


@_compiled
def _cubic(t):  # type: ignore[no-untyped-def]
    """Cubic B-spline's weights of the coefficients at -1, 0, 1, 2 for a point at t in [0, 1)."""
    one, three, sixth = np.float32(1), np.float32(3), np.float32(1 / 6)
    u = one - t
    first, last = sixth * u * u * u, sixth * t * t * t
    second = sixth * (np.float32(4) - three * t * t * (one + u))
    return first, second, one - first - second - last, last


@_compiled
def _coefficients(padded):  # type: ignore[no-untyped-def]
    """B-spline coefficients in place: the spline through them meets every pixel's value."""
    height, width = padded.shape[0], padded.shape[1] // 4
    gain = (np.float32(1) - POLE) * (np.float32(1) - np.float32(1) / POLE)
    end = POLE / (POLE * POLE - np.float32(1))
    for j in range(padded.shape[1]):
        column = padded[:, j] * gain
        padded[:, j] = _inverse(column, height, end)
    for i in range(height):
        for c in range(4):
            line = padded[i, c::4] * gain
            padded[i, c::4] = _inverse(line, width, end)
    return padded


@_compiled
def _inverse(line, count, end):  # type: ignore[no-untyped-def]
    """One line through the recursive filter, forth and back, mirrored at both ends."""
    total, power = line[0], POLE
    for k in range(1, min(count, _FADED)):
        total += power * line[k]
        power *= POLE
    line[0] = total
    for k in range(1, count):
        line[k] += POLE * line[k - 1]
    line[count - 1] = end * (line[count - 1] + POLE * line[count - 2])
    for k in range(count - 2, -1, -1):
        line[k] = POLE * (line[k + 1] - line[k])
    return line


@_compiled
def _padded(photo, matte):  # type: ignore[no-untyped-def]
    """f32 [H + 2P, 4 (W + 2P)]: edges repeated, color and matte, so that taps load as vectors."""
    height, width = photo.shape[0], photo.shape[1]
    out = np.empty((height + 2 * PAD, 4 * (width + 2 * PAD)), np.float32)
    for i in range(height + 2 * PAD):
        y = min(max(i - PAD, 0), height - 1)
        for j in range(width + 2 * PAD):
            x = min(max(j - PAD, 0), width - 1)
            for c in range(3):
                out[i, 4 * j + c] = photo[y, x, c]
            out[i, 4 * j + 3] = matte[y, x]
    return out


@_compiled
def _sample(padded, x, y, taps):  # type: ignore[no-untyped-def]
    """Color and matte at pixel position (x, y), centers on whole numbers; `taps` is scratch."""
    last_y, last_x = padded.shape[0] - 2 * PAD + 1, padded.shape[1] // 4 - 2 * PAD + 1
    x = min(max(x, np.float32(-3)), np.float32(last_x))
    y = min(max(y, np.float32(-3)), np.float32(last_y))
    floor_x, floor_y = np.floor(x), np.floor(y)
    # Clamped again as whole numbers: fast math lets a flow of NaN through the first clamp.
    column = 4 * (min(max(int(floor_x), -3), last_x) - 1 + PAD)
    line = min(max(int(floor_y), -3), last_y) - 1 + PAD
    wx, wy = _cubic(x - floor_x), _cubic(y - floor_y)
    line0, line1 = padded[line, column : column + 16], padded[line + 1, column : column + 16]
    line2, line3 = padded[line + 2, column : column + 16], padded[line + 3, column : column + 16]
    for k in range(16):
        taps[k] = wy[0] * line0[k] + wy[1] * line1[k] + wy[2] * line2[k] + wy[3] * line3[k]
    return (
        wx[0] * taps[0] + wx[1] * taps[4] + wx[2] * taps[8] + wx[3] * taps[12],
        wx[0] * taps[1] + wx[1] * taps[5] + wx[2] * taps[9] + wx[3] * taps[13],
        wx[0] * taps[2] + wx[1] * taps[6] + wx[2] * taps[10] + wx[3] * taps[14],
        wx[0] * taps[3] + wx[1] * taps[7] + wx[2] * taps[11] + wx[3] * taps[15],
    )


@_compiled
def _level(visible, seen, made, matte, behind):  # type: ignore[no-untyped-def]
    """Blend one channel over the background and round it."""
    zero, one, top = np.float32(0), np.float32(1), np.float32(255)
    seen = min(max(seen, zero), top)
    value = visible * seen + (one - visible) * made
    value = matte * value + (one - matte) * behind + np.float32(0.5)
    return np.uint8(min(max(value, zero), top))


@_compiled
def _compose(padded, background, layered, flow, visibility, color, top, edge, piece, out):  # type: ignore[no-untyped-def]
    size_y, size_x = out.shape[0], out.shape[1]
    left, right, across = _taps(size_x, visibility.shape[1])
    above, below, down = _taps(size_y, visibility.shape[0])
    row = np.empty((6, visibility.shape[1]), np.float32)
    fine = np.empty((6, size_x), np.float32)
    taps = np.empty(16, np.float32)
    zero, one = np.float32(0), np.float32(1)
    for i in range(size_y):
        _coarse_row(above[i], below[i], down[i], size_x, size_y, flow, visibility, color, row)
        for c in range(6):
            for j in range(size_x):
                fine[c, j] = (one - across[j]) * row[c, left[j]] + across[j] * row[c, right[j]]
        for j in range(size_x):
            if _torn(row[1, left[j]], row[1, right[j]], TEAR * np.float32(size_y / 2)):
                nearest = left[j] if across[j] < np.float32(0.5) else right[j]
                fine[0, j], fine[1, j] = row[0, nearest], row[1, nearest]
        if top <= i < top + piece.shape[0]:
            for j in range(piece.shape[1]):
                for c in range(3):
                    fine[3 + c, edge + j] = np.float32(255) * piece[i - top, j, c]
        for j in range(size_x):
            red, green, blue, matte = zero, zero, zero, one
            if fine[2, j] > zero or layered:
                x, y = np.float32(j) + fine[0, j], np.float32(i) + fine[1, j]
                red, green, blue, matte = _sample(padded, x, y, taps)
                matte = min(max(matte, zero), one)
            out[i, j, 0] = _level(fine[2, j], red, fine[3, j], matte, background[i, j, 0])
            out[i, j, 1] = _level(fine[2, j], green, fine[4, j], matte, background[i, j, 1])
            out[i, j, 2] = _level(fine[2, j], blue, fine[5, j], matte, background[i, j, 2])
