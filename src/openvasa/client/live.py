"""One live session of `openvasa serve`, version 1 of its protocol (docs/server.md)."""

from __future__ import annotations

import asyncio
import io
import json
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any, Self
from urllib.request import Request

import numpy as np
from PIL import Image as Pillow
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from openvasa.media.spoken_sound import SpokenSound
from openvasa.types import FPS, Image, InputError

VERSION = 1
REACTION = 2  # frames after the one shown with which an interruption begins
_HEADER = struct.Struct("<BBHIQ")  # kind, flags, reserved, index, microseconds
_PIECE = 100_000  # bytes of one message of sound, under the server's limit of 250 kB
_MOST = 30.0  # seconds of sound that may wait; the server takes 40
_PATIENCE = 0.02  # seconds between looks whether less waits
_GOODBYE = 1.0  # seconds: a full buffer of unread frames hides the answer to a close


class LiveError(InputError):
    """The session ended before its time.

    Attributes:
        code: A word for programs: the server's (`busy`, `token`, `no_avatar`, ...), or `lost`.
    """

    def __init__(self, code: str, sentence: str) -> None:
        """A word and a sentence."""
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class LiveFrame:
    """One picture and the 40 ms of sound that belong to it.

    Attributes:
        index: Counts from 0; after an interruption indices go on from the frame it begins with.
        jpeg: The picture as a JPEG file.
        sound: 16-bit little-endian mono at the session's rate; zeros where nothing is spoken.
        speaking: Whether the sound holds any of what was sent.
        ended: Whether with this frame a speech has been heard to its `end`.
    """

    index: int
    jpeg: bytes
    sound: bytes
    speaking: bool
    ended: bool

    @property
    def time(self) -> float:
        """Seconds from the first frame."""
        return self.index / FPS

    def rgb(self) -> Image:
        """The picture: u8 [h, w, 3], sRGB."""
        return np.asarray(Pillow.open(io.BytesIO(self.jpeg)).convert("RGB"))


