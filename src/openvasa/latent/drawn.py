"""A piece of a picture that is drawn, and the window in which the decoder lights it (numpy)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from openvasa.latent.raster import pixels
from openvasa.latent.surface import LIPS
from openvasa.types import Array

DETAIL = 0.6  # of what is finer than a patch: the mesh's share in a mouth as sharp as its photo
PATCH = 4  # pixels of the coarse grid
DARK = 0.02  # level below which the mesh has no detail to give
VOXEL = 8  # pixels of the coarse grid to a voxel of the appearance volume


def mouth_window(points: np.ndarray, size: int) -> tuple[int, int]:
    """Where the decoder looks: (row, column) of the corner of a square around the lips.

    The square has size / 4 pixels a side and lies on the grid of the volume's voxels.

    Args:
        points: [478, 3] control points in the frame's view.
        size: Side of the frame in pixels.
    """
    middle = pixels(points[LIPS], size).mean(0)
    last = size - size // 4
    left, top = np.clip(VOXEL * np.rint((middle - size / 8) / VOXEL), 0, last).astype(int)
    return int(top), int(left)


class Drawn(NamedTuple):
    """A piece of a picture.

    Attributes:
        top: Its first row.
        left: Its first column.
        color: f32 [h, w, 3] in [0, 1].
        own: f32 [h, w] in [0, 1], how much of it is the portrait's own pixels; None: nothing.
    """

    top: int
    left: int
    color: Array
    own: Array | None = None

    def coarse(self, corner: tuple[int, int], side: int, scale: float) -> Array:
        """What the decoder is shown of it: means over coarse pixels, black beyond the piece.

        Args:
            corner: (row, column) of the window in the coarse picture (`mouth_window`).
            side: Pixels of the window's side, w.
            scale: How many of this picture's pixels are one coarse pixel.

        Returns:
            f32 [3, w, w].
        """
        rows, columns = (
            (first + np.arange(side + 1)) * scale - start
            for first, start in zip(corner, (self.top, self.left), strict=True)
        )
        columnwise = _means(self.color, rows).transpose(1, 0, 2)
        return _means(columnwise, columns).transpose(2, 1, 0).astype(np.float32)

    def lit(self, gain: Array, offset: Array, seen: Array, parted: Array, corner: tuple[int, int],
            scale: float, detail: float) -> Drawn:  # fmt: skip
        """The piece as the decoder wants it; the portrait's own pixels stay.

        The decoder is sure of the light and the color of a mouth and not of where each tooth ends,
        where it says a mean of all. So it says by how much each patch is lighter than the mesh, and
        of finer detail `detail` is the mesh's and the rest its own.

        Args:
            gain: f32 [3, w, w], factors of the color in the decoder's window.
            offset: f32 [3, w, w], what is added.
            seen: f32 [3, w, w], what the decoder saw (`coarse`).
            parted: f32 [w, w], 1 where the lips are parted.
            corner: (row, column) of the window in the coarse picture (`mouth_window`).
            scale: How many of this picture's pixels are one coarse pixel.
            detail: In [0, 1].
        """
        height, width = self.color.shape[:2]
        y = (self.top + np.arange(height) + 0.5) / scale - 0.5 - corner[0]
        x = (self.left + np.arange(width) + 0.5) / scale - 0.5 - corner[1]
        at = np.stack(np.meshgrid(x, y), -1)
        change = bilinear(np.concatenate([gain, offset]).transpose(1, 2, 0), at)
        color = np.clip(self.color * change[..., :3] + change[..., 3:], 0, 1)
        wanted = np.clip(seen * gain + offset, 0, 1)
        factor = _patches(wanted * parted, parted) / (_patches(seen * parted, parted) + DARK)
        patch = bilinear(factor.transpose(1, 2, 0), (at + 0.5) / PATCH - 0.5)
        color += detail * (np.clip(self.color * patch, 0, 1) - color)
        if self.own is not None:
            color += self.own[..., None] * (self.color - color)
        return self._replace(color=color.astype(np.float32))


def _patches(values: np.ndarray, parted: np.ndarray) -> np.ndarray:
    """Means of values [3, w, w] over the parted lips in each patch, [3, w / PATCH, w / PATCH].

    Patches with little or nothing of them take the mean of all.
    """
    side = len(parted) // PATCH
    sums = [v.reshape(*v.shape[:-2], side, PATCH, side, PATCH).sum((-3, -1))
            for v in (values, parted)]  # fmt: skip
    mean = values.sum((1, 2), keepdims=True) / max(float(parted.sum()), 1.0)
    return np.asarray((sums[0] + mean) / (sums[1] + 1))


def _means(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Means of values [n, ...] between evenly spaced edges [m + 1] along the first axis."""
    total = np.concatenate([np.zeros_like(values[:1], np.float64), np.cumsum(values, 0)])
    at = np.clip(edges, 0, len(values))
    before = np.minimum(at.astype(int), len(values) - 1)
    beyond = (at - before).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(np.diff(total[before] + beyond * values[before], axis=0) / np.ptp(edges[:2]))


def bilinear(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Values [S, S(, C)] read at pixel positions [h, w, 2], edges repeated."""
    last = len(values) - 1
    x, y = np.clip(at[..., 0], 0, last), np.clip(at[..., 1], 0, last)
    x0, y0 = np.minimum(x.astype(int), last - 1), np.minimum(y.astype(int), last - 1)
    u, v = x - x0, y - y0
    if values.ndim == 3:
        u, v = u[..., None], v[..., None]
    upper = values[y0, x0] * (1 - u) + values[y0, x0 + 1] * u
    lower = values[y0 + 1, x0] * (1 - u) + values[y0 + 1, x0 + 1] * u
    return np.asarray(upper * (1 - v) + lower * v)
