"""Controls that change over time: a small CSV or JSON file of keys, and smooth curves through them.

A key is a line of a CSV or an object in a JSON list: a time in seconds and any of `COLUMNS`. What
a key leaves out passes it by. Between keys runs a monotone cubic (Fritsch and Butland 1984), which
goes through every key, has no corners and never overshoots; before the first and after the last
key of a curve its value is held.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openvasa.motion.conditions import check_controls, emotion_vector
from openvasa.types import EMOTIONS, Controls, InputError

Floats = NDArray[np.float64]
Key = Mapping[str, float]

_PARTS = {
    "gaze": ("gaze_yaw", "gaze_pitch"), "distance": ("distance",), "emotion_offset": EMOTIONS,
    "head": ("head_yaw", "head_pitch", "head_roll"), "movement": ("movement",),
    "blinks": ("blinks",), "expressiveness": ("expressiveness",),
}  # fmt: skip
_NAMED = "emotion"  # column of an emotion by name, such as happy:0.6
CURVES = tuple(name for names in _PARTS.values() for name in names)
COLUMNS = ("time", *CURVES, _NAMED)
SUFFIXES = (".csv", ".json")
MOST = 100_000  # keys
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True)
class ControlTrack:
    """Controls over time.

    Attributes:
        keys: (seconds, value by name of `CURVES`) in the order of time, at least one.
        base: What holds for wishes of which no key says anything.
    """

    keys: tuple[tuple[float, Key], ...]
    base: Controls = Controls()

    def __post_init__(self) -> None:
        """Refuses keys out of order and wishes out of range.

        Raises:
            InputError: With the number of the key.
        """
        if not self.keys:
            raise InputError("the controls have no keys: give at least one.")
        check_controls(self.base)
        before = -math.inf
        for number, (time, key) in enumerate(self.keys, 1):
            try:
                _check_key(time, key, before)
            except InputError as error:
                raise InputError(f"key {number} of the controls: {error}") from error
            before = time

    def at(self, time: float) -> Controls:
        """The controls at a time in seconds."""
        now = {name: curve(time) for name, curve in self._curves.items()}
        wishes: dict[str, Any] = {}
        for wish, names in _PARTS.items():
            if any(name in now for name in names):
                values = tuple(now.get(name, 0.0) for name in names)
                wishes[wish] = values if len(values) > 1 else values[0]
        if "emotion_offset" in wishes:
            wishes["emotion"] = None
        return replace(self.base, **wishes)

    @cached_property
    def _curves(self) -> dict[str, _Curve]:
        found = {}
        for name in CURVES:
            known = [(time, key[name]) for time, key in self.keys if name in key]
            if known:
                found[name] = _Curve(*np.array(known, np.float64).T)
        return found


Asked = Controls | ControlTrack


def in_force(asked: Asked, time: float) -> Controls:
    """What is asked for at a time in seconds."""
    return asked.at(time) if isinstance(asked, ControlTrack) else asked


def check_asked(asked: Asked) -> None:
    """Raises InputError where a wish is out of range."""
    if isinstance(asked, Controls):  # a track was checked when it was made
        check_controls(asked)


def read_controls(path: Path, base: Controls = Controls()) -> ControlTrack:
    """Reads a file of keys.

    Args:
        path: Ends in .csv, with `COLUMNS` in its first line, or in .json, a list of objects.
        base: Wishes that the file may say nothing about.

    Raises:
        InputError: It cannot be read; the sentence names the line.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"'{path}' must end in .csv or .json: choose one of them.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the controls '{path}': check the file.") from error
    keys: list[tuple[float, Key]] = []
    before = -math.inf
    rows = _csv_rows(text) if path.suffix.lower() == ".csv" else _json_rows(text)
    line = 1
    try:
        for line, row in rows:
            time, key = _key(row)
            _check_key(time, key, before)
            keys.append((time, key))
            before = time
    except (InputError, csv.Error) as error:
        raise InputError(f"'{path}', line {line}: {error}") from error
    except json.JSONDecodeError as error:
        raise InputError(f"'{path}', line {error.lineno}: {error.msg}.") from error
    if not 0 < len(keys) <= MOST:
        raise InputError(f"'{path}' must have from 1 to {MOST} keys, not {len(keys)}.")
    return ControlTrack(tuple(keys), base)


