"""What becomes of one video: good ones give aligned clips, every bad one gives its reason."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from openvasa.data.crop_pictures import read_frames
from openvasa.data.real_video import VideoInput, VideoOptions, prepare_video, unit_name
from openvasa.data.shards import Line, Sample
from openvasa.data.store import NEEDED, clean_name
from openvasa.types import EXPRESSION_DIM, SAMPLES_PER_FRAME
from talking_video import cut_to, moved, portrait, speech, write

FRAMES = 60


def _prepared(path: Path, **options: object) -> tuple[list[Sample], list[Line]]:
    dropped: list[Line] = []
    video = VideoInput(path=path, source="tape", licence="CC0", consent="signed", person="ann")
    samples = list(prepare_video(video, VideoOptions(**options), dropped))  # type: ignore[arg-type]
    for line in [*dropped, *(s.about for s in samples)]:
        assert set(NEEDED) <= set(line) and {"start", "end"} <= set(line)
    return samples, dropped


def _reason(path: Path) -> str:
    samples, dropped = _prepared(path)
    assert not samples and dropped and dropped[0]["status"] == "dropped"
    return str(dropped[0]["reason"])


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("v") / "good.mp4"
    return write(path, moved(portrait(), FRAMES), cut_to(speech(), FRAMES))


def test_a_good_video_becomes_one_clip_in_time(good: Path) -> None:
    samples, dropped = _prepared(good)
    assert len(samples) == 1 and not dropped
    arrays, about = samples[0].arrays, samples[0].about
    assert arrays["landmarks"].shape == (FRAMES, 478, 3)
    assert arrays["pose"].shape == (FRAMES, 6)
    assert arrays["expression"].shape == (FRAMES, EXPRESSION_DIM)
    assert arrays["gaze"].shape == (FRAMES, 2) and arrays["found"].all()
    assert arrays["audio"].dtype == np.int16 and len(arrays["audio"]) == FRAMES * SAMPLES_PER_FRAME
    assert read_frames(arrays, [0, 59]).shape == (2, 256, 256, 3)
    assert about["status"] == "kept" and about["person"] == "ann" and about["end"] == FRAMES / 25
    assert np.abs(arrays["landmarks"][:, :468, :2]).max() < 1  # the head stays in its crop
    sound = arrays["audio"].astype(float)
    wanted = cut_to(speech(), FRAMES)
    assert np.corrcoef(sound[1000:90_000], wanted[1000:90_000])[0, 1] > 0.9


def test_head_motion_is_that_of_the_pictures(good: Path) -> None:
    samples, _ = _prepared(good)
    turned = np.degrees(samples[0].arrays["pose"][:, 2])
    made = -3 * np.sin(np.arange(FRAMES) / 9)  # counterclockwise in OpenCV, clockwise positive here
    assert np.corrcoef(turned, made)[0, 1] > 0.95
    assert abs(np.ptp(turned) - np.ptp(made)) < 1.5


def test_other_rates_of_pictures_and_sound_fit_the_clock(tmp_path: Path) -> None:
    pictures = [p for p in moved(portrait(), 60) for _ in range(2)]
    path = write(tmp_path / "fast.mp4", pictures, speech(8000)[: int(2.4 * 8000)], fps=50,
                 rate=8000, channels=2)  # fmt: skip
    samples, dropped = _prepared(path)
    assert not dropped and abs(len(samples[0].arrays["pose"]) - 60) <= 1
    assert len(samples[0].arrays["audio"]) == len(samples[0].arrays["pose"]) * SAMPLES_PER_FRAME


def test_cuts_end_clips(tmp_path: Path) -> None:
    other = np.ascontiguousarray(255 - portrait()[:, ::-1]) // 2  # another scene without a face
    pictures = moved(portrait(), 55) + moved(other, 30) + moved(portrait()[:, ::-1], 55)
    path = write(tmp_path / "cut.mp4", pictures, cut_to(speech(), 140))
    samples, dropped = _prepared(path)
    spans = [(s.about["start"], s.about["end"]) for s in samples]
    assert len(spans) == 2
    assert spans[0][1] == pytest.approx(2.2, abs=0.13) and spans[1][0] == pytest.approx(
        3.4, abs=0.13
    )
    assert all(line["start"] < 3.4 for line in dropped)


def test_long_takes_are_cut_into_clips_that_follow_each_other(tmp_path: Path) -> None:
    path = write(tmp_path / "long.mp4", moved(portrait(), 100), cut_to(speech(), 100))
    samples, dropped = _prepared(path, min_seconds=0.8, max_seconds=1.6)
    assert not dropped and len(samples) >= 3
    for one, two in zip(samples, samples[1:], strict=False):
        assert one.about["end"] == pytest.approx(two.about["start"])
    assert all(0.8 <= s.about["end"] - s.about["start"] <= 1.6 + 1e-6 for s in samples)


def test_two_people_side_by_side_are_dropped(tmp_path: Path) -> None:
    both = np.concatenate([portrait(), portrait()[:, ::-1]], axis=1)
    path = write(tmp_path / "two.mp4", moved(both, FRAMES), cut_to(speech(), FRAMES))
    assert "two faces" in _reason(path)


def test_sound_that_is_not_there(tmp_path: Path) -> None:
    pictures = moved(portrait(), FRAMES)
    assert _reason(write(tmp_path / "none.mp4", pictures, None)) == "no sound"
    silence = np.zeros(FRAMES * 640, np.float32)
    assert _reason(write(tmp_path / "silent.mp4", pictures, silence)) == "silent"


def test_pictures_that_show_no_talking_face(tmp_path: Path) -> None:
    sound = cut_to(speech(), FRAMES)
    noise = np.random.default_rng(0).integers(0, 255, (256, 256, 3)).astype(np.uint8)
    empty = cv2_blur(noise)
    assert _reason(write(tmp_path / "a.mp4", moved(empty, FRAMES), sound)) == "no face in any frame"
    still = [portrait()] * FRAMES
    assert "frozen" in _reason(write(tmp_path / "b.mp4", still, sound))
    short = write(tmp_path / "c.mp4", moved(portrait(), 20), cut_to(speech(), 20))
    assert _reason(short) == "shorter than 2 s"
    small = np.full((512, 512, 3), 90, np.uint8)
    small[200:280, 200:280] = portrait(80)
    tiny = write(tmp_path / "d.mp4", moved(small, FRAMES), sound)
    assert "pixels, want" in _reason(tiny) or "no face" in _reason(tiny)


def cv2_blur(picture: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.GaussianBlur(picture, (0, 0), 9)


@pytest.mark.parametrize(("content", "reason"), [
    (b"", "file is empty"), (b"dear diary\n" * 40, "file cannot be decoded"),
])  # fmt: skip
def test_files_that_are_no_videos(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    assert _reason(path).startswith(reason)


def test_a_missing_file_is_a_reason_too(tmp_path: Path) -> None:
    assert "cannot be decoded" in _reason(tmp_path / "gone.mp4")


def test_a_truncated_file_gives_what_decodes(tmp_path: Path) -> None:
    whole = write(tmp_path / "w.mkv", moved(portrait(), 90), cut_to(speech(), 90))
    part = tmp_path / "t.mkv"
    part.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.8)])
    samples, dropped = _prepared(part, min_sound=0.5)
    assert samples or dropped
    for sample in samples:
        assert sample.about["end"] < 3.6 and sample.about["damage"]


def test_names_of_units_are_clean_and_never_shared(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "x.1 ü.mp4", tmp_path / "b" / "x.1 ü.mp4"]
    for number, path in enumerate(paths):
        path.parent.mkdir()
        path.write_bytes(bytes([number]))
    names = [unit_name(VideoInput(path=p, source=str(p), licence="", consent="")) for p in paths]
    assert names[0] != names[1] and all(clean_name(name) == name for name in names)


def test_a_head_that_lies_and_a_blurred_face_are_dropped(tmp_path: Path) -> None:
    pictures, sound = moved(portrait(), FRAMES), cut_to(speech(), FRAMES)
    lying = [np.rot90(picture) for picture in pictures]
    assert "lies on its side" in _reason(write(tmp_path / "a.mp4", lying, sound))
    assert not _prepared(write(tmp_path / "b.mp4", lying, sound, rotate=90))[1]
    blurred = [cv2.GaussianBlur(picture, (0, 0), 4) for picture in pictures]
    assert "not sharp" in _reason(write(tmp_path / "c.mp4", blurred, sound))
