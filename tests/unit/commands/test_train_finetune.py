"""One command from a video of a person to a model folder, and when it writes none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.talking_video import moved, portrait, write
from tests.tiny_model import tiny_bundle

from openvasa.bundle import read_bundle
from openvasa.cli import main
from openvasa.commands import train_finetune
from openvasa.engine.backends import OnnxBackend
from openvasa.train import finetune as training
from openvasa.train import person_clips
from openvasa.train.finetune import Finetuned
from openvasa.train.person_trainer import Figures


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clip") / "ada.mp4", moved(portrait(), 12), None)


@pytest.fixture(autouse=True)
def _short_videos_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_clips, "LEAST", 10)


def run(clip: Path, out: Path, steps: int, *more: str) -> int:
    return main([
        "train", "finetune", str(clip), "-o", str(out), "--model", str(tiny_bundle()),
        "--steps", str(steps), *more, "--set", "batch=2", "points_batch=4", "rate=0.003",
    ])  # fmt: skip


def test_a_model_for_one_person(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "ada"
    assert run(clip, out, 2, "--even-if-worse") == 0
    text = capsys.readouterr().out
    assert "10 faces to learn from, 2 held out" in text
    assert text.count("% of face height") == 3
    base, made = read_bundle(tiny_bundle()), read_bundle(out)
    OnnxBackend(made)
    assert set(made.config["files"]) == set(base.config["files"])
    assert set(made.config) == set(base.config)
    for network in ("denoiser", "audio", "stats", "surface"):
        for name, value in base.tensors(network).items():
            assert np.array_equal(made.tensors(network)[name], value)
    before, after = base.tensors("autoencoder"), made.tensors("autoencoder")
    learned = {n.split(".")[0] for n in before if not np.array_equal(before[n], after[n])}
    assert learned == {"warp"}  # lips that stay closed teach nothing of the mouth
    # The same command goes on, with the faces that were followed before.
    monkeypatch.setattr(training, "follow_person", None)
    monkeypatch.setattr(train_finetune, "_export", lambda *_: None)
    assert run(clip, out, 3, "--even-if-worse") == 0
    assert "resumed at step 2" in capsys.readouterr().out
    other = clip.with_name("other.mp4")
    other.write_bytes(clip.read_bytes())
    assert run(other, out, 3) == 2
    assert "other videos" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("after", "steps", "code", "said"),
    [
        (Figures(1.0, 2.1, None), 5, 2, "got worse"),
        (Figures(0.5, 1.0, None), 3, 0, "stopped at step 3"),
    ],
)
def test_nothing_is_written_of_worse_or_unfinished_models(
    after: Figures, steps: int, code: int, said: str, clip: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    made = Finetuned(None, Figures(1.0, 2.0, None), after, steps)  # type: ignore[arg-type]
    monkeypatch.setattr(training, "finetune", lambda *_: made)
    assert run(clip, tmp_path / "ada", 5) == code
    printed = capsys.readouterr()
    assert said in printed.out + printed.err
    assert not (tmp_path / "ada").exists()


def test_missing_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "nothing.mp4", tmp_path / "ada", 1) == 2
    assert "nothing.mp4" in capsys.readouterr().err
    assert run(tmp_path / "nothing.mp4", tmp_path / "ada", 1, "--vgg", str(tmp_path / "v")) == 2
    assert "no file" in capsys.readouterr().err


def test_a_little_worse_counts_as_no_worse() -> None:
    base = Figures(1.0, 2.0, 0.1)
    assert not Figures(0.5, 2.01, 0.1).worse_than(base, train_finetune.WORSE)
    assert Figures(0.5, 2.0, 0.11).worse_than(base, train_finetune.WORSE)
