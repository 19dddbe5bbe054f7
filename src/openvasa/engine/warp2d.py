"""The last step of a frame: the photo moved by a flow, new color where the photo shows nothing.

The networks think on a coarse grid; the photo keeps its own sharpness because each finished pixel
samples it exactly once. With a matte the person moves over a background that rests. Knows nothing
of networks, faces or files.
"""

from __future__ import annotations

import numpy as np

from openvasa.engine.photo_spline import coefficients, compiled, padded_photo, sample
from openvasa.latent.drawn import Drawn
from openvasa.types import Array, Image

TEAR = np.float32(0.024)  # crop units between neighbors of the flow: beyond, an edge lies there
_NOTHING = np.empty((0, 0, 3), np.float32)


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
        self._padded = coefficients(
            padded_photo(np.ascontiguousarray(person), np.ascontiguousarray(alpha, np.float32))
        )
        self._background = np.ascontiguousarray(person if background is None else background)
        self._layered = matte is not None
        self._no_seam = np.full(self.size, np.nan, np.float32)

    @property
    def size(self) -> int:
        """Side of the pictures in pixels."""
        return len(self._background)

    def __call__(self, flow: Array, visibility: Array, drawn: Drawn | None = None,
                 seam: Array | None = None, light: Array | None = None) -> Image:  # fmt: skip
        """Warp the person, blend it with what is drawn, and lay it over the background.

        Pixel i of n has the coordinate (2i + 1) / n - 1. What the coarse grid moves each pixel by,
        the visibility and the light are interpolated linearly; photo and matte are sampled with
        the interpolating cubic B-spline, edge pixels repeated: between pixels it keeps more of the
        fine detail than other kernels of four taps. Without a matte the identity flow returns the
        photo exactly.

        Args:
            flow: f32 [h, w, 2], where (x, y) in the photo each pixel comes from, in crop units.
            visibility: f32 [h, w] in [0, 1], 1 where the photo shows what the frame needs.
            drawn: A piece at full resolution, taken where the photo does not; black beyond it.
            seam: f32 [S], a line that the flow jumps over: its row in each column, or NaN. There
                the edge lies on the line and not in steps of the coarse grid.
            light: f32 [h, w], factors of the photo's levels; None leaves them.

        Returns:
            u8 [S, S, 3].

        Raises:
            ValueError: The shapes do not belong together.
        """
        grid = visibility.shape
        if flow.shape != (*grid, 2):
            raise ValueError(
                f"expected flow [h, w, 2] and visibility [h, w], got {flow.shape} and {grid}"
            )
        if light is None:
            light = np.ones(grid, np.float32)
        top, left, piece = drawn[:3] if drawn is not None else (0, 0, _NOTHING)
        out = np.empty_like(self._background)
        _compose(
            self._padded,
            self._background,
            self._layered,
            np.ascontiguousarray(flow, np.float32),
            np.ascontiguousarray(visibility, np.float32),
            np.ascontiguousarray(light, np.float32),
            top,
            left,
            piece,
            self._no_seam if seam is None else np.ascontiguousarray(seam, np.float32),
            out,
        )
        return out


@compiled
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


@compiled
def _torn(first, second, limit):  # type: ignore[no-untyped-def]
    """Whether two neighbors show places so far apart that nothing between them may be shown."""
    return abs(first - second) > limit


@compiled
def _coarse_row(y0, y1, t, size_x, size_y, flow, visibility, light, row):  # type: ignore[no-untyped-def]
    """Blend two coarse rows: (dx, dy in photo pixels, visibility, light) per column."""
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
        row[3, x] = u * light[y0, x] + t * light[y1, x]


@compiled
def _level(visible, seen, made, matte, behind):  # type: ignore[no-untyped-def]
    """Blend one channel over the background and round it."""
    zero, one, top = np.float32(0), np.float32(1), np.float32(255)
    seen = min(max(seen, zero), top)
    value = visible * seen + (one - visible) * made
    value = matte * value + (one - matte) * behind + np.float32(0.5)
    return np.uint8(min(max(value, zero), top))


@compiled
def _one_side(i, j, upper, seam, corners, flow, size_y, size_x):  # type: ignore[no-untyped-def]
    """(dx, dy, weight) of a pixel from those of its four coarse pixels that lie on one side."""
    y0, y1, t, x0, x1, s = corners
    height, width = flow.shape[0], flow.shape[1]
    dx, dy, total = np.float32(0), np.float32(0), np.float32(0)
    for k in range(4):
        y, x = (y0 if k < 2 else y1), (x0 if k % 2 == 0 else x1)
        weight = (np.float32(1) - t if k < 2 else t) * (np.float32(1) - s if k % 2 == 0 else s)
        weight = max(weight, np.float32(1e-4))  # an edge pixel is better than none
        column = min(max(int((x + 0.5) * size_x / width), 0), size_x - 1)
        line = seam[column]
        if np.isnan(line):
            line = seam[j]
        if ((y + 0.5) * size_y / height - 0.5 < line) == upper:
            home_x, home_y = (2 * x + 1) / width - 1, (2 * y + 1) / height - 1
            dx += weight * np.float32((flow[y, x, 0] - home_x) * size_x / 2)
            dy += weight * np.float32((flow[y, x, 1] - home_y) * size_y / 2)
            total += weight
    if total > np.float32(0):
        return dx / total, dy / total, total
    return dx, dy, total


