"""Triangles -> pixels: drawing with a depth buffer, and what lies inside a polygon (numpy only)."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def raster(
    xy: np.ndarray, z: np.ndarray, attr: np.ndarray, tri: np.ndarray, label: int,
    zbuf: np.ndarray, out: np.ndarray, lab: np.ndarray,
) -> None:  # fmt: skip
    """Draw z-buffered triangles in place; a pixel counts where its center is covered.

    Args:
        xy: f64 [N, 2] pixel positions.
        z: f64 [N] depth, nearer is larger.
        attr: f64 [N, K] values to interpolate.
        tri: int [F, 3].
        label: Written to `lab` where a triangle wins.
        zbuf: f64 [H, W].
        out: f64 [H, W, K].
        lab: int8 [H, W].
    """
    h, w = zbuf.shape
    for t in range(len(tri)):
        a, b, c = tri[t]
        x0, y0, x1, y1, x2, y2 = xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1], xy[c, 0], xy[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9:
            continue
        left, right = int(np.ceil(min(x0, x1, x2))), int(np.floor(max(x0, x1, x2)))
        top, bottom = int(np.ceil(min(y0, y1, y2))), int(np.floor(max(y0, y1, y2)))
        for y in range(max(top, 0), min(bottom, h - 1) + 1):
            for x in range(max(left, 0), min(right, w - 1) + 1):
                u = ((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)) / area
                v = ((x2 - x) * (y0 - y) - (x0 - x) * (y2 - y)) / area
                s = 1.0 - u - v
                if u < -1e-6 or v < -1e-6 or s < -1e-6:
                    continue
                depth = u * z[a] + v * z[b] + s * z[c]
                if depth > zbuf[y, x]:
                    zbuf[y, x] = depth
                    lab[y, x] = label
                    for k in range(attr.shape[1]):
                        out[y, x, k] = u * attr[a, k] + v * attr[b, k] + s * attr[c, k]


@njit(cache=True, nogil=True)
def inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Which of points [N, 2] lie in a polygon [M, 2]: bool [N]."""
    out = np.zeros(len(points), np.bool_)
    for i in range(len(points)):
        x, y = points[i, 0], points[i, 1]
        j = len(polygon) - 1
        for k in range(len(polygon)):
            yk, yj = polygon[k, 1], polygon[j, 1]
            if (yk > y) != (yj > y):
                if x < (polygon[j, 0] - polygon[k, 0]) * (y - yk) / (yj - yk) + polygon[k, 0]:
                    out[i] = not out[i]
            j = k
    return out


def pixels(points: np.ndarray, size: int) -> np.ndarray:
    """Points (y up, crop units) to pixel positions f64 [N, 2] of a picture of this size."""
    return (points[:, :2] * np.array([1.0, -1.0]) + 1) * size / 2 - 0.5
