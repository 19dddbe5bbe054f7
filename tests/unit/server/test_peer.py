"""Sessions over WebRTC: aiortc asks, the server answers, on sockets of this computer."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import httpx2 as httpx
import numpy as np
import pytest

pytest.importorskip("aiortc", reason="needs the extra webrtc")
from aioice.ice import get_host_addresses
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from hostile_load import settled
from live_server import listening
from lossy_network import Network, losing
from openvasa.server.peer import left_out
from server_client import StudioAnimator, picture, settings_with
from tiny_model import tiny_bundle, tone

pytestmark = pytest.mark.skipif(
    not get_host_addresses(use_ipv4=True, use_ipv6=True), reason="needs a network address"
)
RATE, PIECE = 48_000, 960


class Voice(MediaStreamTrack):
    """Says samples of 16 kHz at their own speed, then is silent."""

    kind = "audio"

    def __init__(self, samples: np.ndarray) -> None:
        super().__init__()
        self._samples = (np.repeat(samples, 3) * 32767).astype(np.int16)
        self._at, self._began = 0, 0.0

    @property
    def said(self) -> float:
        """Seconds."""
        return self._at / RATE

    async def recv(self) -> av.AudioFrame:
        self._began = self._began or time.monotonic()
        await asyncio.sleep(self._began + self._at / RATE - time.monotonic())
        piece = self._samples[self._at : self._at + PIECE]
        piece = np.concatenate([piece, np.zeros(PIECE - len(piece), np.int16)])
        frame = av.AudioFrame.from_ndarray(piece[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._at, Fraction(1, RATE)
        self._at += PIECE
        return frame


@dataclass
class Caller:
    """A client, and all that came to it."""

    base: str
    avatar: str
    voice: np.ndarray
    words: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[tuple[float, np.ndarray]] = field(default_factory=list)
    sounds: list[tuple[float, np.ndarray]] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)  # pictures that stand alone, by their number

    async def __aenter__(self) -> Caller:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.microphone = Voice(self.voice)
        self.connection.addTrack(self.microphone)
        self.connection.addTransceiver("video", direction="recvonly")
        self.channel = self.connection.createDataChannel("words")
        self.channel.on("message", lambda text: self.words.append(json.loads(text)))
        self.tasks: list[asyncio.Task[None]] = []
        self.connection.on(
            "track", lambda track: self.tasks.append(asyncio.create_task(self._take(track)))
        )
        await self.connection.setLocalDescription(await self.connection.createOffer())
        reply = await self.ask(self.connection.localDescription.sdp)
        assert reply.status_code == 201, reply.text
        await self.connection.setRemoteDescription(
            RTCSessionDescription(reply.json()["sdp"], "answer")
        )
        return self

    async def ask(self, sdp: str, **wishes: Any) -> httpx.Response:
        hello = {"type": "hello", "version": 1, "avatar": self.avatar, "size": 128, **wishes}
        body = {"sdp": sdp, "hello": hello}
        return await asyncio.to_thread(httpx.post, f"{self.base}/v1/webrtc", json=body, timeout=30)

    async def _take(self, track: Any) -> None:
        while True:
            frame = await track.recv()
            if track.kind == "video":
                if frame.key_frame:
                    self.keys.append(len(self.pictures))
                self.pictures.append((frame.time, frame.to_ndarray(format="rgb24")))
            else:
                self.sounds.append((frame.time, frame.to_ndarray().reshape(-1, 2)[:, 0]))

    async def until(self, holds: Callable[[], Any], seconds: float = 20.0) -> Any:
        end = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < end, self.words
            await asyncio.sleep(0.02)
        return found

    def loud(self) -> list[float]:
        """Seconds of the pieces of sound in which something is said."""
        return [when for when, sound in self.sounds if np.abs(sound).max() > 1000]

    def word(self, kind: str) -> dict[str, Any] | None:
        return next((word for word in self.words if word["type"] == kind), None)

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, str]]:
    animator = StudioAnimator.load(tiny_bundle())
    with listening(animator, settings_with(sessions=1, hello_seconds=2.0)) as base:
        files, data = {"portrait": picture()}, {"consent": "Nobody is shown."}
        reply = httpx.post(f"{base}/v1/avatars", files=files, data=data, timeout=60)
        yield base, reply.json()["id"]


def _called(
    server: tuple[str, str], voice: np.ndarray, talk: Callable[[Caller], Awaitable[None]]
) -> Caller:
    async def run() -> Caller:
        async with Caller(*server, voice) as caller:
            await talk(caller)
        return caller

    caller = asyncio.run(run())
    assert settled(server[0], 0)
    assert not [thread for thread in threading.enumerate() if thread.name == "openvasa-live"]
    return caller


def test_a_face_says_what_the_microphone_hears(server: tuple[str, str]) -> None:
    async def talk(caller: Caller) -> None:
        await caller.until(lambda: caller.word("speech"))
        await caller.until(lambda: len(caller.pictures) > 20 and len(caller.loud()) > 20)

    caller = _called(server, tone(20.0), talk)
    assert caller.words[0]["type"] == "ready" and caller.words[0]["video"] == "h264"
    assert caller.pictures[0][1].shape == (128, 128, 3)


def test_words_steer_and_interrupt(server: tuple[str, str]) -> None:
    async def talk(caller: Caller) -> None:
        await caller.until(lambda: caller.word("speech"))
        caller.channel.send('{"type": "controls", "controls": {"distance": 1.2}}')
        caller.channel.send('{"type": "interrupt"}')
        await caller.until(lambda: caller.word("interrupted"))
        caller.channel.send('{"type": "controls", "controls": {"distance": 99}}')
        await caller.until(lambda: caller.word("error"))

    error = _called(server, tone(5.0), talk).word("error")
    assert error is not None and error["code"] == "bad_message"


def test_a_client_that_lost_the_picture_gets_a_key_frame(server: tuple[str, str]) -> None:
    async def talk(caller: Caller) -> None:
        await caller.until(lambda: len(caller.pictures) > 5)
        receiver = next(
            line.receiver for line in caller.connection.getTransceivers() if line.kind == "video"
        )
        (source,) = receiver.getSynchronizationSources()
        caller.keys.clear()
        await receiver._send_rtcp_pli(source.source)
        await caller.until(lambda: caller.keys)

    assert _called(server, tone(20.0), talk).keys[0] < 45  # without being asked it would be 50


def _heard(base: str) -> float:
    """Seconds of microphones that a server has heard."""
    text = httpx.get(f"{base}/metrics", timeout=30).text
    found = re.search(r"^openvasa_heard_seconds_total (\S+)$", text, re.MULTILINE)
    assert found is not None
    return float(found[1])


@pytest.mark.parametrize(("share", "burst"), [(0.1, 1), (0.1, 5)])
def test_a_session_outlives_lost_packets(
    server: tuple[str, str], share: float, burst: float
) -> None:
    network = Network(share, burst)

    async def talk(caller: Caller) -> None:
        before = await asyncio.to_thread(_heard, server[0])
        at = caller.microphone.said
        await caller.until(lambda: caller.microphone.said > at + 4.0)
        heard = await asyncio.to_thread(_heard, server[0]) - before
        # aiortc alone would pass on half of it.
        assert heard > 0.8 * (caller.microphone.said - at)
        assert len(caller.pictures) > 10 and caller.sounds
        assert caller.connection.connectionState == "connected"
        caller.channel.send('{"type": "interrupt"}')
        await caller.until(lambda: caller.word("interrupted"))

    with losing(network):
        _called(server, tone(60.0), talk)
    assert network.lost > 20


def test_offers_that_cannot_be(server: tuple[str, str]) -> None:
    async def talk(caller: Caller) -> None:
        sdp = caller.connection.localDescription.sdp
        busy = await caller.ask(sdp)
        assert busy.status_code == 503 and busy.headers["retry-after"]
        assert (await caller.ask(sdp, avatar="nobody")).status_code == 404
        assert (await caller.ask(sdp, pace="free")).status_code == 422
        assert (await caller.ask(sdp, size=7)).status_code == 422
        await caller.connection.close()
        assert await asyncio.to_thread(settled, caller.base, 0)
        for wrong in ("nonsense", sdp.split("m=video")[0], sdp.replace("H264", "H265"), ""):
            assert (await caller.ask(wrong)).status_code == 422, wrong

    _called(server, tone(0.1), talk)


def test_who_asks_and_never_comes_loses_the_seat(server: tuple[str, str]) -> None:
    async def ask() -> None:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.addTransceiver("audio")
        connection.addTransceiver("video", direction="recvonly")
        connection.createDataChannel("words")
        await connection.setLocalDescription(await connection.createOffer())
        caller = Caller(*server, tone(0.1))
        assert (await caller.ask(connection.localDescription.sdp)).status_code == 201
        await connection.close()

    asyncio.run(ask())
    assert settled(server[0], 0)


def test_a_microphone_on_a_slow_machine_loses_its_pauses_first() -> None:
    quiet, loud = np.zeros((1, PIECE), np.int16), np.full((1, PIECE), -9000, np.int16)
    assert [left_out(quiet, waits) for waits in (0.5, 2.0, 9.0)] == [False, True, True]
    assert [left_out(loud, waits) for waits in (0.5, 2.0, 9.0)] == [False, False, True]
