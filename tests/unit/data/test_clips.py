import json
from pathlib import Path

import av
import numpy as np
import pytest

from openvasa.data.clips import (
    clip_box,
    fill_missing,
    is_held_out,
    label_clip,
    name_of,
    prepare,
    read_frames,
    todo,
)
from openvasa.data.labels import FaceLabels
from openvasa.data.recordings import (
    Dropped,
    fit_audio,
    longest_run,
    read_alignment,
    read_video,
)

WIDTH, HEIGHT, FRAMES = 160, 128, 60
CLICK_FRAME = 25


class FakeLandmarker:
    """Finds a face of a third of the picture's height in its middle, but for some pictures."""

    def __init__(self, blind: set[int] | None = None) -> None:
        self.calls, self.blind = 0, blind or set()

    def label(self, image: np.ndarray) -> FaceLabels | None:
        self.calls += 1
        if self.calls - 1 in self.blind:
            return None
        height, width = image.shape[:2]
        points = np.zeros((478, 3), np.float32)
        points[:, 0], points[:, 1] = width / 2, height / 2
        points[10, 1], points[152, 1] = height / 3, 2 * height / 3
        points[234, 0], points[454, 0] = width / 2 - 10, width / 2 + 10
        return FaceLabels(points, np.full(52, 0.25, np.float32))


def write_video(path: Path, frames: int = FRAMES, rate: int = 25) -> None:
    """Pictures that get brighter, and a click in both channels at the start of a frame."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=rate)
        video.width, video.height, video.pix_fmt, video.bit_rate = WIDTH, HEIGHT, "yuv420p", 10**7
        sound = container.add_stream("pcm_s16le", rate=44_100, layout="stereo")
        for t in range(frames):
            picture = np.full((HEIGHT, WIDTH, 3), 20 + 3 * t, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        samples = np.zeros((1, 2 * frames * 44_100 // rate), np.int16)
        click = 2 * CLICK_FRAME * 44_100 // rate
        samples[0, click : click + 400] = 30_000
        block = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        block.sample_rate = 44_100
        container.mux(sound.encode(block))
        container.mux(sound.encode(None))


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("videos") / "s9_bbaf2n.mkv"
    write_video(path)
    return path


def test_a_video_is_read_frame_by_frame_with_its_sound_in_place(recording):
    video = read_video(recording)
    assert len(video.frames) == FRAMES and not video.damaged
    assert video.frames[0].shape == (HEIGHT, WIDTH, 3)
    levels = [frame.mean() for frame in video.frames]
    np.testing.assert_allclose(levels, 20 + 3 * np.arange(FRAMES), atol=3)
    loud = np.flatnonzero(np.abs(video.audio) > 0.3)
    assert abs(loud[0] - CLICK_FRAME * 640) < 16  # one millisecond
    assert np.abs(video.audio).max() <= 1.1  # two channels are averaged, not added


def test_pixel_aspect_widens_the_frames(recording):
    assert read_video(recording, 1.25).frames[0].shape == (HEIGHT, 200, 3)


def test_another_frame_rate_or_no_video_is_dropped(tmp_path):
    write_video(tmp_path / "fast.mkv", rate=30)
    with pytest.raises(Dropped, match="frames per second"):
        read_video(tmp_path / "fast.mkv")
    (tmp_path / "noise.mkv").write_bytes(b"not a video" * 100)
    with pytest.raises(Dropped, match="unreadable"):
        read_video(tmp_path / "noise.mkv")


def test_a_truncated_video_gives_the_frames_before_the_end(recording, tmp_path):
    data = recording.read_bytes()
    broken = tmp_path / "s9_broken.mkv"
    broken.write_bytes(data[: len(data) // 2])
    try:
        video = read_video(broken)
    except Dropped:
        return
    assert 0 < len(video.frames) < FRAMES


def test_longest_run_breaks_at_gaps():
    times = [0.0, 0.04, 0.16, 0.2, 0.24, 0.28, 0.6]
    assert longest_run(times) == slice(2, 6)
    assert longest_run([0.0]) == slice(0, 1)


def test_missing_frames_take_the_nearest_labels():
    def entry(value: float) -> FaceLabels:
        return FaceLabels(np.full((478, 3), value, np.float32), np.zeros(52, np.float32))

    labels: list[FaceLabels | None] = [entry(float(t)) for t in range(30)]
    labels[0] = labels[29] = None
    landmarks, scores, found = fill_missing(labels)
    assert landmarks[0, 0, 0] == 1 and landmarks[29, 0, 0] == 28 and landmarks[5, 0, 0] == 5
    assert scores.shape == (30, 52) and found.sum() == 28
    with pytest.raises(Dropped, match="a face in 3 of 30"):
        fill_missing([*labels[1:4], *[None] * 27])


def test_audio_is_as_long_as_the_frames():
    assert fit_audio(np.ones(100, np.float32), 2).tolist() == [1.0] * 100 + [0.0] * 1180
    assert fit_audio(np.ones(5000, np.float32), 2).shape == (1280,)


def test_alignments_are_in_seconds(tmp_path):
    file = tmp_path / "x.align"
    file.write_text("0 23750 sil\n23750 29500 bin\n")
    words, spans = read_alignment(file)
    assert words.tolist() == ["sil", "bin"]
    np.testing.assert_allclose(spans, [[0, 0.95], [0.95, 1.18]])
    words, spans = read_alignment(tmp_path / "missing.align")
    assert len(words) == 0 and spans.shape == (0, 2)


def test_a_clip_holds_what_its_table_says(recording):
    clip = label_clip(read_video(recording), FakeLandmarker(), size=64)
    assert clip["landmarks"].shape == (FRAMES, 478, 3) and clip["scores"].shape == (FRAMES, 52)
    assert clip["audio"].shape == (FRAMES * 640,)
    crops = read_frames(clip, [0, FRAMES - 1])
    assert crops.shape == (2, 64, 64, 3) and crops.dtype == np.uint8
    np.testing.assert_allclose(crops.mean(axis=(1, 2, 3)), [20, 20 + 3 * (FRAMES - 1)], atol=4)
    np.testing.assert_allclose(clip["landmarks"][:, 0, :2], 0, atol=1e-6)  # the middle


def test_a_clip_without_a_face_is_dropped(recording):
    with pytest.raises(Dropped, match="0 of 9"):
        clip_box(read_video(recording).frames, FakeLandmarker(set(range(9))))


def test_prepare_stores_records_and_resumes(recording, tmp_path):
    out = tmp_path / "clips"
    short = tmp_path / "s9_short.mkv"
    write_video(short, frames=20)
    videos = [recording, short]
    lines = [prepare(v, out, FakeLandmarker(), 64, 1.0, None) for v in todo(videos, out)]
    assert [line["kept"] for line in lines] == [True, False]
    assert "20 frames" in lines[1]["reason"]
    assert sorted(p.name for p in (out / "s9").iterdir()) == ["bbaf2n.npz"]  # nothing half written
    with np.load(out / "s9" / "bbaf2n.npz") as clip:
        assert (str(clip["speaker"]), str(clip["code"])) == ("s9", "bbaf2n")
        assert len(read_frames(clip)) == FRAMES
    (out / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert list(todo(videos, out)) == []


def test_names_and_held_out_codes():
    assert name_of(Path("a/s4_bbaf2a_6e27.mkv")) == ("s4", "bbaf2a_6e27")
    assert name_of(Path("data/s1/bbaf2n.mpg")) == ("s1", "bbaf2n")
    assert is_held_out("s1", "sbaf2n")
    assert not is_held_out("s1", "bbaf2n") and not is_held_out("s2", "sbaf2n")
