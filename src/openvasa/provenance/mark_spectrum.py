"""The picture at a supposed place of the mark's tile -> how far each wave agrees with the key.

The phases of the waves are compared with the key; a wave's amplitude, against that of waves about
as long, only says how much it counts (a limited linear correlator: Kassam, "Signal Detection in
Non-Gaussian Noise", 1988). The key's phases are independent and uniform, so whatever an unmarked
picture shows, the agreement of the sync waves is a sum of independent terms, normal and in its
tails lighter, for E exp(t w cos p) = I_0(t w) <= exp(t^2 w^2 / 4); how far the data waves agree on
any signs at all is independent of it. This is what the probability of a false alarm rests on.
Phase-only correlation: Kuglin & Hines, IEEE Int. Conf. Cybernetics and Society 1975.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numba
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from openvasa.provenance.mark_code import CODE_LENGTH
from openvasa.provenance.mark_pattern import TILE, waves
from openvasa.types import Array

# The picture is looked at with half a pixel a unit or a little more: the shortest wave has 5 units.
_FINE = 0.5
_HALF = TILE // 2
_BROAD, _AROUND = 1.5, 2.5  # pixels: blur that is taken away; reach of the local strength
_FLOOR = 2.0  # levels, below which a smooth place is no more trustworthy than others
_LOUDEST = 2.0  # a wave counts at most so much more than others of its length
_RING = 4  # waves along the tile: those that differ by less have about one length
Spectrum = NDArray[np.complex128]
_compiled = numba.njit(cache=True, nogil=True, fastmath=True)


@dataclass(frozen=True)
class Detail:
    """A resized picture, what is broad taken away and textures made even.

    Attributes:
        picture: f32 [h, w].
        shrink: Its size over that of the picture it was made of: down, across.
    """

    picture: Array
    shrink: tuple[float, float]

    def turned(self, degrees: float) -> Detail:
        """Turned counterclockwise about its middle; corners that were out of sight are empty."""
        image = Pillow.fromarray(self.picture).rotate(degrees, Pillow.Resampling.BICUBIC)
        return Detail(np.asarray(image), self.shrink)


def detail_of(luma: Array, unit: float) -> Detail:
    """The picture at half a pixel a unit.

    Args:
        luma: f32 [H, W], levels of 255.
        unit: Pixels.
    """
    height, width = (max(round(side * _FINE / unit), 2) for side in luma.shape)
    resized = np.asarray(Pillow.fromarray(luma).resize((width, height), Pillow.Resampling.BICUBIC))
    detail = resized - _blurred(resized, _BROAD)
    strength = _blurred(detail * detail, _AROUND)
    # The mark is stronger in texture, but less than the texture is: hence not the power 1.
    even = detail / (strength + np.float32(_FLOOR**2)) ** np.float32(0.75)
    return Detail(even, (height / luma.shape[0], width / luma.shape[1]))


def spectrum(detail: Detail, unit: float, unit_across: float | None = None) -> Spectrum:
    """All waves of the key; length 1 is that of others like them.

    Args:
        detail: The picture.
        unit: Pixels a unit in the picture it was made of, near what it was made for.
        unit_across: The same across, where it differs from that down.

    Returns:
        c128 [S + P], sync first.
    """
    down, across = waves().all.T
    pitch = 2 * unit * detail.shrink[0], 2 * (unit_across or unit) * detail.shrink[1]
    values = np.fft.rfft2(_folded(detail.picture, *pitch))[down, across]
    loud = np.abs(values) + 1e-12
    level = np.bincount(_rings(), loud) / np.maximum(np.bincount(_rings()), 1)
    counts = np.minimum(1 / level[_rings()], _LOUDEST / loud)
    return (values * counts).astype(np.complex128)


@cache
def _rings() -> NDArray[np.int64]:
    """i64 [S + P]: which waves are about as long as each other."""
    return (np.hypot(*waves().all.T) / _RING).astype(np.int64)


def sync_spread(spectrum: Spectrum) -> float:
    """Standard deviation of the sync waves' agreement in an unmarked picture.

    Args:
        spectrum: c128 [S + P].
    """
    return math.sqrt(float(np.sum(np.abs(spectrum[: len(waves().sync)]) ** 2)) / 2 + 1e-12)


def best_shift(spectrum: Spectrum) -> tuple[float, float, float]:
    """The best of all shifts by two units.

    Args:
        spectrum: c128 [S + P].

    Returns:
        Score of the sync waves, and units of the tile above and left of the picture's corner.
    """
    key = waves()
    product = np.zeros((_HALF, _HALF // 2 + 1), np.complex64)
    product[key.sync[:, 0], key.sync[:, 1]] = np.conj(spectrum[: len(key.sync)]) * key.sync_phase
    surface = np.fft.irfft2(product, (_HALF, _HALF))
    down, across = np.unravel_index(int(surface.argmax()), surface.shape)
    score = float(surface[down, across]) * _HALF**2 / 2 / sync_spread(spectrum)
    return score, 2 * float(down) - 0.5, 2 * float(across) - 0.5


def soft_values(spectrum: Spectrum, down: float, across: float) -> Array:
    """What the data waves say of each sign of the code.

    Args:
        spectrum: c128 [S + P].
        down: Units of the tile above the picture's corner.
        across: Left of it.

    Returns:
        f32 [288].
    """
    key = waves()
    turned = spectrum[len(key.sync) :] * np.conj(key.data_phase)
    turned *= shift_undone(key.data[:, 0], down + 0.5)
    turned *= shift_undone(key.data[:, 1], across + 0.5)
    return np.bincount(key.carries, turned.real, CODE_LENGTH).astype(np.float32)


def data_score(soft: Array, spectrum: Spectrum) -> float:
    """How much more the data waves agree on their signs, whichever these are, than by chance.

    The sum of squares is chi-squared; its cube root is nearly normal (Wilson & Hilferty, "The
    distribution of chi-square", PNAS 17, 1931).

    Args:
        soft: f32 [288], of `soft_values`.
        spectrum: c128 [S + P], that they were read from.

    Returns:
        Standard normal on an unmarked picture.
    """
    key = waves()
    power = np.bincount(key.carries, np.abs(spectrum[len(key.sync) :]) ** 2, CODE_LENGTH)
    mean_square = float(np.mean(soft.astype(np.float64) ** 2 / (power / 2 + 1e-12)))
    spread = 2 / (9 * CODE_LENGTH)
    return (mean_square ** (1 / 3) - (1 - spread)) / math.sqrt(spread)


def shift_undone(wave: NDArray[np.int64], shift: float | NDArray[np.float64]) -> Spectrum:
    """What a wave is multiplied by to undo a shift along one axis.

    Args:
        wave: i64 [N], along that axis of the tile.
        shift: Units; add half a unit, for so far into the tile lies the first folded value.
    """
    turned: Spectrum = np.exp(-2j * np.pi / TILE * shift * wave)
    return turned


@_compiled
def _folded(picture, pitch_down, pitch_across):  # type: ignore[no-untyped-def]
    """f32 [128, 128]: the picture sampled at these steps, and all tiles laid on one."""
    height, width = picture.shape
    one = np.float32(1)
    rows = np.zeros((_HALF, width), np.float32)
    for i in range(int(height / pitch_down)):
        y, v = _between(i, pitch_down, height)
        line = rows[i % _HALF]
        for x in range(width):
            line[x] += (one - v) * picture[y, x] + v * picture[y + 1, x]
    out = np.zeros((_HALF, _HALF), np.float32)
    for j in range(int(width / pitch_across)):
        x, u = _between(j, pitch_across, width)
        for i in range(_HALF):
            out[i, j % _HALF] += (one - u) * rows[i, x] + u * rows[i, x + 1]
    return out


@_compiled
def _between(index, pitch, size):  # type: ignore[no-untyped-def]
    """The pixel before a sample, and the weight of the one after."""
    at = min(max((index + 0.5) * pitch - 0.5, 0.0), size - 1.001)
    return int(at), np.float32(at - int(at))


def _blurred(picture: Array, sigma: float) -> Array:
    reach = math.ceil(3 * sigma)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return _convolved(picture, (weights / weights.sum()).astype(np.float32))


@_compiled
def _convolved(picture, weights):  # type: ignore[no-untyped-def]
    """Along both axes, edge pixels repeated."""
    height, width = picture.shape
    reach = len(weights) // 2
    across = np.zeros((height, width), np.float32)
    padded = np.empty(width + 2 * reach, np.float32)
    for y in range(height):
        padded[:reach] = picture[y, 0]
        padded[reach : reach + width] = picture[y]
        padded[reach + width :] = picture[y, width - 1]
        for k in range(len(weights)):
            for x in range(width):
                across[y, x] += weights[k] * padded[x + k]
    out = np.zeros((height, width), np.float32)
    for y in range(height):
        for k in range(len(weights)):
            line = across[min(max(y + k - reach, 0), height - 1)]
            for x in range(width):
                out[y, x] += weights[k] * line[x]
    return out
