"""A piece of a picture that is drawn, and the window in which the decoder lights it (numpy)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from openvasa.latent.raster import pixels
from openvasa.latent.surface import LIPS
from openvasa.types import Array

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

    def lit(self, gain: Array, offset: Array, corner: tuple[int, int], scale: float) -> Drawn:
        """The piece as the decoder wants it; the portrait's own pixels stay.

        Args:
            gain: f32 [3, w, w], factors of the color in the decoder's window.
            offset: f32 [3, w, w], what is added.
            corner: (row, column) of the window in the coarse picture (`mouth_window`).
            scale: How many of this picture's pixels are one coarse pixel.
        """
        height, width = self.color.shape[:2]
        y = (self.top + np.arange(height) + 0.5) / scale - 0.5 - corner[0]
        x = (self.left + np.arange(width) + 0.5) / scale - 0.5 - corner[1]
        change = bilinear(
            np.concatenate([gain, offset]).transpose(1, 2, 0), np.stack(np.meshgrid(x, y), -1)
        )
        color = np.clip(self.color * change[..., :3] + change[..., 3:], 0, 1)
        if self.own is not None:
            color += self.own[..., None] * (self.color - color)
        return self._replace(color=color.astype(np.float32))


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
