"""The avatar in a real pipeline of Pipecat."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("pipecat", reason="needs pipecat-ai")
from pipecat.frames.frames import (
    ErrorFrame,
    InterruptionFrame,
    OutputImageRawFrame,
    TextFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.tests.utils import SleepFrame, run_test

from integration_files import loaded
from server_client import pcm
from tiny_model import tone

RATE = 24_000


@pytest.fixture(scope="module")
def service() -> ModuleType:
    return loaded("pipecat")


def _voice(seconds: float, rate: int = RATE) -> list[TTSAudioRawFrame]:
    sound = pcm(tone(seconds * rate / 16_000))
    step = rate // 25 * 2
    pieces = [sound[start : start + step] for start in range(0, len(sound), step)]
    return [TTSAudioRawFrame(piece, rate, 1) for piece in pieces]


def _through(processor: Any, *frames: Any) -> tuple[list[Any], list[Any]]:
    down, up = asyncio.run(run_test(processor, frames_to_send=frames, start_timeout=10.0))
    return list(down), list(up)


def _of(kind: type, frames: list[Any]) -> list[Any]:
    return [frame for frame in frames if isinstance(frame, kind)]


def test_sound_comes_out_in_step_with_pictures(service: ModuleType, url: str, avatar: str) -> None:
    voice = _voice(1.0)
    processor = service.OpenvasaVideoService(url, avatar, size=128)
    down, up = _through(processor, TTSStartedFrame(), *voice, TTSStoppedFrame(), TextFrame("x"))
    images, sounds = _of(OutputImageRawFrame, down), _of(TTSAudioRawFrame, down)
    assert images[0].size == (128, 128) and len(images[0].image) == 3 * 128 * 128
    assert all(image.sync_with_audio for image in images)
    assert 25 <= len(sounds) <= 26
    heard = b"".join(frame.audio for frame in sounds).strip(b"\0")
    assert heard[:40_000] in b"".join(frame.audio for frame in voice)
    kinds = [type(frame) for frame in down]
    last = len(kinds) - 1 - kinds[::-1].index(TTSAudioRawFrame)
    assert kinds.index(TTSStoppedFrame) > last  # the end passes when it was spoken
    assert kinds.index(TextFrame) < last
    assert not _of(ErrorFrame, up)


def test_an_interruption_stops_it(service: ModuleType, url: str, avatar: str) -> None:
    processor = service.OpenvasaVideoService(url, avatar, size=128)
    frames = (*_voice(6.0), SleepFrame(1.2), InterruptionFrame(), SleepFrame(1.0))
    down, _ = _through(processor, *frames)
    kinds = [type(frame) for frame in down]
    cut = kinds.index(InterruptionFrame)
    assert 2 < kinds[:cut].count(TTSAudioRawFrame) < 60
    assert kinds[cut:].count(TTSAudioRawFrame) <= 2 and kinds[cut:].count(OutputImageRawFrame) > 5


def test_a_voice_of_another_rate_is_resampled(service: ModuleType, url: str, avatar: str) -> None:
    processor = service.OpenvasaVideoService(url, avatar, size=128)
    down, _ = _through(processor, *_voice(1.0, 16_000), TTSStoppedFrame())
    sounds = _of(TTSAudioRawFrame, down)
    assert {frame.sample_rate for frame in sounds} == {RATE} and 24 <= len(sounds) <= 26


def test_what_the_server_refuses_is_an_error_of_the_pipeline(service: ModuleType, url: str) -> None:
    processor = service.OpenvasaVideoService(url, "nobody")
    down, up = _through(processor, *_voice(0.2))
    assert len(_of(TTSAudioRawFrame, down)) == 5  # heard all the same, without a face
    assert "no such avatar" in _of(ErrorFrame, up)[0].error
