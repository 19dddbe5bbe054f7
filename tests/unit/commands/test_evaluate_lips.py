"""Lips against the real speaker's, on a model with random weights and drawn faces."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from openvasa.commands import evaluate_lips
from openvasa.engine.animator import Animator
from openvasa.metrics.baselines import SCRIPTED
from openvasa.types import InputError
from talking_video import cut_to, moved, portrait, speech, write
from tiny_model import tiny_bundle

FRAMES = 20


def _asked(folder: Path, out: Path) -> argparse.Namespace:
    out.mkdir(exist_ok=True)
    return argparse.Namespace(folder=folder, model="tiny", limit=None, output=out)


@pytest.fixture
def animator(monkeypatch: pytest.MonkeyPatch) -> Animator:
    animator = Animator.load(tiny_bundle())
    monkeypatch.setattr(evaluate_lips.Animator, "load", lambda model: animator)
    return animator


def test_every_system_is_held_against_the_speaker(
    animator: Animator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    sound = cut_to(speech(), FRAMES)
    for k, name in enumerate("ab"):
        write(folder / f"{name}.mp4", moved(portrait(), FRAMES), np.roll(sound, 640 * k))
    monkeypatch.setitem(SCRIPTED, "neighbor", SCRIPTED["puppet"])  # its encoder has own tests
    evaluate_lips.run(_asked(folder, out))
    written = json.loads((out / "lips.json").read_text())
    systems = {"ours", *SCRIPTED, "shuffled", evaluate_lips.REDRAWN}
    assert set(written["cases"]) == {"a", "b"} and set(written["table"]) == systems
    for row in written["table"].values():
        assert -1 <= row["gap_low"] <= row["gap_r"] <= row["gap_high"] <= 1
    monkeypatch.setattr(evaluate_lips, "measure", None)  # nothing is measured again
    evaluate_lips.run(_asked(folder, out))
    assert json.loads((out / "lips.json").read_text())["table"] == written["table"]


def test_lags_of_lips_that_do_not_move_are_not_counted() -> None:
    spoken = {"gap_spoken_r": 0.5, "lip_width_spoken_r": 0.5}
    still = {"gap_r": 0.0, "lip_width_r": 0.0, **spoken}
    moving = {"gap_r": 0.8, "gap_lag": 1.0, "lip_width_r": 0.4, "lip_width_lag": 4.0, **spoken}
    row = evaluate_lips.summed([{"ours": moving}, {"ours": still}])["ours"]
    assert row["gap_r"] == pytest.approx(0.4) and row["gap_lag"] == 1.0
    assert row["gap_in_time"] == 1 and row["lip_width_in_time"] == 0
    assert "gap_lag" not in evaluate_lips.summed([{"ours": still}])["ours"]


def test_spoken_frames_leave_out_silence_before_and_after() -> None:
    sound = np.zeros(60 * 640, np.float32)
    sound[20 * 640 : 40 * 640] = np.random.default_rng(0).standard_normal(20 * 640) / 10
    spoken = evaluate_lips.spoken_frames(sound)
    assert 15 <= spoken.start <= 20 and 40 <= spoken.stop <= 45
    assert evaluate_lips.spoken_frames(np.zeros(6400, np.float32)) == slice(0, 12)


def test_one_video_has_no_wrong_sound(animator: Animator, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 2"):
        evaluate_lips.run(_asked(tmp_path, tmp_path / "out"))
