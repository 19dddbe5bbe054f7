"""What a listening face is told: the other side's sound, taken out beside the face's own."""

from __future__ import annotations

import struct
import threading

import numpy as np

from openvasa.server.inbox import MOST
from openvasa.server.resampler import Resampler
from openvasa.types import SAMPLE_RATE, Array, InputError

SAID, TOLD = 0, 1  # whose sound a message is: the face's, or the other side's
KEPT = SAMPLE_RATE // 2  # samples that may wait in pace `live`: what is older is not listened to
_CHANNEL = struct.Struct("<H")


def whose(message: bytes) -> tuple[int, bytes]:
    """The channel and the sound of a client's message, where both sides come on one socket.

    Raises:
        InputError: There is no such channel.
    """
    if len(message) >= _CHANNEL.size:
        (channel,) = _CHANNEL.unpack_from(message)
        if channel in (SAID, TOLD):
            return channel, message[_CHANNEL.size :]
    raise InputError("sound begins with its channel: 16 bits, 0 is the face's, 1 the other side's.")


class OtherSide:
    """The event loop puts in, the session's thread takes out; where nothing came it is silent."""

    def __init__(self, rate: int, *, live: bool) -> None:
        """Nothing was said.

        Args:
            rate: Samples a second of what comes.
            live: Whether what comes too late is left out; in pace `free` all of it is kept.
        """
        self._live = live
        self._resampler = Resampler(rate)
        self._lock = threading.Lock()
        self._waiting: Array = np.zeros(0, np.float32)

    def hear(self, pcm: bytes) -> None:
        """More of it: signed 16-bit little-endian samples.

        Raises:
            InputError: It is no 16-bit sound, or in pace `free` too much waits.
        """
        samples = self._resampler(pcm)
        with self._lock:
            waiting = np.concatenate([self._waiting, samples])
            if self._live:
                waiting = waiting[-KEPT:]
            elif len(waiting) > MOST:
                raise InputError("over 40 s of the other side wait: send the face's sound as well.")
            self._waiting = waiting

    def take(self, count: int) -> Array:
        """The next samples, f32 [count] at 16 kHz."""
        with self._lock:
            now, self._waiting = self._waiting[:count], self._waiting[count:]
        return np.concatenate([now, np.zeros(count - len(now), np.float32)])
