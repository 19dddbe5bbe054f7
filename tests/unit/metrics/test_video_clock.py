"""Videos of any rate on one clock; sound as long as the pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.metrics.video_clock import pictures, sound_of
from openvasa.types import InputError
from talking_video import write


def levels(path: Path, wanted: set[int] | None = None) -> list[tuple[int, int]]:
    return [(k, round(float(image.mean()))) for k, image in pictures(path, wanted)]


def flat(count: int) -> list[np.ndarray]:
    return [np.full((64, 64, 3), 20 + 4 * k, np.uint8) for k in range(count)]


def test_25_fps_is_taken_as_it_is(tmp_path: Path) -> None:
    video = write(tmp_path / "v.mp4", flat(20), None)
    found = levels(video)
    assert [k for k, _ in found] == list(range(20))
    assert all(abs(level - 20 - 4 * k) <= 2 for k, level in found)
    assert [k for k, _ in levels(video, {3, 7, 99})] == [3, 7]


@pytest.mark.parametrize("fps", [10, 50])
def test_other_rates_are_brought_to_the_clock(tmp_path: Path, fps: int) -> None:
    found = levels(write(tmp_path / "v.mp4", flat(20), None, fps=fps))
    assert len(found) == pytest.approx(20 * 25 / fps, abs=1)
    for k, level in found:
        assert abs((level - 20) / 4 - k * fps / 25) <= 0.5 * max(1, fps / 25) + 0.5


def test_large_pictures_are_shrunk(tmp_path: Path) -> None:
    video = write(tmp_path / "v.mp4", [np.zeros((64, 128, 3), np.uint8)] * 2, None)
    assert next(iter(pictures(video, longest=64)))[1].shape == (32, 64, 3)


def test_sound_is_cut_or_filled(tmp_path: Path) -> None:
    sound = 0.1 * np.ones(20 * 640, np.float32)
    video = write(tmp_path / "v.mp4", flat(20), sound)
    for frames in (10, 40):
        heard = sound_of(video, frames)
        assert heard is not None and len(heard) == 640 * frames
    assert sound_of(write(tmp_path / "w.mp4", flat(3), None), 3) is None


def test_what_is_no_video_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no video"):
        list(pictures(tmp_path / "x.mp4"))