class _Curve:
    """A monotone cubic through keys."""

    def __init__(self, times: Floats, values: Floats) -> None:
        self._times, self._values = times, values
        self._slopes = np.zeros(len(times))
        if len(times) > 2:
            rises = np.diff(values) / np.diff(times)
            one, two = rises[:-1], rises[1:]
            same = one * two > 0
            # The harmonic mean keeps each slope within what stays monotone.
            together = np.where(same, one + two, 1.0)
            self._slopes[1:-1] = np.where(same, 2 * one * two / together, 0.0)

    def __call__(self, time: float) -> float:
        times, values, slopes = self._times, self._values, self._slopes
        after = int(np.searchsorted(times, time, side="right"))
        if after == 0 or after == len(times):
            return float(values[0 if after == 0 else -1])
        k = after - 1
        width = times[after] - times[k]
        u = (time - times[k]) / width
        smooth, ease_in, ease_out = u * u * (3 - 2 * u), u * (1 - u) ** 2, u * u * (u - 1)
        value = values[k] + smooth * (values[after] - values[k])
        return float(value + width * (ease_in * slopes[k] + ease_out * slopes[after]))


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, object]]]:
    table = csv.DictReader(text.splitlines(), skipinitialspace=True)
    for row in table:
        if None in row:
            raise InputError("there are more values than columns: name every column.")
        yield table.line_num, {k: v for k, v in row.items() if v not in (None, "")}


def _json_rows(text: str) -> Iterator[tuple[int, dict[str, object]]]:
    """The objects of a list, each with the line on which it begins."""
    read, line, counted = json.JSONDecoder().raw_decode, 1, 0
    at = _after_space(text, 0)
    if text[at : at + 1] != "[":
        raise json.JSONDecodeError("the file must hold a list of objects", text, at)
    at = _after_space(text, at + 1)
    while text[at : at + 1] != "]":
        line, counted = line + text.count("\n", counted, at), at
        row, end = read(text, at)
        if not isinstance(row, dict):
            raise json.JSONDecodeError("a key must be an object", text, at)
        yield line, row
        at = _after_space(text, end)
        if text[at : at + 1] == ",":
            at = _after_space(text, at + 1)
        elif text[at : at + 1] != "]":
            raise json.JSONDecodeError("a comma or the end of the list is missing", text, at)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _key(row: Mapping[str, object]) -> tuple[float, Key]:
    unknown = sorted(set(row) - set(COLUMNS))
    if unknown:
        raise InputError(f"there is no control '{unknown[0]}': choose of {', '.join(COLUMNS)}.")
    if "time" not in row:
        raise InputError("the time is missing: give it in seconds.")
    key = {name: _number(name, value) for name, value in row.items() if name != _NAMED}
    if _NAMED in row:
        if any(name in key for name in EMOTIONS):
            raise InputError("give an emotion by name or by its weights, not both.")
        name, _, strength = str(row[_NAMED]).partition(":")
        vector = emotion_vector(name, _number("strength", strength) if strength else 1.0)
        key.update(zip(EMOTIONS, map(float, vector), strict=True))
    return key.pop("time"), key


def _number(name: str, value: object) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError
        return float(value)
    except ValueError:
        raise InputError(f"the {name} must be a number, not '{value}'.") from None


def _check_key(time: float, key: Key, before: float) -> None:
    if not (math.isfinite(time) and time >= 0):
        raise InputError(f"the time must be 0 seconds or later, not {time:g}.")
    if time <= before:
        raise InputError(f"the time {time:g} does not come after {before:g}: sort the keys.")
    names = ("distance", "movement", "blinks", "expressiveness")
    check_controls(
        Controls(
            gaze=(key.get("gaze_yaw", 0.0), key.get("gaze_pitch", 0.0)),
            emotion_offset=tuple(key.get(name, 0.0) for name in EMOTIONS),
            head=(key.get("head_yaw", 0.0), key.get("head_pitch", 0.0), key.get("head_roll", 0.0)),
            **{name: key[name] for name in names if name in key},  # type: ignore[arg-type]
        )
    )
