"""An avatar of `openvasa serve` for LiveKit Agents: the agent's voice gets a face in the room.

Tested with livekit-agents 1.8.9 and livekit 1.1.21; see README.md beside this file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice.avatar import (
    AudioSegmentEnd,
    AvatarOptions,
    AvatarRunner,
    AvatarSession,
    QueueAudioOutput,
    VideoGenerator,
)

from openvasa.client import LiveClient, LiveFrame

FPS = 25
RATE = 24_000  # samples a second: what voices for agents speak at


class OpenvasaVideoGenerator(VideoGenerator):
    """Turns an agent's sound into pictures, and the same sound in step with them.

    Between speeches it goes on giving pictures: the face listens, blinks and breathes.
    """

    def __init__(self, live: LiveClient) -> None:
        """A session that was entered; it stays whoever's it is."""
        self._live = live

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        """Sound to speak, mono at the session's rate, or the end of it."""
        if isinstance(frame, AudioSegmentEnd):
            await self._live.end()
        else:
            await self._live.send(bytes(frame.data))

    async def clear_buffer(self) -> None:
        """Stops speaking within two frames."""
        await self._live.interrupt()

    async def __aiter__(self) -> AsyncIterator[rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd]:
        """Pictures at 25 a second; with each that speaks its 40 ms of sound."""
        async for frame in self._live:
            yield _picture(frame)
            if frame.speaking:
                rate = self._live.rate
                yield rtc.AudioFrame(frame.sound, rate, 1, len(frame.sound) // 2)
            if frame.ended:
                yield AudioSegmentEnd()


class OpenvasaAvatar(AvatarSession[Any]):
    """Speaks for an agent, from the agent's own process: one WebSocket to the server, no other.

    `avatar = OpenvasaAvatar(url, id); await avatar.start(session, ctx.room)`, before the agent
    session itself starts. The tracks are published by the agent's own participant.
    """

    def __init__(self, url: str, avatar: str, *, size: int = 512, **wishes: Any) -> None:
        """Arguments are those of `openvasa.client.LiveClient`; pictures are squares.

        Args:
            url: Of the server, `http://127.0.0.1:8000`.
            avatar: The id of an avatar, from `openvasa.client.create_avatar`.
            size: Side of the pictures in pixels, 128 to 1024, even.
            **wishes: `token`, `seed`, `quality`, `controls`.
        """
        super().__init__()
        self.live = LiveClient(url, avatar, rate=RATE, size=size, **wishes)
        self._size = size
        self._runner: AvatarRunner | None = None
        self._identity = ""

    @property
    def avatar_identity(self) -> str:
        """The agent's own participant."""
        return self._identity

    @property
    def provider(self) -> str:
        """For metrics."""
        return "openvasa"

    async def start(self, agent_session: AgentSession, room: rtc.Room) -> None:
        """Connects, and takes the place of the agent's audio output.

        Raises:
            openvasa.client.LiveError: The server does not let it; `code` says why.
        """
        await self.live.__aenter__()
        self._identity = room.local_participant.identity if room.isconnected() else ""
        await super().start(agent_session, room)
        sound = QueueAudioOutput(sample_rate=RATE, wait_playback_start=True)
        self._runner = AvatarRunner(
            room,
            audio_recv=sound,
            video_gen=OpenvasaVideoGenerator(self.live),
            options=AvatarOptions(self._size, self._size, FPS, RATE, 1),
        )
        await self._runner.start()
        agent_session.output.audio = sound

    async def aclose(self) -> None:
        """Leaves the server; the agent's participant stays in the room."""
        if self._runner is not None:
            await self._runner.aclose()
            self._runner = None
        await self.live.__aexit__()
        self._room = None  # the base class would have this participant removed from the room
        await super().aclose()


def _picture(frame: LiveFrame) -> rtc.VideoFrame:
    picture = frame.rgb()
    height, width = picture.shape[:2]
    return rtc.VideoFrame(width, height, rtc.VideoBufferType.RGB24, picture.tobytes())
