"""The verb evaluate: folders of videos to a report, its complaints, the map of lips."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from openvasa import cli
from openvasa.commands.evaluate_run import lip_map
from talking_video import cut_to, moved, portrait, speech, write


def test_videos_to_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        (tmp_path / "videos" / name).mkdir(parents=True)
        write(tmp_path / "videos" / name / "a.mp4", moved(portrait(), 20), cut_to(speech(), 20))
    (tmp_path / "videos" / "one" / "bad.mp4").write_bytes(b"x")
    out = tmp_path / "out"
    words = ["evaluate", "videos", str(tmp_path / "videos"), "-o", str(out)]
    assert cli.main(words) == 0
    shown = capsys.readouterr()
    assert "face found" in shown.out and "one" in shown.out
    assert "SyncNet is left out" in shown.err and "bad is not judged" in shown.err
    report = json.loads((out / "report.json").read_text())
    assert set(report["systems"]) == {"one", "two"}
    assert (out / "report.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ([], "WHAT"),
        (["videos", "nowhere", "-o", "out"], "no folder"),
        (["videos", ".", "-o", "out"], "no video"),
        (["videos", ".", "-o", "out", "--judges", "nowhere"], "--judges"),
        (["videos", ".", "-o", "out", "--workers", "0"], "--workers"),
        (["benchmark", "nowhere.csv", "-o", "out"], "no file"),
        (["benchmark", "x.csv", "-o", "out", "--baselines", "best"], "choose from"),
        (["corruptions", ".", "-o", "out"], "at least 3"),
    ],
)
def test_complaints_are_one_line(
    words: list[str], about: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    try:
        code = cli.main(["evaluate", *words])
    except SystemExit as left:
        code = left.code
    told = capsys.readouterr().err
    assert code == 2 and about in told and "Traceback" not in told


def test_the_lip_map_gives_curves_of_one_length() -> None:
    points = np.random.default_rng(0).random((30, 478, 3)).astype(np.float32)
    seen, heard = lip_map(points, speech()[: 30 * 640])
    assert seen.shape == heard.shape == (30, 5)
