"""Frames as messages."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from openvasa.server.pictures import HEADER, KEY, create_encoder
from openvasa.types import Frame
from server_client import jpeg


def _frame(index: int) -> Frame:
    rows = np.linspace(0, 255, 64)[:, None, None] * np.ones((1, 96, 3))
    return Frame(image=np.roll(rows, 4 * index, 0).astype(np.uint8), index=index)


@pytest.mark.parametrize(("video", "kind"), [("jpeg", 1), ("h264", 2)])
def test_the_header_tells_kind_index_and_time(video: str, kind: int) -> None:
    encoder = create_encoder(video, 85)
    for index in (7, 8):
        found = HEADER.unpack_from(encoder(_frame(index)))
        assert (found[0], found[3], found[4]) == (kind, index, index * 40_000)


def test_jpeg_shows_the_frame() -> None:
    frame = _frame(3)
    shown = jpeg(create_encoder("jpeg", 90)(frame)[HEADER.size :])
    assert np.abs(shown.astype(int) - frame.image).mean() < 3


def test_h264_needs_no_container_and_delays_nothing() -> None:
    encoder = create_encoder("h264", 85)
    messages = [encoder(_frame(index)) for index in range(12)]
    keys = [HEADER.unpack_from(message)[1] & KEY for message in messages]
    assert keys == [1] + [0] * 11
    stream = io.BytesIO(b"".join(message[HEADER.size :] for message in messages))
    with av.open(stream, format="h264") as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(shown) == 12
    assert np.abs(shown[7].astype(int) - _frame(7).image).mean() < 6


def test_after_a_loss_comes_a_key_frame() -> None:
    encoder = create_encoder("h264", 85)
    encoder(_frame(0))
    encoder.restart()
    assert HEADER.unpack_from(encoder(_frame(9)))[1] & KEY
    assert not HEADER.unpack_from(encoder(_frame(4)))[1] & KEY  # an index may go back