@compiled
def _over_seam(i, seam, tap, taps, flow, size_y, size_x, fine, other):  # type: ignore[no-untyped-def]
    """Where the flow jumps over the seam: what lies above it, and in `other` what lies below."""
    y0, y1, t = tap
    left, right, across = taps
    one, zero = np.float32(1), np.float32(0)
    reach = np.float32(2 * size_y / flow.shape[0])
    for j in range(size_x):
        other[0, j] = one
        if np.isnan(seam[j]) or abs(seam[j] - np.float32(i)) > reach:
            continue
        a, b = left[j], right[j]
        low = min(min(flow[y0, a, 1], flow[y0, b, 1]), min(flow[y1, a, 1], flow[y1, b, 1]))
        high = max(max(flow[y0, a, 1], flow[y0, b, 1]), max(flow[y1, a, 1], flow[y1, b, 1]))
        if high - low <= TEAR:
            continue
        corners = (y0, y1, t, a, b, across[j])
        above = _one_side(i, j, True, seam, corners, flow, size_y, size_x)
        below = _one_side(i, j, False, seam, corners, flow, size_y, size_x)
        share = min(max(seam[j] - np.float32(i) + np.float32(0.5), zero), one)
        if above[2] > zero and below[2] > zero:
            fine[0, j], fine[1, j] = above[0], above[1]
            other[0, j], other[1, j], other[2, j] = share, below[0], below[1]


@compiled
def _compose(padded, background, layered, flow, seen, light, top, edge, piece, seam, out):  # type: ignore[no-untyped-def]
    size_y, size_x = out.shape[0], out.shape[1]
    left, right, across = _taps(size_x, seen.shape[1])
    above, below, down = _taps(size_y, seen.shape[0])
    row = np.empty((4, seen.shape[1]), np.float32)
    fine = np.empty((4, size_x), np.float32)
    made = np.zeros((3, size_x), np.float32)
    other = np.empty((3, size_x), np.float32)
    taps = np.empty(16, np.float32)
    zero, one = np.float32(0), np.float32(1)
    for i in range(size_y):
        _coarse_row(above[i], below[i], down[i], size_x, size_y, flow, seen, light,
                    row)  # fmt: skip
        for c in range(4):
            for j in range(size_x):
                fine[c, j] = (one - across[j]) * row[c, left[j]] + across[j] * row[c, right[j]]
        for j in range(size_x):
            if _torn(row[1, left[j]], row[1, right[j]], TEAR * np.float32(size_y / 2)):
                nearest = left[j] if across[j] < np.float32(0.5) else right[j]
                fine[0, j], fine[1, j] = row[0, nearest], row[1, nearest]
        _over_seam(i, seam, (above[i], below[i], down[i]), (left, right, across), flow,
                   size_y, size_x, fine, other)  # fmt: skip
        made[:] = zero
        if top <= i < top + piece.shape[0]:
            for j in range(piece.shape[1]):
                for c in range(3):
                    made[c, edge + j] = np.float32(255) * piece[i - top, j, c]
        for j in range(size_x):
            red, green, blue, matte = zero, zero, zero, one
            if fine[2, j] > zero or layered:
                x, y = np.float32(j) + fine[0, j], np.float32(i) + fine[1, j]
                red, green, blue, matte = sample(padded, x, y, taps)
                if other[0, j] < one:
                    x, y = np.float32(j) + other[1, j], np.float32(i) + other[2, j]
                    red2, green2, blue2, _ = sample(padded, x, y, taps)
                    share, rest = other[0, j], one - other[0, j]
                    red, green = share * red + rest * red2, share * green + rest * green2
                    blue = share * blue + rest * blue2
                red, green, blue = red * fine[3, j], green * fine[3, j], blue * fine[3, j]
                matte = min(max(matte, zero), one)
            out[i, j, 0] = _level(fine[2, j], red, made[0, j], matte, background[i, j, 0])
            out[i, j, 1] = _level(fine[2, j], green, made[1, j], matte, background[i, j, 1])
            out[i, j, 2] = _level(fine[2, j], blue, made[2, j], matte, background[i, j, 2])
