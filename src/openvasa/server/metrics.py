"""What a server did, counted by the library that Prometheus' makers keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Any, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    exposition,
    generate_latest,
)

TEXT = exposition.CONTENT_TYPE_PLAIN_0_0_4
BOUNDS = (0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.25, 0.5, 1.0)  # seconds a frame
_Made = TypeVar("_Made")
disable_created_metrics()  # when each counter began is the same for all: when the server did


class Tally:
    """Counters that only grow, from the server's start on; safe to use from several threads."""

    def __init__(self) -> None:
        """All are 0."""
        self._registry = CollectorRegistry()
        told: dict[str, Any] = {"namespace": "openvasa", "registry": self._registry}
        self._admitted = Counter("sessions_admitted", "live sessions", **told)
        self._refused = Counter("sessions_refused", "live sessions refused", ["reason"], **told)
        self._refused.labels("busy")  # shown from the start, for alarms
        self._sent = Counter("frames_sent", "frames sent live", **told)
        self._dropped = Counter("frames_dropped", "left out for slow clients", **told)
        self._heard = Counter("heard_seconds", "sound that came live", **told)
        self._frames = Histogram(
            "frame_seconds", "time that a live frame was waited for", buckets=BOUNDS, **told
        )
        self._sessions = Gauge("sessions", "live sessions now", **told)
        self._seats = Gauge("seats", "live sessions that there can be at once", **told)
        self._jobs = Gauge("jobs", "videos that wait or are made", **told)

    def admit(self) -> None:
        """A live session got a seat."""
        self._admitted.inc()

    def refuse(self, reason: str) -> None:
        """A live session did not begin; `reason` is a word of the protocol."""
        self._refused.labels(reason).inc()

    def hear(self, seconds: float) -> None:
        """Sound came from a client."""
        self._heard.inc(seconds)

    def send(self) -> None:
        """A frame went to a client."""
        self._sent.inc()

    def drop(self, frames: int) -> None:
        """Frames were left out because their client is slow."""
        self._dropped.inc(frames)

    def timed(self, frames: Iterable[_Made]) -> Iterator[_Made]:
        """The same frames; how long each is waited for is counted, what is done with it is not."""
        source = iter(frames)
        while True:
            began = perf_counter()
            try:
                frame = next(source)
            except StopIteration:
                return
            self._frames.observe(perf_counter() - began)
            yield frame

    def text(self, *, sessions: int, seats: int, jobs: int) -> str:
        """All of it, with what is so now, in Prometheus' text format.

        Args:
            sessions: Live.
            seats: Live sessions that there can be at once.
            jobs: Videos that wait or are made.
        """
        self._sessions.set(sessions)
        self._seats.set(seats)
        self._jobs.set(jobs)
        return generate_latest(self._registry).decode()
