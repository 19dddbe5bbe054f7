"""Pictures -> whether they carry the invisible mark, which content id, and in which seconds.

Fifty frames are averaged and read as one picture: the mark is the same in all of them, what moves
behind it is not. Where no fifty tell it, all together may, and where these do not either, they are
searched mirrored, turned and stretched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from openvasa.provenance.mark_code import decode
from openvasa.provenance.mark_pattern import UNITS, unit_of
from openvasa.provenance.mark_search import (
    Finding,
    Place,
    look_everywhere,
    look_near,
    look_tilted,
)
from openvasa.types import Array, Image

WINDOW = 50  # frames that vote together
LIMIT = 1e-5  # probability at most that an unmarked picture is called marked
# A mark can be found at its place, near it or anywhere, by its score alone or with the checksum's
# help.
_WAYS = 6
_CHECKSUM = 2.0**-16  # probability that noise passes it
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class MarkReading:
    """What was read.

    Attributes:
        present: Whether the mark is there.
        confidence: 1 - `false_alarm`.
        false_alarm: Probability that an unmarked picture, or video of this length, looks as much
            like a marked one, in [0, 1].
        payload: The content id, 48 bits; None where it cannot be read.
        seconds: (start, end, whether the mark was found there), in order and without gaps; empty
            for a still.
    """

    present: bool
    confidence: float
    false_alarm: float
    payload: int | None
    seconds: list[tuple[float, float, bool]] = field(default_factory=list)


@dataclass(frozen=True)
class _Window:
    """One picture, or the mean of some: what was found in it."""

    finding: Finding
    false_alarm: float
    payload: int | None

    @property
    def present(self) -> bool:
        return self.false_alarm <= LIMIT


def read_image(image: Image) -> MarkReading:
    """Reads one picture: a still, a frame or a screenshot.

    Args:
        image: u8 [H, W, 3] RGB.
    """
    luma = image @ _LUMA
    windows = [_read(luma, [])]
    if not _read_well(windows):
        windows += _last_resorts(luma)
    return _reading(windows, [])


def read_frames(frames: Iterable[Image], fps: float) -> MarkReading:
    """Reads a video, 50 frames at a time, and all of it at once where that tells nothing.

    Args:
        frames: u8 [H, W, 3] RGB each, all of one size; at least one.
        fps: Frames per second, > 0.
    """
    windows: list[_Window] = []
    seconds: list[tuple[float, float, bool]] = []
    known: list[Place] = []
    first, total = 0, np.zeros(1, np.float32)
    for luma, count in _means(frames):
        total = total + luma * np.float32(count)
        window = _read(luma, known)
        if window.present:
            known = [window.finding.place]
        windows.append(window)
        seconds.append((first / fps, (first + count) / fps, window.present))
        first += count
    mean = total / np.float32(first)
    if len(windows) > 1 and not known:
        windows.append(_read(mean, known))
    if not _read_well(windows):
        windows += _last_resorts(mean)
    if not known and any(one.present for one in windows):  # in which seconds is not known
        seconds = [(0.0, first / fps, True)]
    return _reading(windows, seconds)


def _means(frames: Iterable[Image]) -> Iterator[tuple[Array, int]]:
    """Mean luma f32 [H, W] of each 50 frames, and how many they were."""
    waiting = iter(frames)
    while some := list(islice(waiting, 1)):
        total, count = some[0] @ _LUMA, 1
        for image in islice(waiting, WINDOW - 1):
            total += image @ _LUMA
            count += 1
        yield total / np.float32(count), count


def _read(luma: Array, known: list[Place]) -> _Window:
    """Looks where the mark ought to be, then around, and if it is not there, everywhere."""
    whole = _whole(luma)
    window = _judged(look_near(luma, whole, exact=True))
    if not window.present:
        window = min(window, _judged(look_near(luma, [*known, *whole])), key=_alarm)
    if not window.present and (finding := look_everywhere(luma)) is not None:
        window = min(window, _judged(finding), key=_alarm)
    return window


def _last_resorts(luma: Array) -> list[_Window]:
    """Whole frames mirrored, and turned or stretched; searched once a picture or video."""
    mirrored = np.ascontiguousarray(luma[:, ::-1])
    return [
        _judged(look_near(mirrored, _whole(luma), exact=True)),
        _judged(look_tilted(luma)),
    ]


def _whole(luma: Array) -> list[Place]:
    """Where the mark of a whole frame lies, at whatever size it now has."""
    height, width = luma.shape
    return [Place(unit, 0.0, 0.0) for unit in {min(height, width) / UNITS, unit_of(height, width)}]


def _judged(finding: Finding) -> _Window:
    payload = decode(finding.soft)
    chance = finding.false_alarm * (1.0 if payload is None else _CHECKSUM)
    return _Window(finding, min(1.0, _WAYS * chance), payload)


def _read_well(windows: list[_Window]) -> bool:
    return any(one.present and one.payload is not None for one in windows)


def _alarm(window: _Window) -> float:
    return window.false_alarm


def _reading(windows: list[_Window], seconds: list[tuple[float, float, bool]]) -> MarkReading:
    best = min(windows, key=_alarm)
    false_alarm = min(1.0, best.false_alarm * len(windows))
    present = false_alarm <= LIMIT
    payload = None
    if present:
        votes = sum((one.finding.soft for one in windows if one.present), best.finding.soft)
        payload = best.payload if best.payload is not None else decode(votes)
    return MarkReading(
        present=present, confidence=1 - false_alarm, false_alarm=false_alarm, payload=payload,
        seconds=seconds,
    )  # fmt: skip
