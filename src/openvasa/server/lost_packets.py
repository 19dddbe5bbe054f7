"""What packets that a network loses do to a WebRTC session, made good where aiortc does not.

aiortc (1.16) tells nobody that a client lost its picture, and its buffer of sound gives a packet
out only once four more in a row are there: each hole costs five packets. It has no public way to
change either, so this file reaches into it; its tests notice if that ends to work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from aiortc import RTCRtpReceiver, RTCRtpSender
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket

from openvasa.server.inbox import PATIENCE

_LATE = 100  # packets behind the newest: what is further behind begins a new count
_FADE = 0.06  # seconds in which what stands for lost sound becomes silent
_SLACK = 0.005  # seconds by which times of packets may be rounded


def on_picture_lost(sender: RTCRtpSender, act: Callable[[], None]) -> None:
    """Calls `act` whenever the client asks for a key frame (PLI and FIR, RFC 4585 and 5104)."""
    sender._send_keyframe = act


def keep_what_came(receiver: RTCRtpReceiver) -> None:
    """Has a line of sound lose no more than the network lost."""
    name = "_RTCRtpReceiver__jitter_buffer"
    assert isinstance(getattr(receiver, name), JitterBuffer)
    setattr(receiver, name, _Immediate())


class _Immediate:
    """Takes the place of aiortc's buffer: each packet of sound stands alone and goes on at once.

    One that comes after a later one is lost: a live face would have to wait for it.
    """

    def __init__(self) -> None:
        self._newest: int | None = None  # sequence number, which wraps at 2^16

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """As `JitterBuffer.add`: whether a picture is lost, and what can be decoded."""
        number = packet.sequence_number
        if self._newest is not None and (self._newest - number) % 65536 < _LATE:
            return False, None
        self._newest = number
        return False, JitterFrame(packet._data, packet.timestamp)


class Concealment:
    """Sound with holes -> sound as long as what was said, or a microphone would fall behind.

    A hole repeats what was before it, ever softer (as ITU-T G.711 Appendix I does, without its
    search for the pitch). One that is longer than a live face waits for stays: its time is over.
    """

    def __init__(self, rate: int) -> None:
        """Samples a second."""
        self._rate = rate
        self._last = np.zeros((1, 0), np.int16)
        self._due: float | None = None  # seconds at which the next piece should begin

    def __call__(self, samples: np.ndarray[Any, Any], time: float) -> np.ndarray[Any, Any]:
        """A piece, after what stands for those lost before it.

        Args:
            samples: i16 [1, n].
            time: Seconds at which it was said.

        Returns:
            i16 [1, m], m at least n.
        """
        missing = 0.0 if self._due is None else time - self._due
        before, self._last = self._last, samples
        self._due = time + samples.shape[1] / self._rate
        if not before.size or not _SLACK < missing <= PATIENCE:
            return samples
        count = round(missing * self._rate)
        softer = np.clip(1 - np.arange(count) / (_FADE * self._rate), 0, 1)
        repeated = np.resize(before[0], count) * softer
        return np.concatenate([repeated[None].astype(np.int16), samples], axis=1)
