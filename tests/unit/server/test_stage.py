"""Frames and sound as tracks: what is sent together belongs together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import av
import numpy as np
import pytest

pytest.importorskip("aiortc", reason="needs the extra webrtc")
from openvasa.server.pictures import H264, HEADER
from openvasa.server.stage import IN_HAND, RATE, OpusEncoder, Stage

FRAME, PIECE = RATE // 25, RATE // 50
SOUND = np.arange(1, 12 * FRAME + 1, dtype="<i2")  # each sample tells where it is


def _frame(index: int) -> bytes:
    return HEADER.pack(H264, 0, 0, index, 40_000 * index) + b"\0\0\0\1picture"


def _run(act: Callable[[Stage], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        return await act(Stage(av.Packet))  # sound as it is

    return asyncio.run(run())


async def _sent(stage: Stage, frames: int) -> tuple[list[float], dict[float, np.ndarray]]:
    """Seconds of each frame, and the pieces of sound by their second."""
    seen = [await stage.video.recv() for _ in range(frames)]
    heard = [await stage.audio.recv() for _ in range(2 * frames)]
    times = [float(packet.pts * packet.time_base) for packet in seen]
    return times, {
        float(piece.pts * piece.time_base): np.frombuffer(bytes(piece), "<i2") for piece in heard
    }


def test_a_frame_goes_with_the_sound_that_it_speaks() -> None:
    async def act(stage: Stage) -> None:
        stage.spoken.send(SOUND.tobytes())
        stage.told({"type": "speech", "sample": 0, "time": 0.08})  # in frame 2
        for index in range(5):
            assert await stage.show(index, _frame(index), 0)
        await asyncio.sleep(0.15)  # the next ones are late: both tracks wait
        for index in range(5, 8):
            assert await stage.show(index, _frame(index), 0)
        times, pieces = await _sent(stage, 8)
        assert np.diff(times) == pytest.approx([0.04] * 4 + [times[5] - times[4]] + [0.04] * 2)
        assert times[5] - times[4] > 0.14
        for index, when in enumerate(times):
            at = min(pieces, key=lambda second: abs(second - when))
            assert at == pytest.approx(when, abs=1e-4)
            first = FRAME * (index - 2)
            wanted = SOUND[first : first + PIECE] if first >= 0 else np.zeros(PIECE)
            assert (pieces[at] == wanted).all()

    _run(act)


def test_after_an_interruption_nothing_of_before_is_sent() -> None:
    async def act(stage: Stage) -> None:
        stage.spoken.send(SOUND.tobytes())
        stage.told({"type": "speech", "sample": 0, "time": 0.0})
        for index in range(3):
            await stage.show(index, _frame(index), 0)
        assert stage.interrupt() == 2
        assert [await stage.show(index, _frame(index), 0) for index in (3, 4, 5)] == [True, 0, 0]
        stage.told({"type": "interrupted", "frame": 4})
        assert await stage.show(4, _frame(4), 0)
        _, pieces = await _sent(stage, 5)
        assert [bool(piece.any()) for piece in pieces.values()] == [True] * 8 + [False] * 2

    _run(act)


def test_what_piled_up_is_caught_up_while_nobody_speaks() -> None:
    async def act(stage: Stage) -> list[float]:
        for index in range(6):
            await stage.show(index, _frame(index), IN_HAND + 1 if index > 2 else 0)
        return [float(p.pts * p.time_base) for p in [await stage.video.recv() for _ in range(6)]]

    assert np.diff(_run(act)) == pytest.approx([0.04, 0.04, 0.04, 0.02, 0.02], abs=1e-4)


def test_sound_is_one_packet_of_opus_a_piece() -> None:
    encode, wave = OpusEncoder(), (9000 * np.sin(np.arange(50 * PIECE) / 20)).astype("<i2")
    packets = [encode(piece.tobytes()) for piece in np.split(wave, 50)]
    decoder = av.CodecContext.create("libopus", "r")
    decoder.format, decoder.layout, decoder.sample_rate = "s16", "mono", RATE
    heard = [frame.to_ndarray().ravel() for packet in packets for frame in decoder.decode(packet)]
    sound = np.concatenate(heard).astype(float)
    assert len(sound) == pytest.approx(len(wave), abs=2 * PIECE)
    assert np.abs(sound).max() == pytest.approx(9000, rel=0.2)
