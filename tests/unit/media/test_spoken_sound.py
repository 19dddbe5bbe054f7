"""Which sound belongs to which frame."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.media.spoken_sound import SpokenSound

RATE, FPS, STEP = 16_000, 25, 640


def _count(start: int, stop: int) -> bytes:
    return np.arange(start, stop, dtype="<i2").tobytes()


def _heard(track: SpokenSound, frame: int) -> np.ndarray:
    return np.frombuffer(track.of_frame(frame)[0], "<i2")


def test_sound_is_heard_from_where_the_server_says() -> None:
    track = SpokenSound(RATE, FPS)
    track.send(_count(1, 1281))
    track.begin(0, 0.06)  # 960 samples: in the middle of frame 1
    assert not track.of_frame(0)[1]
    assert (_heard(track, 1)[:320] == 0).all()
    assert (_heard(track, 2) == np.arange(321, 961)).all()
    track.end()
    last, speaking, ended = track.of_frame(3)
    assert ended
    assert speaking and np.frombuffer(last, "<i2")[319] == 1280
    assert not any(np.frombuffer(last, "<i2")[320:])


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
def test_frames_carry_all_of_it_once(rate: int) -> None:
    track = SpokenSound(rate, FPS)
    sound = _count(0, rate)
    track.send(sound[: rate // 2])
    track.begin(0, 0.2)
    heard = b"".join(track.of_frame(frame)[0] for frame in range(8))
    track.send(sound[rate // 2 :])
    heard += b"".join(track.of_frame(frame)[0] for frame in range(8, 32))
    assert heard.strip(b"\0") == sound.strip(b"\0")


def test_what_comes_after_silence_waits_for_its_own_beginning() -> None:
    track = SpokenSound(RATE, FPS)
    track.send(_count(1, 641))
    track.end()
    track.begin(0, 0.0)
    assert track.of_frame(0)[1:] == (True, True)
    track.silence(0.04)
    track.send(_count(1, 641))
    assert not track.of_frame(1)[1]
    track.begin(640, 0.08)
    assert (_heard(track, 2) == np.arange(1, 641)).all()


def test_what_was_interrupted_is_not_heard() -> None:
    track = SpokenSound(RATE, FPS)
    track.send(_count(1, 6401))
    track.end()
    track.begin(0, 0.0)
    assert track.of_frame(0)[1]
    assert track.waiting == 6400 - STEP
    track.drop()
    track.take_back(2)
    assert track.of_frame(1)[1] and not track.waiting
    assert not track.of_frame(2)[1] and not track.of_frame(3)[1]
    track.send(_count(7, 647))
    track.begin(6400, 0.2)
    assert (_heard(track, 5) == np.arange(7, 647)).all()


def test_a_speech_ends_though_silence_begins_a_few_samples_early() -> None:
    track = SpokenSound(24_000, FPS)
    track.send(_count(0, 2 * 960))
    track.end()
    track.begin(0, 0.0)
    track.silence(0.0798)
    assert [track.of_frame(frame)[2] for frame in range(4)] == [False, False, True, False]


def test_what_was_heard_is_forgotten() -> None:
    track = SpokenSound(RATE, FPS)
    track.begin(0, 0.0)
    for frame in range(500):
        track.send(bytes(2 * STEP))
        track.of_frame(frame)
    assert track.sent == 500 * STEP
    assert len(track._kept) <= 2 * 2 * STEP
