"""An MP4 is whole, plays everywhere and keeps sound and picture together, or is not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from check_mp4 import check_mp4
from openvasa.media import video
from openvasa.media.audio import load_audio
from openvasa.media.video import VideoWriter, check_target, probe_video, read_video
from openvasa.types import SAMPLE_RATE, InputError

SIZE = (64, 48)


def _frame(index: int) -> np.ndarray:
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    image[:] = (200, 30, (index * 8) % 256)
    return image


def _tone(seconds: float) -> np.ndarray:
    steps = np.arange(int(seconds * SAMPLE_RATE))
    return (0.4 * np.sin(2 * np.pi * 440 * steps / SAMPLE_RATE)).astype(np.float32)


@pytest.mark.parametrize("frames", [1, 2, 26, 100])
@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.037, 6.0])
def test_sound_and_picture_are_equally_long(tmp_path: Path, frames: int, seconds: float) -> None:
    path = tmp_path / "a.mp4"
    with VideoWriter(path, SIZE, _tone(seconds)) as writer:
        for index in range(frames):
            writer.write(_frame(index))
    assert check_mp4(path) == frames
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_colors_and_order_survive(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with VideoWriter(path, SIZE, _tone(1.2)) as writer:
        for index in range(30):
            writer.write(_frame(index))
    frames = list(read_video(path))
    assert len(frames) == 30
    for index, frame in enumerate(frames):
        assert np.abs(frame.mean((0, 1)) - _frame(index)[0, 0]).max() < 4
    info = probe_video(path)
    assert (info.width, info.height, info.fps, info.has_sound) == (*SIZE, 25.0, True)
    assert info.seconds == pytest.approx(1.2)


def test_sound_stays_in_step(tmp_path: Path) -> None:
    """A click in the recording is a click at the same place of the video."""
    sound = np.zeros(3 * SAMPLE_RATE, np.float32)
    sound[20_000:20_040] = 0.9
    path = tmp_path / "a.mp4"
    with VideoWriter(path, SIZE, sound) as writer:
        for index in range(75):
            writer.write(_frame(index))
    heard = np.abs(load_audio(path))
    assert abs(int(np.argmax(heard)) - 20_020) < 80  # 5 ms


def test_sound_of_a_file_and_none(tmp_path: Path) -> None:
    first, second, mute = (tmp_path / name for name in ("a.mp4", "b.mp4", "c.mp4"))
    for path, sound in ((first, _tone(1)), (second, first), (mute, None)):
        with VideoWriter(path, SIZE, sound) as writer:
            for index in range(25):
                writer.write(_frame(index))
    check_mp4(second, first)
    level = np.sqrt(np.mean(load_audio(second)[4000:12000] ** 2))
    assert level == pytest.approx(0.4 / np.sqrt(2), rel=0.1)
    assert not probe_video(mute).has_sound


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_interruption_leaves_the_old_video(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"the old one")
    with pytest.raises(error), VideoWriter(path, SIZE, _tone(1)) as writer:
        writer.write(_frame(0))
        raise error
    assert path.read_bytes() == b"the old one"
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no frame"), VideoWriter(tmp_path / "a.mp4", SIZE):
        pass
    assert not list(tmp_path.iterdir())


def test_bad_targets_get_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    bad = {"a.avi": "end in .mp4", "no/a.mp4": "does not exist", "folder.mp4": "is a folder"}
    for name, word in bad.items():
        with pytest.raises(InputError, match=word):
            check_target(tmp_path / name)
    with pytest.raises(InputError, match="even"):
        VideoWriter(tmp_path / "a.mp4", (65, 48))
    with pytest.raises(InputError, match="no recording"):
        VideoWriter(tmp_path / "a.mp4", SIZE, tmp_path / "missing.wav")
    assert [file.name for file in tmp_path.iterdir()] == ["folder.mp4"]


def test_unwritable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match="cannot write into"):
        check_target(tmp_path / "a.mp4")


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", SIZE, _tone(1))
    writer.write(_frame(0))

    def refuse(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, "_mux", refuse)
    with pytest.raises(InputError, match="full"):
        writer.close()
    assert not list(tmp_path.iterdir())

    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(video.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(InputError, match="full"):
        check_target(tmp_path / "a.mp4")


def test_not_a_video(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("text")
    for name in ("a.mp4", "missing.mp4"):
        with pytest.raises(InputError, match="not a video"):
            next(read_video(tmp_path / name))
        with pytest.raises(InputError, match="not a video"):
            probe_video(tmp_path / name)
