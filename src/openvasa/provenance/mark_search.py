"""Where in a picture the mark's tile lies, if it does: its scale and shift, found by correlation.

The score of a place is how far its sync waves agree with the key and its data waves on any signs
at all; `mark_spectrum` says why the probability of a false alarm can be computed from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby, product
from typing import NamedTuple

import numpy as np

from openvasa.provenance.mark_pattern import TILE, UNITS, unit_of, waves
from openvasa.provenance.mark_spectrum import (
    Detail,
    Spectrum,
    best_shift,
    data_score,
    detail_of,
    shift_undone,
    soft_values,
    spectrum,
    sync_spread,
)
from openvasa.types import Array

_GROUP = 2**0.25  # scales that share one resized picture
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
_TURN, _TURNS = 0.3, 10  # degrees between turns searched, and how many to either side
_ZOOMS = range(-4, 5)  # scales at each: corners that were kept, or cut off by enlarging
_STRETCHES = 6  # to either side
_HALVES = (-0.5, 0.0, 0.5)  # steps around a tilt that was found


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


class _Tilt(NamedTuple):
    """How a whole frame was turned, scaled and stretched, in steps of the search."""

    turn: float
    zoom: float
    stretch: float

    def pitch(self, unit: float) -> tuple[float, float]:
        """Pixels a unit down and across, once the picture is turned back."""
        down = unit * (1 + _STEP * self.zoom)
        return down, down * (1 + _STEP * self.stretch)


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
        detail = detail_of(luma, place.unit)
        for unit in scales:
            one = _scored(spectrum(detail, unit), Place(unit, place.down, place.across), part)
            tried += len(_NEAR[part]) ** 2
            if best is None or one[0] > best[0]:
                best = one
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
    for detail, units in _groups(luma):
        for unit in units:
            score, down, across = best_shift(spectrum(detail, unit))
            found.append((score, Place(unit, down, across)))
            scales += 1
    if not found:
        return None
    found.sort(key=lambda one: -one[0])
    finest = [look_near(luma, [place]) for _, place in found[:_CANDIDATES]]
    best = max(finest, key=lambda one: one.score)
    # Four times the scales, and every unit of the tile.
    return Finding(best.place, best.score, 4 * scales * TILE**2, best.soft)


def look_tilted(luma: Array) -> Finding:
    """Searches whole frames that were turned by up to 3 degrees or stretched by up to 7 %.

    Args:
        luma: f32 [H, W].

    Returns:
        The finding; its place is that in the picture turned back.
    """
    unit = unit_of(*luma.shape)
    detail, found = detail_of(luma, unit), []
    for turn, tilts in groupby(_tilts(), lambda tilt: tilt.turn):
        turned = detail.turned(-_TURN * turn)
        for tilt in tilts:
            found.append((best_shift(spectrum(turned, *tilt.pitch(unit))), tilt))
    found.sort(key=lambda one: -one[0][0])
    best = max(
        (
            _scored(spectrum(detail.turned(-_TURN * near.turn), *near.pitch(unit)), place)
            for (_, down, across), tilt in found[:_CANDIDATES]
            for near, place in _near_tilts(tilt, luma.shape, unit, down, across)
        ),
        key=lambda one: one[0],
    )
    # Four times the tilts in both ways in which they are refined, and every unit of the tile.
    return Finding(best[1], best[0], 16 * len(found) * TILE**2, best[2])


def _tilts() -> Iterator[_Tilt]:
    turns = (turn for turn in range(-_TURNS, _TURNS + 1) if turn)
    yield from (_Tilt(turn, zoom, 0) for turn in turns for zoom in _ZOOMS)
    yield from (_Tilt(0, 0, k) for k in range(-_STRETCHES, _STRETCHES + 1) if k)


def _near_tilts(
    tilt: _Tilt, shape: tuple[int, ...], unit: float, down: float, across: float
) -> Iterator[tuple[_Tilt, Place]]:
    """Tilts within half a step, and where the tile lies then: the frame's middle stays."""
    first = tilt.pitch(unit)
    for more, zoom in product(_HALVES, _HALVES):
        near = _Tilt(
            tilt.turn + more * (tilt.turn != 0), tilt.zoom + zoom,
            tilt.stretch + more * (tilt.stretch != 0),
        )  # fmt: skip
        then = near.pitch(unit)
        yield (
            near,
            Place(
                then[0],
                down + shape[0] / 2 * (1 / first[0] - 1 / then[0]),
                across + shape[1] / 2 * (1 / first[1] - 1 / then[1]),
            ),
        )


def _groups(luma: Array) -> Iterator[tuple[Detail, list[float]]]:
    """Each resized picture, and the scales to look at in it."""
    shortest = min(luma.shape)
    unit, largest = _SMALLEST, shortest / _FEWEST
    while unit <= largest:
        detail = detail_of(luma, unit)
        units, end = [], min(unit * _GROUP, largest * (1 + 1e-9))
        while unit <= end:
            units.append(unit)
            unit *= 1 + _STEP * UNITS / min(max(shortest / unit, UNITS / 2), _COVERED)
        yield detail, units


def _scored(
    values: Spectrum, place: Place, part: slice = slice(None)
) -> tuple[float, Place, Array]:
    """Score, place and soft values of the best of some of the places near one."""
    sync, found = _refined(values, place, part)
    soft = soft_values(values, found.down, found.across)
    return _SYNC * sync + _DATA * data_score(soft, values), found, soft


def _refined(values: Spectrum, place: Place, part: slice) -> tuple[float, Place]:
    """The best of some of the places within a unit and a half."""
    key = waves()
    agreement = values[: len(key.sync)] * np.conj(key.sync_phase)
    agreement *= shift_undone(key.sync[:, 0], place.down + 0.5)
    agreement *= shift_undone(key.sync[:, 1], place.across + 0.5)
    turn_down, turn_across = _near_turns()
    surface = ((turn_down[part] * agreement) @ turn_across[part].T).real
    down, across = np.unravel_index(int(surface.argmax()), surface.shape)
    score, near = float(surface[down, across]) / sync_spread(values), _NEAR[part]
    return score, Place(place.unit, place.down + near[down], place.across + near[across])


@cache
def _near_turns() -> tuple[Spectrum, Spectrum]:
    """c128 [7, S] twice: undo the shifts `_NEAR`, down and across."""
    sync, near = waves().sync, _NEAR[:, None]
    return shift_undone(sync[:, 0], near), shift_undone(sync[:, 1], near)
