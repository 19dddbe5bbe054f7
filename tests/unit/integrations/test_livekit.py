"""The avatar in LiveKit Agents' real classes; only the room is not one."""

from __future__ import annotations

import asyncio
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("livekit.agents", reason="needs livekit-agents")
from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice.avatar import AudioSegmentEnd

from integration_files import loaded
from openvasa.client import LiveClient
from server_client import pcm
from tiny_model import tone

RATE = 24_000


class Room(rtc.EventEmitter[Any]):
    """As `rtc.Room`, connected, and counting what is published."""

    name = "room"

    def __init__(self) -> None:
        super().__init__()
        self.published: list[str] = []
        publication = SimpleNamespace(wait_for_subscription=self._done)
        self.local_participant = SimpleNamespace(identity="agent", publish_track=self._publish)
        self.remote_participants: dict[str, Any] = {}
        self._publication = publication

    def isconnected(self) -> bool:
        return True

    async def _done(self) -> None:
        pass

    async def _publish(self, track: Any, options: Any) -> Any:
        self.published.append(track.name)
        return self._publication


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    return loaded("livekit")


def _frames(seconds: float) -> list[rtc.AudioFrame]:
    sound = pcm(tone(seconds * RATE / 16_000))
    step = RATE // 50 * 2
    pieces = [sound[start : start + step] for start in range(0, len(sound), step)]
    return [rtc.AudioFrame(piece, RATE, 1, len(piece) // 2) for piece in pieces]


def test_pictures_come_with_their_sound(plugin: ModuleType, url: str, avatar: str) -> None:
    async def speak() -> list[Any]:
        async with LiveClient(url, avatar, rate=RATE, size=128) as live:
            generator = plugin.OpenvasaVideoGenerator(live)
            for frame in _frames(1.0):
                await generator.push_audio(frame)
            await generator.push_audio(AudioSegmentEnd())
            given = []
            async for frame in generator:
                given.append(frame)
                if isinstance(frame, AudioSegmentEnd):
                    return given
        return []

    given = asyncio.run(speak())
    videos = [frame for frame in given if isinstance(frame, rtc.VideoFrame)]
    sounds = [frame for frame in given if isinstance(frame, rtc.AudioFrame)]
    assert videos[0].width == videos[0].height == 128
    assert 25 <= len(sounds) <= 26 and len(videos) >= len(sounds)
    heard = b"".join(bytes(frame.data) for frame in sounds)
    spoken = b"".join(bytes(frame.data) for frame in _frames(1.0))
    assert heard.strip(b"\0")[:40_000] in spoken


def test_an_agent_session_speaks_and_is_interrupted(
    plugin: ModuleType, url: str, avatar: str
) -> None:
    async def talk() -> tuple[list[Any], list[str]]:
        room, session = Room(), AgentSession()
        avatar_session = plugin.OpenvasaAvatar(url, avatar, size=128)
        await avatar_session.start(session, room)
        sound = session.output.audio
        finished: list[Any] = []
        sound.on("playback_finished", finished.append)
        for seconds, cut in ((0.6, False), (5.0, True)):
            for frame in _frames(seconds):
                await sound.capture_frame(frame)
            sound.flush()
            if cut:
                await asyncio.sleep(1.0)
                sound.clear_buffer()
            await asyncio.wait_for(sound.wait_for_playout(), 10)
        await avatar_session.aclose()
        await avatar_session.aclose()
        return finished, room.published

    finished, published = asyncio.run(talk())
    assert sorted(published) == ["avatar_audio", "avatar_video"]
    whole, cut = finished
    assert not whole.interrupted and whole.playback_position == pytest.approx(0.6, abs=0.081)
    assert cut.interrupted and 0.1 < cut.playback_position < 2.0
