"""Lost packets: holes in sound are filled, no more is lost than was, and key frames are asked."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

pytest.importorskip("aiortc", reason="needs the extra webrtc")
from aiortc import RTCPeerConnection
from aiortc.rtp import RTCP_PSFB_PLI, RtcpPsfbPacket, RtpPacket

from openvasa.server.lost_packets import Concealment, keep_what_came, on_picture_lost

RATE, PIECE = 48_000, 960


def _piece(number: int) -> np.ndarray:
    return np.full((1, PIECE), 1000 + number, np.int16)


def _heard(numbers: list[int]) -> np.ndarray:
    conceal = Concealment(RATE)
    return np.concatenate([conceal(_piece(n), n * PIECE / RATE) for n in numbers], axis=1)[0]


def test_sound_without_holes_is_as_it_came() -> None:
    assert (_heard([0, 1, 2]) == np.concatenate([_piece(n)[0] for n in range(3)])).all()


def test_a_hole_is_as_long_as_what_was_lost_and_ever_softer() -> None:
    heard = _heard([0, 1, 5, 6])
    assert len(heard) == 7 * PIECE
    hole = heard[2 * PIECE : 5 * PIECE]
    assert hole[0] == 1001 and (np.diff(hole) <= 0).all() and hole[-1] == 0
    assert (heard[5 * PIECE : 6 * PIECE] == 1005).all()


@pytest.mark.parametrize("numbers", [[0, 1, 40, 41], [5, 6, 0, 1], [0, 1, 1, 2]])
def test_what_is_long_over_or_comes_again_is_not_filled(numbers: list[int]) -> None:
    assert len(_heard(numbers)) == 4 * PIECE


def test_a_speech_with_a_tenth_lost_is_as_long_as_it_was() -> None:
    kept = [n for n in range(500) if np.random.default_rng(n).random() > 0.1]
    assert len(_heard(kept)) == (kept[-1] - kept[0] + 1) * PIECE


def _packet(number: int) -> RtpPacket:
    packet = RtpPacket(sequence_number=number % 65536, timestamp=number * PIECE)
    packet._data = bytes([number % 256])
    return packet


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ([0, 1, 2], [0, 1, 2]),
        ([0, 2, 3, 6], [0, 2, 3, 6]),
        ([0, 2, 1, 3], [0, 2, 3]),
        ([0, 0, 1], [0, 1]),
        ([65535, 65536, 65537], [65535, 65536, 65537]),
        ([9000, 7, 8], [9000, 7, 8]),
    ],
)
def test_each_packet_of_sound_goes_on_at_once(sent: list[int], kept: list[int]) -> None:
    async def run() -> list[bytes]:
        connection = RTCPeerConnection()
        receiver = connection.addTransceiver("audio").receiver
        keep_what_came(receiver)
        buffer = receiver._RTCRtpReceiver__jitter_buffer
        frames = [buffer.add(_packet(number))[1] for number in sent]
        await connection.close()
        return [frame.data for frame in frames if frame is not None]

    assert asyncio.run(run()) == [bytes([number % 256]) for number in kept]


def test_a_lost_picture_is_told() -> None:
    told = []

    async def run() -> None:
        connection = RTCPeerConnection()
        sender = connection.addTransceiver("video").sender
        on_picture_lost(sender, lambda: told.append(True))
        await sender._handle_rtcp_packet(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=2))
        await connection.close()

    asyncio.run(run())
    assert told == [True]
