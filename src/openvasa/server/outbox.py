"""Messages on their way from a session's thread to its socket: bounded, and honest about losses."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import dataclass

LONGEST = 25  # frames that may wait: a second


@dataclass(frozen=True)
class Parcel:
    """One message.

    Attributes:
        content: Text is JSON, bytes are a frame.
        frame: Index of the frame, None for text.
    """

    content: str | bytes
    frame: int | None = None


class Outbox:
    """One thread puts in, one task of the event loop takes out.

    Attributes:
        dropped: Frames that a slow client did not get.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, lossless: bool) -> None:
        """Starts empty.

        Args:
            loop: Where messages are taken out.
            lossless: Whether a full box makes the thread wait; if not, the frames in it are
                dropped, because a live picture that comes late is worth nothing.
        """
        self.dropped = 0
        self._loop, self._lossless = loop, lossless
        self._waiting: deque[Parcel] = deque()
        self._change = threading.Condition()
        self._news = asyncio.Event()
        self._closed = False

    @property
    def frames(self) -> int:
        """Frames that wait."""
        with self._change:
            return sum(parcel.frame is not None for parcel in self._waiting)

    def put(self, parcel: Parcel) -> int:
        """Adds a message; returns how many frames before it were dropped to make room."""
        with self._change:
            lost = 0
            if parcel.frame is not None and self.frames >= LONGEST:
                if self._lossless:
                    self._change.wait_for(lambda: self._closed or self.frames < LONGEST)
                else:
                    lost = self._drop_from(0)
                    self.dropped += lost
            if not self._closed:
                self._waiting.append(parcel)
        self._wake()
        return lost

    def take_back(self, frame: int) -> None:
        """Drops the frames from `frame` on that were not sent yet."""
        with self._change:
            self._drop_from(frame)
            self._change.notify_all()

    def close(self) -> None:
        """What waits is still taken out; nothing more comes."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._wake()

    async def take(self) -> Parcel | None:
        """The next message; None when the box is closed and empty."""
        while True:
            self._news.clear()
            with self._change:
                if self._waiting:
                    parcel = self._waiting.popleft()
                    self._change.notify_all()
                    return parcel
                if self._closed:
                    return None
            await self._news.wait()

    def _drop_from(self, frame: int) -> int:
        kept = [p for p in self._waiting if p.frame is None or p.frame < frame]
        lost = len(self._waiting) - len(kept)
        self._waiting = deque(kept)
        return lost

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:  # the loop has ended: nobody waits any more
            pass
