"""An avatar of `openvasa serve` for Pipecat: put it between the voice and the output transport.

Tested with pipecat-ai 1.14.0; see README.md beside this file.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from pipecat.audio.utils import create_stream_resampler
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    OutputImageRawFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.ai_service import AIService

from openvasa.client import LiveClient, LiveError, LiveFrame

_PATIENCE = 0.04  # seconds between looks whether all was spoken


class OpenvasaVideoService(AIService):
    """Takes the voice's sound, gives pictures and the same sound in step with them.

    Between speeches it goes on giving pictures: the face listens, blinks and breathes. An
    `InterruptionFrame` stops it within two frames; `TTSStoppedFrame` passes when the last word
    was spoken, and the pipeline's end waits for that.
    """

    def __init__(self, url: str, avatar: str, **wishes: Any) -> None:
        """Arguments are those of `openvasa.client.LiveClient`, less `rate` and `pace`.

        Args:
            url: Of the server, `http://127.0.0.1:8000`.
            avatar: The id of an avatar, from `openvasa.client.create_avatar`.
            **wishes: `token`, `seed`, `size`, `framing`, `quality`, `controls`.
        """
        super().__init__()
        self._told = (url, avatar, wishes)
        self._live: LiveClient | None = None
        self._reader: asyncio.Task[None] | None = None
        self._resampler = create_stream_resampler()
        self._stopped: deque[TTSStoppedFrame] = deque()  # until their sound was heard

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Connects while the rest of the pipeline wakes up."""
        await super().setup(setup)
        url, avatar, wishes = self._told
        live = LiveClient(url, avatar, rate=setup.audio_out_sample_rate, **wishes)
        try:
            self._live = await live.__aenter__()
        except LiveError as error:
            await self.push_error(str(error), exception=error)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Keeps what is to be spoken, passes everything else on."""
        await super().process_frame(frame, direction)
        if self._live is not None and self._reader is None:
            self._reader = self.create_task(self._read(self._live))
        if self._live is None or direction is not FrameDirection.DOWNSTREAM:
            await self.push_frame(frame, direction)
            return
        try:
            if not await self._took(self._live, frame):
                await self.push_frame(frame, direction)
        except LiveError as error:
            await self.push_error(str(error), exception=error)

    async def stop(self, frame: EndFrame) -> None:
        """Lets it finish what it says."""
        while self._stopped and self._reader is not None and not self._reader.done():
            await asyncio.sleep(_PATIENCE)
        await self._leave()
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        """Leaves at once."""
        await self._leave()
        await super().cancel(frame)

    async def cleanup(self) -> None:
        """Leaves, if nothing did before."""
        await self._leave()
        await super().cleanup()

    async def _took(self, live: LiveClient, frame: Frame) -> bool:
        """Whether the frame stays here: its sound comes out with the pictures."""
        if isinstance(frame, TTSAudioRawFrame):
            sound = await self._resampler.resample(frame.audio, frame.sample_rate, live.rate)
            await live.send(sound)
            return True
        if isinstance(frame, TTSStoppedFrame):
            self._stopped.append(frame)
            await live.end()
            return True
        if isinstance(frame, InterruptionFrame):
            self._stopped.clear()
            await live.interrupt()
        return False

    async def _read(self, live: LiveClient) -> None:
        try:
            async for frame in live:
                await self._show(frame, live.rate)
        except LiveError as error:
            await self.push_error(str(error), exception=error)

    async def _show(self, frame: LiveFrame, rate: int) -> None:
        picture = frame.rgb()
        height, width = picture.shape[:2]
        image = OutputImageRawFrame(picture.tobytes(), (width, height), "RGB")
        image.sync_with_audio = True  # shown when the sound before it was played
        await self.push_frame(image)
        if frame.speaking:
            await self.push_frame(TTSAudioRawFrame(frame.sound, rate, 1))
        if frame.ended and self._stopped:
            await self.push_frame(self._stopped.popleft())

    async def _leave(self) -> None:
        if self._reader is not None:
            await self.cancel_task(self._reader)
            self._reader = None
        if self._live is not None:
            await self._live.__aexit__()
            self._live = None
