"""Where in a picture the mark's tile lies, if it does: its scale and shift, found by correlation.

The phases of the waves are compared with the key; a wave's amplitude, against that of waves about
as long, only says how much it counts (a limited linear correlator: Kassam, "Signal Detection in
Non-Gaussian Noise", 1988). The key's phases are independent and uniform, so whatever an unmarked
picture shows, the agreement of the sync waves is a sum of independent terms, normal and in its
tails lighter, for E exp(t w cos p) = I_0(t w) <= exp(t^2 w^2 / 4); how far the data waves agree on
any signs at all is independent of it, and the score is both together. This is what the probability
of a false alarm rests on. Phase-only correlation: Kuglin & Hines, IEEE Int. Conf. Cybernetics and
Society 1975.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numba
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from openvasa.provenance.mark_code import CODE_LENGTH
from openvasa.provenance.mark_pattern import TILE, UNITS, Waves, waves
from openvasa.types import Array

# The picture is looked at with half a pixel a unit or a little more: the shortest wave has 5 units.
_FINE = 0.5
_GROUP = 2**0.25  # scales that share one resized picture
_HALF = TILE // 2
_BROAD, _AROUND = 1.5, 2.5  # pixels: blur that is taken away; reach of the local strength
_FLOOR = 2.0  # levels, below which a smooth place is no more trustworthy than others
_LOUDEST = 2.0  # a wave counts at most so much more than others of its length
_RING = 4  # waves along the tile: those that differ by less have about one length
# Shares of sync and data waves in the score, on the unit circle: the sync waves tell more when
# little is left.
_SYNC, _DATA = 0.85, math.sqrt(1 - 0.85**2)
_SMALLEST = 0.45  # pixels a unit: below, the waves are too short for the pixels
_FEWEST = 180  # units of the frame that must be in sight along its shorter side
_STEP = 0.012  # between scales searched; a wave at the frame's edge slips by a fifth
_COVERED = 640  # units: longest reach over which that must hold
_NEAR = np.arange(-1.5, 1.75, 0.5)  # units around an expected place ...
_EXACT = slice(2, 5)  # ... and those of them within half a unit
_CANDIDATES = 4
Shrink = tuple[float, float]  # resized over first size: down, across
_compiled = numba.njit(cache=True, nogil=True, fastmath=True)


@dataclass(frozen=True)
class Place:
    """How the tile lies: pixels a unit, and units of the tile above and left of the corner."""

    unit: float
    down: float
    across: float


@dataclass(frozen=True)
class Finding:
    """The best place of a search.

    Attributes:
        place: Where.
        score: Standard normal for a place chosen beforehand on an unmarked picture.
        places: Tried in all; no fewer than would be if they were independent.
        soft: f32 [288], what the data waves say of each sign of the code.
    """

    place: Place
    score: float
    places: int
    soft: Array

    @property
    def false_alarm(self) -> float:
        """Probability that the best place of an unmarked picture scores as high."""
        return min(1.0, self.places * 0.5 * math.erfc(self.score / math.sqrt(2)))


def look_near(luma: Array, expected: list[Place], *, exact: bool = False) -> Finding:
    """Searches around places where the tile ought to be.

    Args:
        luma: f32 [H, W].
        expected: At least one.
        exact: Whether it lies nowhere else, to half a unit: fewer places give fewer false alarms,
            and so a weaker mark can be told.
    """
    part, factors = (_EXACT, np.zeros(1)) if exact else (slice(None), np.linspace(-0.5, 0.5, 5))
    best: tuple[float, Place, Array] | None = None
    tried = 0
    for place in expected:
        scales = place.unit * (1 + _STEP * factors)
        prepared, shrink = _prepared(luma, place.unit)
        for unit in scales:
            spectrum = _spectrum(prepared, unit, shrink)
            sync, found = _refined(spectrum, Place(unit, place.down, place.across), part)
            soft = _soft(spectrum, found)
            score = _SYNC * sync + _DATA * _strength(soft, spectrum)
            tried += len(_NEAR[part]) ** 2
            if best is None or score > best[0]:
                best = (score, found, soft)
    assert best is not None
    return Finding(best[1], best[0], tried, best[2])


def look_everywhere(luma: Array) -> Finding | None:
    """Searches all scales and shifts.

    Args:
        luma: f32 [H, W].

    Returns:
        None if the picture is too small to be searched.
    """
    found, scales = [], 0
    for prepared, shrink, units in _groups(luma):
        for unit in units:
            score, down, across = _peak(_spectrum(prepared, unit, shrink))
            found.append((score, Place(unit, down, across)))
            scales += 1
    if not found:
        return None
    found.sort(key=lambda one: -one[0])
    finest = [look_near(luma, [place]) for _, place in found[:_CANDIDATES]]
    best = max(finest, key=lambda one: one.score)
    # Four times the scales, and every unit of the tile.
    return Finding(best.place, best.score, 4 * scales * TILE**2, best.soft)


def _groups(luma: Array) -> Iterator[tuple[Array, Shrink, list[float]]]:
    """Each resized picture, its shrinking, and the scales to look at in it."""
    shortest = min(luma.shape)
    unit, largest = _SMALLEST, shortest / _FEWEST
    while unit <= largest:
        prepared, shrink = _prepared(luma, unit)
        units, end = [], min(unit * _GROUP, largest * (1 + 1e-9))
        while unit <= end:
            units.append(unit)
            unit *= 1 + _STEP * UNITS / min(max(shortest / unit, UNITS / 2), _COVERED)
        yield prepared, shrink, units


def _prepared(luma: Array, unit: float) -> tuple[Array, Shrink]:
    """The picture at half a pixel a unit: what is broad taken away, textures made even."""
    height, width = (max(round(side * _FINE / unit), 2) for side in luma.shape)
    resized = np.asarray(Pillow.fromarray(luma).resize((width, height), Pillow.Resampling.BICUBIC))
    detail = resized - _blurred(resized, _BROAD)
    strength = _blurred(detail * detail, _AROUND)
    # The mark is stronger in texture, but less than the texture is: hence not the power 1.
    return detail / (strength + np.float32(_FLOOR**2)) ** np.float32(0.75), (
        height / luma.shape[0], width / luma.shape[1],
    )  # fmt: skip


def _spectrum(prepared: Array, unit: float, shrink: Shrink) -> NDArray[np.complex128]:
    """All waves of the key, c128 [S + P], sync first; length 1 is that of others like them."""
    down, across = waves().all.T
    folded = _folded(prepared, 2 * unit * shrink[0], 2 * unit * shrink[1])
    values = np.fft.rfft2(folded)[down, across]
    loud = np.abs(values) + 1e-12
    level = np.bincount(_rings(), loud) / np.maximum(np.bincount(_rings()), 1)
    counts = np.minimum(1 / level[_rings()], _LOUDEST / loud)
    return (values * counts).astype(np.complex128)


@cache
def _rings() -> NDArray[np.int64]:
    """i64 [S + P]: which waves are about as long as each other."""
    return (np.hypot(*waves().all.T) / _RING).astype(np.int64)


def _spread(spectrum: NDArray[np.complex128]) -> float:
    """Standard deviation of the sync waves' agreement in an unmarked picture."""
    return math.sqrt(float(np.sum(np.abs(spectrum[: len(waves().sync)]) ** 2)) / 2 + 1e-12)


