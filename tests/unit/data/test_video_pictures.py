"""Pictures on the clock: any rate, gaps, rotation, pixel aspect, and damage that is told."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from openvasa.data.video_pictures import Pictures, Unreadable, shown_size
from openvasa.data.video_sound import Sound
from talking_video import moved, portrait, write


def _levels(path: Path, times: list[float]) -> Path:
    """A video whose frames have the brightness 4 t at the times given, in seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=100)
        stream.width = stream.height = 64
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "5", "bf": "0"}
        for t in times:
            picture = np.full((64, 64, 3), 20 + int(40 * t), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = round(100 * t)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_uneven_frames_fall_on_the_clock(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    times = sorted({round(float(t), 2) for t in np.cumsum(rng.uniform(0.02, 0.08, 80))})
    ticks = list(Pictures(_levels(tmp_path / "v.mp4", times)))
    for tick in ticks:
        nearest = min(times, key=lambda t: abs(t - times[0] - tick.index / 25))
        assert abs(tick.picture.mean() - 20 - 40 * nearest) < 40 * 0.025 + 1.5
    assert [tick.index for tick in ticks] == list(range(len(ticks)))


def test_a_gap_breaks_the_picture(tmp_path: Path) -> None:
    times = [i / 25 for i in range(20)] + [2 + i / 25 for i in range(20)]
    ticks = list(Pictures(_levels(tmp_path / "v.mp4", times)))
    broken = [tick.index for tick in ticks if tick.broken]
    assert broken == [0, 50]


@pytest.mark.parametrize(("width", "height", "aspect", "turn", "shown"), [
    (640, 480, 1.0, 0, (640, 480)), (640, 480, 1.0, 90, (480, 640)),
    (720, 576, 16 / 15, 0, (768, 576)), (3840, 2160, 1.0, 0, (1920, 1080)),
])  # fmt: skip
def test_sizes_as_shown(
    width: int, height: int, aspect: float, turn: float, shown: tuple[int, int]
) -> None:
    assert shown_size(width, height, aspect, turn) == shown


def test_what_is_no_video_is_told(tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        block = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.int16), "s16", "mono")
        block.sample_rate = 16_000
        container.mux(stream.encode(block))
    for path, reason in ((sound, "no video"), (tmp_path / "gone", "cannot be decoded")):
        with pytest.raises(Unreadable, match=reason):
            next(iter(Pictures(path)))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_picture_that_is_stored_turned_is_shown_upright(tmp_path: Path, degrees: int) -> None:
    upright = portrait()[:, :160]
    stored = np.rot90(upright, degrees // 90)  # counterclockwise
    path = write(tmp_path / "v.mp4", [stored] * 3, None, rotate=degrees)
    pictures = Pictures(path)
    shown = next(iter(pictures)).picture
    assert shown.shape == upright.shape and pictures.size == upright.shape[1::-1]
    assert np.abs(shown.astype(float) - upright).mean() < 4


@pytest.mark.parametrize("channels", [1, 2])
def test_sound_keeps_its_level(tmp_path: Path, channels: int) -> None:
    tone = 0.5 * np.sin(np.arange(44_100) * 2 * np.pi * 440 / 44_100).astype(np.float32)
    path = write(tmp_path / "v.mp4", moved(portrait(), 25), tone, rate=44_100, channels=channels)
    audio, _ = Sound(path).between(0.0, 25)
    assert np.abs(audio[3000:13_000]).max() / 32_767 == pytest.approx(0.5, abs=0.03)


def test_sound_that_begins_late_is_padded(tmp_path: Path) -> None:
    path = write(tmp_path / "v.mp4", moved(portrait(), 50), np.full(16_000, 0.25, np.float32))
    audio, share = Sound(path).between(0.0, 50)
    assert len(audio) == 50 * 640 and share == pytest.approx(0.5, abs=0.05)
    assert np.abs(audio[2000:15_000].astype(float) / 32767 - 0.25).mean() < 0.05
    assert not audio[20_000:].any()


def test_a_file_without_sound_has_none(tmp_path: Path) -> None:
    sound = Sound(write(tmp_path / "v.mp4", moved(portrait(), 10), None))
    audio, share = sound.between(0.0, 10)
    assert not sound.exists and share == 0 and not audio.any()