class LiveClient:
    """A portrait that speaks what it is sent. Use it in an `async with` block, iterate over it.

    Attributes:
        rate: Samples a second of the sound.
        ready: The server's `ready` message, once entered.
        shown: Index of the last frame given out, None before the first; an interruption begins
            two frames after it.
        dropped: Frames that the server left out because this client reads too slowly.
    """

    def __init__(
        self, url: str, avatar: str, *, token: str | None = None, rate: int = 16_000,
        pace: str = "live", cookies: CookieJar | None = None, **wishes: Any,
    ) -> None:  # fmt: skip
        """Does not connect yet.

        Args:
            url: Of the server, `http://127.0.0.1:8000`.
            avatar: The id of an avatar, from `create_avatar`.
            token: The server's, where it wants one.
            rate: Samples a second of the sound to come, 8000 to 192000.
            pace: `live` follows the clock, with idle life where no sound comes; `free` makes the
                frames of the sound alone, as fast as they are read.
            cookies: Of a proxy before several workers, as `create_avatar` got them.
            **wishes: Further fields of the hello: `seed`, `size`, `framing`, `quality`,
                `controls`.
        """
        self.rate = rate
        self.ready: dict[str, Any] = {}
        self.shown: int | None = None
        self.dropped = 0
        self._url = f"ws{url.rstrip('/').removeprefix('http')}/v1/live"
        asked = Request(f"{url.rstrip('/')}/v1/live")
        if cookies is not None:
            cookies.add_cookie_header(asked)
        self._headers = dict(asked.header_items())  # the cookies alone
        self._hello = {"type": "hello", "version": VERSION, "avatar": avatar, "token": token,
            "rate": rate, "pace": pace, "video": "jpeg", **wishes}  # fmt: skip
        self._track = SpokenSound(rate, FPS)
        self._void: int | None = None  # frames from here on belong to before the interruption
        self._interruptions = 0
        self._socket: ClientConnection
        self._speech: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connects, and waits until the portrait is awake.

        Raises:
            LiveError: The server does not let it; `code` says why.
        """
        try:
            self._socket = await connect(
                self._url, max_size=None, close_timeout=_GOODBYE, compression=None,
                additional_headers=self._headers,
            )  # fmt: skip
        except (OSError, WebSocketException) as error:
            raise LiveError("lost", f"no server takes a session at {self._url}.") from error
        try:
            await self._tell(self._hello)
            message = await self._receive()
            self.ready = {} if message is None or isinstance(message, bytes) else message
        except BaseException:
            await self._socket.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leaves; the server ends the session."""
        if self._speech is not None:
            self._speech.cancel()
            with suppress(asyncio.CancelledError):
                await self._speech
        await self._socket.close()

    async def send(self, pcm: bytes) -> None:
        """More speech: 16-bit little-endian mono at `rate`, whole samples.

        It may come in bursts; beyond 30 s this waits until frames that speak them are read. What
        an interruption finds waiting is not sent.

        Raises:
            LiveError: The session is over.
        """
        interruptions = self._interruptions
        for start in range(0, len(pcm), _PIECE):
            while self._track.waiting > _MOST * self.rate:
                await asyncio.sleep(_PATIENCE)
            if self._interruptions > interruptions:
                return
            piece = pcm[start : start + _PIECE]
            self._track.send(piece)
            await self._give(piece)

    async def end(self) -> None:
        """The speech is over; `live` falls silent, `free` makes the last frames.

        Raises:
            LiveError: The session is over.
        """
        self._track.end()
        await self._tell({"type": "end"})

    def speak(self, pieces: Iterable[bytes]) -> None:
        """Sends pieces as they come, then `end`, while frames are read.

        Args:
            pieces: Of sound, as for `send`; read in a thread, so that a microphone may wait.
        """
        self._speech = asyncio.create_task(self._speak(iter(pieces)))

    async def control(self, **controls: Any) -> None:
        """Sets all controls anew (docs/controls.md); they hold from the next 0.2 s on.

        Raises:
            LiveError: The session is over.
        """
        await self._tell({"type": "controls", "controls": controls})

    async def interrupt(self) -> None:
        """Stop speaking: sound that waits is dropped, two frames later the portrait listens.

        Raises:
            LiveError: The session is over.
        """
        self._interruptions += 1
        self._track.drop()
        if self._speech is not None:
            self._speech.cancel()
        message: dict[str, Any] = {"type": "interrupt"}
        if self.shown is not None:
            message["shown"] = self.shown
        self._void = 0 if self.shown is None else self.shown + REACTION
        await self._tell(message)

    async def __aiter__(self) -> AsyncIterator[LiveFrame]:
        """Frames in order, until pace `free` is done or the server goes.

        Raises:
            LiveError: The session broke off; `code` says why.
        """
        while (message := await self._receive()) is not None:
            if isinstance(message, bytes):
                index = _HEADER.unpack_from(message)[3]
                if self._void is None or index < self._void:
                    self.shown = index
                    yield LiveFrame(index, message[_HEADER.size :], *self._track.of_frame(index))
            elif message["type"] == "speech":
                self._track.begin(message["sample"], message["time"])
            elif message["type"] == "silence":
                self._track.silence(message["time"])
            elif message["type"] == "interrupted":
                self._void = None
                self._track.take_back(message["frame"])
            elif message["type"] == "dropped":
                self.dropped = message["frames"]
            elif message["type"] == "done":
                return

    async def _speak(self, pieces: Any) -> None:
        with suppress(LiveError):  # whoever reads frames is told
            while piece := await asyncio.to_thread(next, pieces, b""):
                await self.send(piece)
            await self.end()

    async def _tell(self, message: dict[str, Any]) -> None:
        await self._give(json.dumps(message))

    async def _give(self, message: str | bytes) -> None:
        try:
            await self._socket.send(message)
        except ConnectionClosed as error:
            raise LiveError("lost", "the session is over: connect again.") from error

    async def _receive(self) -> dict[str, Any] | bytes | None:
        """The next message; None when the server has said all it will."""
        try:
            message = await self._socket.recv()
        except ConnectionClosed as error:
            if error.rcvd is None or error.rcvd.code not in (1000, 1001):
                raise LiveError("lost", "the connection is lost: connect again.") from error
            return None
        if isinstance(message, bytes):
            return message
        said: dict[str, Any] = json.loads(message)
        if said["type"] == "error":
            raise LiveError(said["code"], f"the server says: {said['message']}")
        return said
