"""What one client said and not yet performed: sound at 16 kHz, in order, and wishes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from openvasa.engine.stream import BLOCK
from openvasa.types import SAMPLE_RATE, SAMPLES_PER_FRAME, Array, Controls, InputError

MOST = 40 * SAMPLE_RATE  # samples that may wait
AHEAD = 0.3  # seconds that speech may be performed before its time, to have frames in hand
PATIENCE = 0.4  # seconds of missing sound after which a live face falls silent
SLIP = 1.5  # seconds behind real time at which the session's clock gives in


@dataclass(frozen=True)
class Piece:
    """Sound to perform.

    Attributes:
        samples: f32 [n] at 16 kHz.
        onset: If speech begins with it: how many samples the client had sent before.
        last: Whether the performance ends with it.
        silent: Whether it stands for sound that did not come.
    """

    samples: Array
    onset: int | None = None
    last: bool = False
    silent: bool = False


@dataclass
class Orders:
    """What the thread is to do before it goes on; None where nothing was asked.

    Attributes:
        controls: To be in force from now on.
        interrupted: Whether to stop speaking.
        shown: The frame on the client's screen when it asked for that.
    """

    controls: Controls | None = None
    interrupted: bool = False
    shown: int | None = None


class RealTime:
    """When what is due: a clock that waits for a machine too slow for it."""

    def __init__(self, now: float, read: Callable[[], float]) -> None:
        """Starts at `now`; `read` tells the time in seconds."""
        self._origin, self.now = now, read

    def due(self, position: float) -> float:
        """Seconds that should have been performed and were not."""
        return self.now() - self._origin - position

    def give_in(self, position: float) -> None:
        """Forgets a delay that will not be made up."""
        self._origin += max(self.due(position) - SLIP, 0.0)


class Inbox:
    """The event loop puts in, the session's thread takes out.

    In pace `live` the clock of the wall decides what is next: where no speech waits it is silence,
    so that the face blinks and breathes.
    """

    def __init__(self, *, live: bool) -> None:
        """Starts silent; in pace `free` only sound that came is taken out."""
        self._live = live
        self._change = threading.Condition()
        self._sound: deque[Piece] = deque()
        self._waiting = 0  # samples
        self._speaking = False
        self._ended = False
        self._closed = False
        self._orders = Orders()
        self._heard_last = 0.0  # when sound came last, seconds

    def hear(self, samples: Array, before: int, now: float) -> None:
        """More speech.

        Args:
            samples: f32 [n] at 16 kHz.
            before: Samples that the client had sent before these.
            now: Seconds.

        Raises:
            InputError: The client sends faster than is performed, and more than may wait.
        """
        with self._change:
            if self._waiting + len(samples) > MOST:
                raise InputError("over 40 s of sound wait: send no faster than it is spoken.")
            onset = None if self._speaking else before
            self._speaking, self._ended, self._heard_last = True, False, now
            self._sound.append(Piece(samples, onset))
            self._waiting += len(samples)
            self._change.notify_all()

    @property
    def full(self) -> bool:
        """Whether a client that may send at will should wait; in pace `live` nobody may."""
        return not self._live and self._waiting > MOST // 2

    @property
    def waiting(self) -> float:
        """Seconds of speech that came and were not taken out yet."""
        return self._waiting / SAMPLE_RATE

    def end(self) -> None:
        """The speech is over."""
        with self._change:
            self._ended = True
            self._change.notify_all()

    def steer(self, controls: Controls) -> None:
        """Other controls."""
        with self._change:
            self._orders.controls = controls
            self._change.notify_all()

    def interrupt(self, shown: int | None) -> None:
        """Stop speaking: sound that waits is dropped at once."""
        with self._change:
            self._sound.clear()
            self._waiting, self._speaking, self._ended = 0, False, False
            self._orders.interrupted, self._orders.shown = True, shown
            self._change.notify_all()

    def close(self) -> None:
        """The client is gone."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    @property
    def urgent(self) -> bool:
        """Whether frames under way are for nothing."""
        return self._closed or self._orders.interrupted

    def orders(self) -> Orders:
        """What was asked for since the last call."""
        with self._change:
            given, self._orders = self._orders, Orders()
            return given

    def next_piece(self, position: float, clock: RealTime) -> Piece | None:
        """Waits for the next thing to do.

        Args:
            position: Seconds performed so far.
            clock: When what is due.

        Returns:
            Sound (none at all, if orders came); None when the client is gone.
        """
        with self._change:
            while not self._closed:
                if self._orders != Orders():
                    return Piece(np.zeros(0, np.float32))
                clock.give_in(position)
                if self._waiting:
                    if not self._live or clock.due(position) > -AHEAD:
                        return self._speech()
                elif not self._live:
                    if self._ended:
                        return Piece(np.zeros(0, np.float32), last=True)
                elif self._silent(clock.now()):
                    due = round(clock.due(position) * SAMPLE_RATE)
                    if due >= SAMPLES_PER_FRAME:
                        return Piece(np.zeros(min(due, BLOCK), np.float32), silent=True)
                self._change.wait(0.02 if self._live else None)
            return None

    def _silent(self, now: float) -> bool:
        if self._speaking and (self._ended or now - self._heard_last > PATIENCE):
            self._speaking = False
        return not self._speaking

    def _speech(self) -> Piece:
        """At most a block, and never across the beginning of other speech."""
        piece = self._sound.popleft()
        if len(piece.samples) > BLOCK:
            self._sound.appendleft(Piece(piece.samples[BLOCK:]))
            piece = Piece(piece.samples[:BLOCK], piece.onset)
        self._waiting -= len(piece.samples)
        return piece
