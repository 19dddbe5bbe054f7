"""Every setting of a sweep becomes a column of one report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openvasa import cli
from openvasa.engine.animator import Animator
from openvasa.metrics import benchmark
from openvasa.weights import load_model
from talking_video import EXAMPLES, cut_to, moved, portrait, speech, write


class Model:
    """Stands for a model: tells what it was asked, and lets a picture shake."""

    def __init__(self) -> None:
        self.bundle = load_model()
        self.asked: list[dict[str, Any]] = []

    def prepare(self, path: Path) -> None:
        return None

    def animate(self, avatar: None, sound: Any, **options: Any) -> Any:
        self.asked.append(options)
        return self

    def save(self, target: Path) -> None:
        write(target, moved(portrait(), 12), cut_to(speech(), 12))


def test_a_study_is_one_table_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = Model()
    monkeypatch.setattr(Animator, "load", lambda name: model)
    monkeypatch.setattr(benchmark, "_sound", lambda path, seconds: cut_to(speech(), 12))
    real = write(tmp_path / "real.mp4", moved(portrait(), 12), cut_to(speech(), 12))
    listed = tmp_path / "cases.csv"
    listed.write_text(f"name,portrait,audio,video\none,{EXAMPLES / 'portrait.jpg'},{real},{real}\n")
    words = ["evaluate", "study", str(listed), "-o", str(tmp_path / "out"), "--samples", "2",
             "--guidance-audio", "0,2", "--steps", "3"]  # fmt: skip
    assert cli.main(words) == 0
    told = [(o.get("steps"), getattr(o.get("guidance"), "audio", None)) for o in model.asked]
    assert told == [(None, 0.0)] * 2 + [(None, 2.0)] * 2 + [(3, None)] * 2
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert list(report["systems"]) == ["audio 0", "audio 2", "steps 3", "real"]
    assert report["systems"]["audio 2"]["figures"]["faces"]["cases"] == 1  # samples count once
    assert "steps 3" in capsys.readouterr().out
    assert cli.main(words) == 0 and len(model.asked) == 6  # nothing is made again
    with pytest.raises(SystemExit):
        cli.main([*words, "--steps", "few"])
    assert "2,6,10" in capsys.readouterr().err
