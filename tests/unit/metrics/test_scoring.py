"""Videos are judged group by group, resumed, and a broken one does not stop the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.metrics import scoring
from openvasa.metrics.case_results import ResultFolder, fingerprint
from openvasa.metrics.scoring import score_all
from openvasa.metrics.video_case import Options, VideoCase
from talking_video import EXAMPLES, cut_to, moved, portrait, speech, write

FRAMES = 40


def lip_map(points: np.ndarray, sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    curve = np.random.default_rng(0).standard_normal((len(points), 2))
    return curve, curve


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("videos") / "a.mp4"
    return write(path, moved(portrait(), FRAMES), cut_to(speech(), FRAMES))


def test_a_run_goes_on_where_it_stopped(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, empty = tmp_path / "b.mp4", tmp_path / "c.mp4"
    broken.write_bytes(b"nothing")
    write(empty, [np.full((128, 128, 3), 90, np.uint8)] * 5, None)
    still = write(tmp_path / "d.mp4", [portrait()] * FRAMES, None)
    cases = [
        VideoCase("a", "ours", video, EXAMPLES / "portrait.jpg", still, gaze=(0.0, 0.0),
                  distance=1.0, speaker=still),
        VideoCase("b", "ours", broken), VideoCase("c", "ours", empty),
    ]  # fmt: skip
    options = Options(lip_map=lip_map)
    first, bad, blank = score_all(cases, tmp_path / "work", options)
    assert "no video that can be read" in bad.error and "no face" in blank.error
    assert not first.error and not first.notes
    values = first.values
    assert values["faces"] == 1 and values["frames"] == FRAMES
    assert values["lip_map_offset"] == 0 and values["lip_map_confidence"] > 0
    assert 0 < values["sharpness"] < 1  # the video is half as large as the photo
    assert 0 < values["pose_intensity"] < 2 and values["gaze_error"] < 25
    assert values["distance_error"] < 0.2
    assert values["real_gap_r"] == 0 and "real_gap_lag" not in values  # the speaker stands still
    assert 0 < values["ssim"] < 1 and values["expression_distance"] > 0
    assert not {"identity", "lpips", "feature_windows"} & set(values)  # no judges
    folder = tmp_path / "work" / "ours" / "a"
    assert (folder / "sheet.jpg").is_file()
    assert len((folder / "sheet.txt").read_text().splitlines()) >= 3
    assert not list(folder.glob(".*"))
    monkeypatch.setattr(scoring, "pictures", None)  # nothing is looked at again
    again = next(iter(score_all(cases[:1], tmp_path / "work", options)))
    assert again.values == pytest.approx(values)


def test_results_are_made_again_when_anything_changed(tmp_path: Path) -> None:
    held = ResultFolder(tmp_path / "case")
    held.write("face", "abc", {"dP": 0.3, "none": float("nan")})
    assert held.read("face", "abc") == {"dP": 0.3}
    assert held.read("face", "other") is None and held.read("sync", "abc") is None
    (tmp_path / "case" / "face.json").write_text('{"made_wi')
    assert held.read("face", "abc") is None


def test_fingerprints_change_with_every_part(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"1")
    one = fingerprint(file, 1, {"a": [None]})
    assert one == fingerprint(file, 1, {"a": [None]})
    file.write_bytes(b"22")
    assert one != fingerprint(file, 1, {"a": [None]})
    assert fingerprint("x") != fingerprint("y")
    assert fingerprint(tmp_path / "none") != one
    with pytest.raises(TypeError):
        fingerprint(object())


def test_what_is_no_number_is_left_out_at_once(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(*_: object) -> dict[str, float]:
        return {"openvasa_capp": float("nan"), "ssim": 0.5}

    monkeypatch.setattr(scoring, "_GROUPS", {"capp": measure})
    for _ in range(2):  # when it is measured, and when it is read again
        one = next(iter(score_all([VideoCase("a", "ours", video)], tmp_path, Options())))
        assert one.values["ssim"] == 0.5 and "openvasa_capp" not in one.values
