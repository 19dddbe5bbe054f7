"""A session's frames and the sound that they speak, as two WebRTC tracks in step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np
from aiortc.mediastreams import MediaStreamTrack
from av.audio.codeccontext import AudioCodecContext

from openvasa.media.spoken_sound import WIDTH, SpokenSound
from openvasa.server.pictures import HEADER
from openvasa.types import FPS

RATE = 48_000  # samples a second, as Opus has them
PIECE = 0.02  # seconds of sound that travel at once
IN_HAND = 15  # frames that may wait while nobody speaks: what is more is shown at twice the pace
REACTION = 2  # frames after the last one sent with which an interruption begins
_SAMPLES = round(RATE * PIECE)
_CLOCKS = {"video": Fraction(1, 90_000), "audio": Fraction(1, RATE)}  # RFC 6184, RFC 7587


class Track(MediaStreamTrack):
    """Hands out what it was given when it is due."""

    def __init__(self, kind: str) -> None:
        """Empty; `kind` is `audio` or `video`."""
        super().__init__()
        self.kind = kind
        self._queue: asyncio.Queue[tuple[float, Any]] = asyncio.Queue()

    def give(self, due: float, origin: float, content: av.Packet[Any]) -> None:
        """More of it.

        Args:
            due: When it is to be sent, on the clock of the event loop.
            origin: When time began, on the same clock.
            content: A packet, encoded: encoding here would hold up one track and not the other.
        """
        content.time_base = clock = _CLOCKS[self.kind]
        content.pts = round((due - origin) / clock)
        self._queue.put_nowait((due, content))

    async def recv(self) -> Any:
        """The next, once it is due; see `MediaStreamTrack`."""
        due, content = await self._queue.get()
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        return content


class Stage:
    """Sends one session's frames at 25 a second, each with its 40 ms of sound.

    Frames come in bursts; when they are late both tracks wait, and the time that they carry goes
    on. So what is sent together is heard and seen together. Lives on the event loop.

    Attributes:
        video: H.264, as `H264Encoder` makes it.
        audio: The sound that is spoken; silence where nothing is.
        spoken: What came from the client, and when it is heard.
        shown: Index of the last frame sent, None before the first.
    """

    def __init__(self, encode: Callable[[bytes], av.Packet[Any]]) -> None:
        """Nothing was sent; `encode` makes a packet of 20 ms of 16-bit sound at 48 kHz."""
        self._encode = encode
        self.video, self.audio = Track("video"), Track("audio")
        self.spoken = SpokenSound(RATE, FPS)
        self.shown: int | None = None
        self._origin = self._due = asyncio.get_running_loop().time()
        self._void: int | None = None  # frames from here on belong to before the interruption

    def interrupt(self) -> int | None:
        """The client asks for silence: returns the frame after which it begins."""
        self.spoken.drop()
        self._void = 0 if self.shown is None else self.shown + REACTION
        return self.shown

    def told(self, message: dict[str, Any]) -> None:
        """What the session says about its frames."""
        if message["type"] == "speech":
            self.spoken.begin(message["sample"], message["time"])
        elif message["type"] == "silence":
            self.spoken.silence(message["time"])
        elif message["type"] == "interrupted":
            self._void = None
            self.spoken.take_back(message["frame"])

    async def show(self, index: int, message: bytes, waiting: int) -> bool:
        """Sends a frame once it is due.

        Args:
            index: Of the frame.
            message: Header and picture.
            waiting: Frames that are behind it.

        Returns:
            Whether it was sent: one that an interruption made void is not.
        """
        if self._void is not None and index >= self._void:
            return False
        now = asyncio.get_running_loop().time()
        self._due = max(self._due, now)
        await asyncio.sleep(self._due - now)
        self.video.give(self._due, self._origin, av.Packet(message[HEADER.size :]))
        sound, speaking, _ = self.spoken.of_frame(index)
        hurried = waiting > IN_HAND and not speaking
        for start in range(0, len(sound) // (2 if hurried else 1), WIDTH * _SAMPLES):
            packet = self._encode(sound[start : start + WIDTH * _SAMPLES])
            self.audio.give(self._due, self._origin, packet)
            self._due += PIECE
        self.shown = index
        return True


class OpusEncoder:
    """Sound in pieces of 20 ms -> one packet each (RFC 6716)."""

    def __init__(self) -> None:
        """Starts with silence before it."""
        codec = AudioCodecContext.create("libopus", "w")
        codec.format, codec.layout, codec.sample_rate = "s16", "mono", RATE
        codec.bit_rate, codec.time_base = 64_000, _CLOCKS["audio"]
        self._codec, self._count = codec, 0

    def __call__(self, pcm: bytes) -> av.Packet[Any]:
        """The packet of 960 samples, 16-bit little-endian mono."""
        samples = np.frombuffer(pcm, "<i2")
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, self._count
        self._count += len(samples)
        (packet,) = self._codec.encode(frame)
        return packet
