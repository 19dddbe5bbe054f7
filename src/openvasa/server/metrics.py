"""What a server did, counted: the text that Prometheus reads.

Format: Prometheus text exposition format 0.0.4 (prometheus.io/docs, "Exposition formats").
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import TypeVar

TEXT = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.25, 0.5, 1.0)  # seconds a frame
_Made = TypeVar("_Made")


class Tally:
    """Counters that only grow, from the server's start on; safe to use from several threads."""

    def __init__(self) -> None:
        """All are 0."""
        self._lock = threading.Lock()
        self._admitted, self._sent, self._dropped = 0, 0, 0
        self._refused: Counter[str] = Counter({"busy": 0})
        self._heard = 0.0
        self._buckets = [0] * (len(BOUNDS) + 1)
        self._frame_seconds = 0.0

    def admit(self) -> None:
        """A live session got a seat."""
        with self._lock:
            self._admitted += 1

    def refuse(self, reason: str) -> None:
        """A live session did not begin; `reason` is a word of the protocol."""
        with self._lock:
            self._refused[reason] += 1

    def hear(self, seconds: float) -> None:
        """Sound came from a client."""
        with self._lock:
            self._heard += seconds

    def send(self) -> None:
        """A frame went to a client."""
        with self._lock:
            self._sent += 1

    def drop(self, frames: int) -> None:
        """Frames were left out because their client is slow."""
        with self._lock:
            self._dropped += frames

    def timed(self, frames: Iterable[_Made]) -> Iterator[_Made]:
        """The same frames; how long each is waited for is counted, what is done with it is not."""
        source = iter(frames)
        while True:
            began = perf_counter()
            try:
                frame = next(source)
            except StopIteration:
                return
            seconds = perf_counter() - began
            with self._lock:
                self._buckets[bisect_left(BOUNDS, seconds)] += 1
                self._frame_seconds += seconds
            yield frame

    def text(self, *, sessions: int, seats: int, jobs: int) -> str:
        """All of it, with what is so now.

        Args:
            sessions: Live.
            seats: Live sessions that there can be at once.
            jobs: Videos that wait or are made.
        """
        with self._lock:
            parts = [
                _metric("sessions_admitted_total", "counter", "live sessions", self._admitted),
                _labeled("sessions_refused_total", "live sessions refused", self._refused),
                _metric("frames_sent_total", "counter", "frames sent live", self._sent),
                _metric("frames_dropped_total", "counter", "left out for slow clients",
                        self._dropped),
                _metric("heard_seconds_total", "counter", "sound that came live", self._heard),
                self._histogram(),
                _metric("sessions", "gauge", "live sessions now", sessions),
                _metric("seats", "gauge", "live sessions that there can be at once", seats),
                _metric("jobs", "gauge", "videos that wait or are made", jobs),
            ]  # fmt: skip
        return "".join(parts)

    def _histogram(self) -> str:
        name, seen = "openvasa_frame_seconds", 0
        lines = _head("frame_seconds", "histogram", "time that a live frame was waited for")
        for bound, count in zip([*map(str, BOUNDS), "+Inf"], self._buckets, strict=True):
            seen += count
            lines += f'{name}_bucket{{le="{bound}"}} {seen}\n'
        return f"{lines}{name}_sum {self._frame_seconds:.6f}\n{name}_count {seen}\n"


def _head(name: str, kind: str, about: str) -> str:
    return f"# HELP openvasa_{name} {about}\n# TYPE openvasa_{name} {kind}\n"


def _metric(name: str, kind: str, about: str, value: float) -> str:
    return f"{_head(name, kind, about)}openvasa_{name} {value:.12g}\n"


def _labeled(name: str, about: str, values: Counter[str]) -> str:
    lines = (f'openvasa_{name}{{reason="{word}"}} {n}\n' for word, n in sorted(values.items()))
    return _head(name, "counter", about) + "".join(lines)