def _peak(spectrum: NDArray[np.complex128]) -> tuple[float, float, float]:
    """Score and shift of the best of all shifts by two units."""
    key = waves()
    product = np.zeros((_HALF, _HALF // 2 + 1), np.complex64)
    product[key.sync[:, 0], key.sync[:, 1]] = np.conj(spectrum[: len(key.sync)]) * key.sync_phase
    surface = np.fft.irfft2(product, (_HALF, _HALF))
    down, across = np.unravel_index(int(surface.argmax()), surface.shape)
    score = float(surface[down, across]) * _HALF**2 / 2 / _spread(spectrum)
    return score, 2 * float(down) - 0.5, 2 * float(across) - 0.5


def _refined(spectrum: NDArray[np.complex128], place: Place, part: slice) -> tuple[float, Place]:
    """The best of some of the places within a unit and a half."""
    key = waves()
    agreement = spectrum[: len(key.sync)] * np.conj(key.sync_phase)
    agreement *= _turn(key.sync[:, 0], place.down + 0.5) * _turn(key.sync[:, 1], place.across + 0.5)
    turn_down, turn_across = _near_turns()
    surface = ((turn_down[part] * agreement) @ turn_across[part].T).real
    down, across = np.unravel_index(int(surface.argmax()), surface.shape)
    score, near = float(surface[down, across]) / _spread(spectrum), _NEAR[part]
    return score, Place(place.unit, place.down + near[down], place.across + near[across])


def _soft(spectrum: NDArray[np.complex128], place: Place) -> Array:
    key: Waves = waves()
    turned = spectrum[len(key.sync) :] * np.conj(key.data_phase)
    turned *= _turn(key.data[:, 0], place.down + 0.5)
    turned *= _turn(key.data[:, 1], place.across + 0.5)
    return np.bincount(key.carries, turned.real, CODE_LENGTH).astype(np.float32)


@cache
def _near_turns() -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """c128 [7, S] twice: undo the shifts `_NEAR`, down and across."""
    sync, near = waves().sync, _NEAR[:, None]
    return _turn(sync[:, 0], near), _turn(sync[:, 1], near)


def _strength(soft: Array, spectrum: NDArray[np.complex128]) -> float:
    """How much more the data waves agree on their signs, whichever these are, than by chance.

    The sum of squares is chi-squared; its cube root is nearly normal (Wilson & Hilferty, "The
    distribution of chi-square", PNAS 17, 1931).
    """
    key = waves()
    power = np.bincount(key.carries, np.abs(spectrum[len(key.sync) :]) ** 2, CODE_LENGTH)
    mean_square = float(np.mean(soft.astype(np.float64) ** 2 / (power / 2 + 1e-12)))
    spread = 2 / (9 * CODE_LENGTH)
    return (mean_square ** (1 / 3) - (1 - spread)) / math.sqrt(spread)


def _turn(wave: NDArray[np.int64], shift: float | NDArray[np.float64]) -> NDArray[np.complex128]:
    """Undoes a shift; add half a unit, for so far into the tile lies the first folded value."""
    turned: NDArray[np.complex128] = np.exp(-2j * np.pi / TILE * shift * wave)
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
