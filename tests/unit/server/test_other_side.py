"""The other side's sound."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from openvasa.server.inbox import MOST
from openvasa.server.other_side import KEPT, SAID, TOLD, OtherSide, whose
from openvasa.types import InputError
from server_client import pcm


def _ramp(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.float32) / 2**15


def test_a_message_says_whose_it_is() -> None:
    for channel in (SAID, TOLD):
        assert whose(struct.pack("<H", channel) + b"ab") == (channel, b"ab")
        assert whose(struct.pack("<H", channel)) == (channel, b"")


@pytest.mark.parametrize("message", [b"", b"\0", b"\2\0ab", b"\0\1ab", b"\xff" * 8])
def test_there_are_two_channels(message: bytes) -> None:
    with pytest.raises(InputError, match="channel"):
        whose(message)


def test_what_did_not_come_is_silence() -> None:
    other = OtherSide(16_000, live=True)
    other.hear(np.full(300, 1000, "<i2").tobytes())
    assert other.take(200).all()
    taken = other.take(200)
    assert taken.dtype == np.float32 and taken[:100].all() and not taken[100:].any()
    assert len(other.take(0)) == 0 and not other.take(5).any()


def test_live_what_is_late_is_left_out() -> None:
    other = OtherSide(16_000, live=True)
    sound = _ramp(KEPT + 7000)
    for start in range(0, len(sound), 1000):
        other.hear(pcm(sound[start : start + 1000]))
    np.testing.assert_allclose(other.take(KEPT), sound[-KEPT:], atol=2**-14)


def test_free_nothing_is_left_out_and_there_is_an_end_to_it() -> None:
    other = OtherSide(16_000, live=False)
    other.hear(bytes(2 * MOST))
    with pytest.raises(InputError, match="40 s"):
        other.hear(b"\0\0")
    assert len(other.take(MOST)) == MOST
    other.hear(b"\0\0")


def test_any_rate() -> None:
    other = OtherSide(48_000, live=False)
    other.hear(pcm(np.ones(48_000, np.float32) / 2))
    assert np.mean(other.take(15_000)) == pytest.approx(0.5, abs=0.01)
