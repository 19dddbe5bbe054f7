"""How light on skin changes when a face moves (numpy only).

A surface that carries a portrait's pixels keeps the light they had; real skin darkens in folds and
lightens where it bulges. For each expression a picture over the mean face, seen from in front, says
by how much: the logarithm of light changes by the sum of what each expression has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from openvasa.latent.raster import pixels, raster
from openvasa.types import Array

MOST = 0.5  # of the logarithm of light, either way
GRID = 256  # pixels a side of the portrait's crop, on which light is laid out
_DOWN = np.array([1.0, -1.0])
_AT, _BASES = "light_at", "light_bases"


@dataclass(frozen=True)
class LightBases:
    """What was learned of light.

    Attributes:
        at: f32 [468, 2], where the mean face's points lie in the pictures, (x, y) in [-1, 1], y up.
        bases: f32 [45, S, S], change of the logarithm of light at each expression's 1; 0 beyond
            the skin.
    """

    at: Array
    bases: Array

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Array]) -> LightBases | None:
        """From a bundle's `surface`; None where the model has none, and light rests."""
        if _AT not in tensors or _BASES not in tensors:
            return None
        return cls(tensors[_AT].astype(np.float32), tensors[_BASES].astype(np.float32))

    def tensors(self) -> dict[str, Array]:
        """As a bundle's `surface` stores it."""
        return {_AT: self.at, _BASES: self.bases}


def flat(mean: NDArray[Any]) -> Array:
    """Where the mean face's points [468, 3] lie in the bases' pictures: f32 [468, 2]."""
    low, high = mean[:, :2].min(0), mean[:, :2].max(0)
    half = 0.51 * (high - low).max()
    middle = np.array([0.0, (low[1] + high[1]) / 2])
    return ((mean[:, :2] - middle) / half).astype(np.float32)


def laid_out(
    points: NDArray[Any], onto: NDArray[Any], skin: NDArray[Any], size: int
) -> tuple[Array, NDArray[np.bool_]]:
    """For each pixel of one view of the skin, where it lies in another.

    Args:
        points: [N, 3] (or more points than the triangles name), y up; the view that is filled.
        onto: [N, 2], the other view, y up.
        skin: int [F, 3], triangles.
        size: Side of the filled view in pixels.

    Returns:
        f32 [size, size, 2], (x, y) in the other view, y down; bool [size, size], where skin is.
    """
    depth = np.full((size, size), -1e9)
    found, label = np.zeros((size, size, 2)), np.zeros((size, size), np.int8)
    raster(pixels(points[:, :2], size), np.ascontiguousarray(points[:, 2], np.float64),
           onto.astype(np.float64) * _DOWN, skin, 1, depth, found, label)  # fmt: skip
    return found.astype(np.float32), label == 1


class PortraitLight:
    """The light of one portrait, ready to change."""

    def __init__(self, light: LightBases, skin: NDArray[Any], points: NDArray[Any]) -> None:
        """Lays the bases out over the portrait.

        Args:
            light: The model's.
            skin: int [F, 3], triangles of the face's skin.
            points: The portrait's control points [478, 3], y up, crop units.
        """
        at, shown = laid_out(points.astype(np.float64), light.at, skin, GRID)
        rows, columns = (np.flatnonzero(shown.any(axis)) for axis in (1, 0))
        if not len(rows):
            rows = columns = np.zeros(1, int)
        self._top, self._left = int(rows[0]), int(columns[0])
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        bases = np.ascontiguousarray(light.bases.transpose(1, 2, 0))
        laid = _bilinear(bases, np.ascontiguousarray(at[part]))
        laid *= shown[part][..., None]
        self._shape = laid.shape[:2]
        self._bases = laid.reshape(-1, laid.shape[2])

    def __call__(self, change: Array, flow: Array) -> Array:
        """Factors of light f32 [h, w] for a frame.

        Args:
            change: f32 [45], expressions of the frame less those of the portrait.
            flow: f32 [h, w, 2], where (x, y) in the portrait each pixel comes from, crop units.
        """
        factor = _factors(self._bases, change.astype(np.float32)).reshape(self._shape)
        return _looked_up(factor, self._top, self._left, np.ascontiguousarray(flow, np.float32))


@njit(cache=True, nogil=True, fastmath=True)
def _factors(bases, change):  # type: ignore[no-untyped-def]
    """exp(bases @ change), bounded. BLAS would wake all cores for so little, in each thread."""
    out = np.empty(len(bases), np.float32)
    for i in range(len(bases)):
        total = np.float32(0)
        for k in range(len(change)):
            total += bases[i, k] * change[k]
        out[i] = np.exp(min(max(total, np.float32(-MOST)), np.float32(MOST)))
    return out


@njit(cache=True, nogil=True)
def _bilinear(image, at):  # type: ignore[no-untyped-def]
    """Image [S, S, K] at places [h, w, 2] in [-1, 1], edges repeated: [h, w, K]."""
    size, count = image.shape[0], image.shape[2]
    out = np.empty((at.shape[0], at.shape[1], count), np.float32)
    for i in range(at.shape[0]):
        for j in range(at.shape[1]):
            x = min(max((at[i, j, 0] + 1) * size / 2 - 0.5, 0.0), size - 1.001)
            y = min(max((at[i, j, 1] + 1) * size / 2 - 0.5, 0.0), size - 1.001)
            a, b = int(x), int(y)
            s, t = np.float32(x - a), np.float32(y - b)
            for k in range(count):
                upper = (1 - s) * image[b, a, k] + s * image[b, a + 1, k]
                lower = (1 - s) * image[b + 1, a, k] + s * image[b + 1, a + 1, k]
                out[i, j, k] = (1 - t) * upper + t * lower
    return out


@njit(cache=True, nogil=True)
def _looked_up(factor, top, left, flow):  # type: ignore[no-untyped-def]
    """The factor where the flow points, between pixels linearly; 1 beyond the laid out part."""
    high, wide = factor.shape
    out = np.ones(flow.shape[:2], np.float32)
    one = np.float32(1)
    for i in range(flow.shape[0]):
        for j in range(flow.shape[1]):
            x = (flow[i, j, 0] + one) * np.float32(GRID / 2) - np.float32(0.5 + left)
            y = (flow[i, j, 1] + one) * np.float32(GRID / 2) - np.float32(0.5 + top)
            if x < 0 or y < 0 or x >= wide - 1 or y >= high - 1:
                continue
            a, b = int(x), int(y)
            s, t = x - np.float32(a), y - np.float32(b)
            upper = (one - s) * factor[b, a] + s * factor[b, a + 1]
            lower = (one - s) * factor[b + 1, a] + s * factor[b + 1, a + 1]
            out[i, j] = (one - t) * upper + t * lower
    return out
