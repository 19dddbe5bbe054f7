"""`openvasa verify`: words and JSON for people and programs, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from openvasa import cli
from openvasa.metrics import synthesis_traces
from openvasa.provenance.identity import local_root
from signed_video import plain_video, repacked, signed_video, swap_two


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("files")
    signed = signed_video(folder)
    (folder / "a.txt").write_text("words")
    return {
        "signed": str(signed),
        "plain": str(plain_video(folder / "other.mp4")),
        "tampered": str(repacked(signed, folder / "tampered.mp4", swap_two)),
        "unreadable": str(folder / "a.txt"),
    }


def test_exit_codes(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    codes = {"signed": 0, "plain": 1, "tampered": 2, "unreadable": 3}
    assert {name: cli.main(["verify", files[name]]) for name in codes} == codes
    assert cli.main(["verify", files["tampered"], files["signed"]]) == 2
    out = capsys.readouterr().out
    assert "AI-generated" in out and "another order" in out and "valid" in out


def test_json(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", "--json", *files.values()]) == 3
    found = json.loads(capsys.readouterr().out)
    assert [one["outcome"] for one in found] == ["marked", "not_found", "tampered", "unreadable"]
    assert found[0]["credentials"]["state"] == "valid" and found[2]["tampering"]["moved"] == 2
    assert [one["exit_code"] for one in found] == [0, 1, 2, 3]


def test_the_hint_is_no_part_of_the_verdict(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = np.zeros(synthesis_traces.FIGURES, np.float32)
    asked: list[str] = []
    monkeypatch.setattr(
        synthesis_traces, "video_traces", lambda path: asked.append(str(path)) or figures
    )
    ones = np.ones(1, np.float32)
    model = synthesis_traces.TraceModel(figures, figures + 1, figures, 5 * ones, 0.9 * ones)
    monkeypatch.setattr(synthesis_traces, "load_traces", lambda: model)
    assert cli.main(["verify", "--json", "--hint", files["plain"], files["signed"]]) == 1
    plain, signed = json.loads(capsys.readouterr().out)
    assert plain["hint"] == {"looks_drawn": True, "score": pytest.approx(0.993, abs=1e-3)}
    assert plain["outcome"] == "not_found" and asked == [files["plain"]]
    assert signed["hint"] is None  # there is nothing to guess
    assert cli.main(["verify", "--hint", files["plain"]]) == 1
    assert "looks drawn (0.99) · research, no evidence: took 8 of 14" in capsys.readouterr().out
    assert cli.main(["verify", files["plain"]]) == 1
    assert "hint" not in capsys.readouterr().out


def test_page(files: dict[str, str], tmp_path: Path) -> None:
    page = tmp_path / "verdict.html"
    assert cli.main(["verify", files["signed"], "--page", str(page)]) == 0
    assert "AI-generated" in page.read_text(encoding="utf-8")


def test_whom_to_trust(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    root = tmp_path / "root.pem"
    root.write_bytes(local_root() or b"")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))  # another computer
    states = []
    for words in ([], ["--trust", str(root)]):
        assert cli.main(["verify", "--json", files["signed"], *words]) == 0
        states.append(json.loads(capsys.readouterr().out)[0]["credentials"]["state"])
    assert states == ["untrusted", "valid"]


@pytest.mark.parametrize(
    ("words", "about"),
    [
        (["--trust", "a.txt", "a.mp4"], "holds no certificate"),
        (["--page", "no/such/a.html", "a.mp4"], "does not exist"),
        ([], "FILE"),
    ],
)
def test_mistakes_do_not_look_like_tampering(
    words: list[str], about: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = cli.main(["verify", *words])
    except SystemExit as left:
        code = left.code
    assert code == 3 and about in capsys.readouterr().err
