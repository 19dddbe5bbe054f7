"""Trilinear sampling of a feature volume: the engine's own 5-D grid sample.

`latent.warp_field` does the same in PyTorch. Knows nothing of faces or networks.
"""

from __future__ import annotations

import numba
import numpy as np

from openvasa.types import Array


def sample_volume(volume: Array, at: Array) -> Array:
    """Reads a volume at points; beyond its edges the outermost voxels are repeated.

    Voxel i of n has the coordinate (2i + 1) / n - 1.

    Args:
        volume: f32 [D, H, W, C].
        at: f32 [d, h, w, 3], (x, y, z) in [-1, 1] over (W, H, D).

    Returns:
        f32 [C, d, h, w].
    """
    depth, height, width = at.shape[:3]
    points = np.ascontiguousarray(at, np.float32).reshape(-1, 3)
    out = np.empty((volume.shape[3], len(points)), np.float32)
    _sample(np.ascontiguousarray(volume, np.float32), points, out)
    return out.reshape(-1, depth, height, width)


@numba.njit(cache=True, nogil=True)
def _cell(coordinate, count):  # type: ignore[no-untyped-def]
    """The voxel before a coordinate, the one after, and how near the second is."""
    place = (coordinate + np.float32(1)) * np.float32(count * 0.5) - np.float32(0.5)
    place = min(max(place, np.float32(0)), np.float32(count - 1))
    first = min(max(int(place), 0), count - 1)  # clamped again: NaN passes the first clamp
    return first, min(first + 1, count - 1), place - np.float32(first)


@numba.njit(cache=True, nogil=True)
def _sample(volume, points, out):  # type: ignore[no-untyped-def]
    depth, height, width, channels = volume.shape
    one = np.float32(1)
    for i in range(len(points)):
        x0, x1, u = _cell(points[i, 0], width)
        y0, y1, v = _cell(points[i, 1], height)
        z0, z1, w = _cell(points[i, 2], depth)
        a, b, c, d = (one - u) * (one - v), u * (one - v), (one - u) * v, u * v
        e = one - w
        for k in range(channels):
            near = (
                a * volume[z0, y0, x0, k] + b * volume[z0, y0, x1, k]
                + c * volume[z0, y1, x0, k] + d * volume[z0, y1, x1, k]
            )  # fmt: skip
            far = (
                a * volume[z1, y0, x0, k] + b * volume[z1, y0, x1, k]
                + c * volume[z1, y1, x0, k] + d * volume[z1, y1, x1, k]
            )  # fmt: skip
            out[k, i] = e * near + w * far
