"""One WebRTC connection: a microphone track in, frames and sound out, words on a data channel."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anyio
import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from openvasa.server.avatars import Guest
from openvasa.server.live import LivePerformance
from openvasa.server.lost_packets import Concealment, keep_what_came, on_picture_lost
from openvasa.server.other_side import SAID, TOLD
from openvasa.server.outbox import Outbox
from openvasa.server.requests import End, Hello, Interrupt, read_message
from openvasa.server.stage import RATE, OpusEncoder, Stage
from openvasa.server.studio import Studio
from openvasa.server.views import View
from openvasa.types import InputError

_OVER = ("closed", "failed")
_GOODBYE = 0.3  # seconds for the last words to leave
_BEHIND, _LOST = 1.0, 5.0  # seconds of speech that wait: pauses are left out, then all
_QUIET = 650  # of 32768
_KEYS = 0.5  # seconds between key frames that a client may ask for


class Peer:
    """A session's connection, from an offer until either side is gone."""

    def __init__(self, studio: Studio, guest: Guest, hello: Hello) -> None:
        """Not connected.

        Args:
            studio: Performs; a seat is taken for this peer.
            guest: Who speaks.
            hello: What the client wants of the performance.
        """
        self._studio, self._guest = studio, guest
        listen = None if hello.listen is None else RATE
        tracks = {"rate": RATE, "listen": listen, "video": "h264"}
        self._hello = hello.model_copy(update=tracks)
        # No servers of others are asked for addresses.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._stage = Stage(OpusEncoder())
        self._lines: list[Any] = []  # of sound, the face's own first
        self._channel: Any = None
        self._unsaid: list[str] = []  # until the channel is open
        self._performance: LivePerformance | None = None
        self._refreshed = 0.0  # when a key frame was asked for last, on the loop's clock
        self._change = asyncio.Event()
        self._connection.on("connectionstatechange", self._changed)
        self._connection.on("datachannel", self._opened)

    async def answer(self, sdp: str) -> str:
        """The answer to an offer.

        Raises:
            InputError: The offer cannot be used.
        """
        connection = self._connection
        picture = connection.addTransceiver(self._stage.video, direction="sendonly")
        sound = connection.addTransceiver(self._stage.audio, direction="sendrecv")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        on_picture_lost(picture.sender, self._refresh)
        picture.setCodecPreferences([codec for codec in codecs if codec.name != "VP8"])
        try:
            await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        except Exception as error:  # a stranger's text: the parser raises all kinds
            raise InputError("the offer is no SDP with H.264 and sound: see docs/server.md.") from (
                error
            )
        lines = connection.getTransceivers()
        self._lines = [line for line in lines if line.kind == "audio"]
        most = 1 if self._hello.listen is None else 2
        if (
            None in (picture.mid, sound.mid) or connection.sctp is None
            or len(self._lines) > most or len(lines) > len(self._lines) + 1
        ):  # fmt: skip
            raise InputError(
                "an offer has one line of video, a data channel, and one of sound: two to listen."
            )
        for line in self._lines:
            keep_what_came(line.receiver)
        await connection.setLocalDescription(await connection.createAnswer())
        return str(connection.localDescription.sdp)

    async def attend(self) -> None:
        """Performs from when the client is there until it is gone; closes the connection."""
        try:
            with anyio.move_on_after(self._studio.settings.hello_seconds):
                while self._connection.connectionState not in ("connected", *_OVER):
                    await self._change.wait()
                    self._change.clear()
            if self._connection.connectionState == "connected":
                await self._perform()
            else:
                self._studio.seats.give_back()
        finally:
            await self._connection.close()

    async def _perform(self) -> None:
        outbox = Outbox(asyncio.get_running_loop(), lossless=False)
        self._studio.tally.admit()
        view = self._studio.views.open()
        performance = self._studio.perform(self._guest, self._hello, outbox, view.id)
        self._performance = performance
        try:
            async with anyio.create_task_group() as group:
                for channel, line in zip((SAID, TOLD), self._lines, strict=False):
                    if line.receiver.track is not None:
                        group.start_soon(self._listen, performance, channel, line.receiver.track)
                await self._speak(outbox, view)
                group.cancel_scope.cancel()
        finally:
            performance.close()
            self._studio.views.close(view)
        await anyio.sleep(_GOODBYE)

    async def _speak(self, outbox: Outbox, view: View) -> None:
        while (parcel := await outbox.take()) is not None:
            view.show(parcel)
            if isinstance(parcel.content, str):
                self._stage.told(json.loads(parcel.content))
                self._say(parcel.content)
            elif parcel.frame is not None:
                if await self._stage.show(parcel.frame, parcel.content, outbox.frames):
                    self._studio.tally.send()

    async def _listen(self, performance: LivePerformance, channel: int, track: Any) -> None:
        mono = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        whole = Concealment(RATE)
        try:
            while True:
                frame = await track.recv()
                for piece in mono.resample(frame):
                    samples = whole(piece.to_ndarray(), frame.time)
                    if channel == SAID and left_out(samples, performance.waiting):
                        continue
                    pcm = samples.tobytes()
                    if channel == SAID:
                        self._stage.spoken.send(pcm)
                    performance.hear_side(channel, pcm)
        except InputError as error:
            performance.fail("bad_message", str(error))
        except MediaStreamError:  # the track has ended
            performance.told(End(type="end"))

    def _told(self, text: str | bytes) -> None:
        """A message on the data channel."""
        if self._performance is None:
            return
        try:
            message = read_message(text if isinstance(text, str) else "")
            if isinstance(message, Interrupt):
                message = message.model_copy(update={"shown": self._stage.interrupt()})
            self._performance.told(message)
        except InputError as error:
            self._performance.fail("bad_message", str(error))

    def _refresh(self) -> None:
        """The client has lost the picture: the next frame made is a key frame."""
        now = asyncio.get_running_loop().time()
        if self._performance is not None and now - self._refreshed > _KEYS:
            self._refreshed = now
            self._performance.refresh()

    def _say(self, text: str) -> None:
        if self._channel is None:
            self._unsaid.append(text)
        elif self._channel.readyState == "open":
            self._channel.send(text)

    def _opened(self, channel: Any) -> None:
        if self._channel is None:
            self._channel = channel
            channel.on("message", self._told)
            while self._unsaid:
                channel.send(self._unsaid.pop(0))

    def _changed(self) -> None:
        self._change.set()
        if self._performance is not None and self._connection.connectionState in _OVER:
            self._performance.close()

    async def close(self) -> None:
        """Closes a connection that nobody attends."""
        await self._connection.close()


def left_out(samples: np.ndarray[Any, Any], waiting: float) -> bool:
    """Whether a microphone's piece is not spoken, because a slow machine is behind.

    A microphone never ends: what is late once would be late for good.
    """
    quiet = int(np.abs(samples.astype(int)).max(initial=0)) < _QUIET
    return waiting > (_BEHIND if quiet else _LOST)
