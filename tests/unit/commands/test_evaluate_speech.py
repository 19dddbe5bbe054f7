"""Lips against phones by language, on a model with random weights."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from openvasa.commands import evaluate_speech
from openvasa.engine.animator import Animator
from openvasa.metrics.lips import LipCounts
from openvasa.types import InputError
from tiny_model import tiny_bundle, tone


def test_languages_are_counted_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for language in ("en", "fr"):
        np.savez(
            tmp_path / "in" / f"{language}.npz", audio=tone(2.0), lang=language,
            phones=np.array(["p", "i", "u", "sil", "a"]),
            start=np.array([0.0, 0.4, 0.8, 1.2, 1.6], np.float32),
            end=np.array([0.4, 0.8, 1.2, 1.6, 2.0], np.float32),
        )  # fmt: skip
    animator = Animator.load(tiny_bundle())
    monkeypatch.setattr(evaluate_speech.Animator, "load", lambda model: animator)
    monkeypatch.setattr(Animator, "prepare", lambda self, path: self.blank_avatar())
    asked = argparse.Namespace(
        speech=tmp_path / "in", portrait=[Path("a.png")], model="tiny", limit=None,
        output=tmp_path / "out",
    )  # fmt: skip
    evaluate_speech.run(asked)
    found = json.loads((tmp_path / "out" / "speech.json").read_text())["languages"]
    assert set(found) == {"en", "fr"}
    assert found["en"]["bilabials"] == found["en"]["pairs"] == evaluate_speech.SEEDS


def test_shares_are_of_what_was_counted() -> None:
    counted = evaluate_speech.Counted()
    counted.add(LipCounts(closures=1, bilabials=4, wider=3, pairs=3), (1, 2))
    counted.add(LipCounts(closures=2, bilabials=4), (0, 2))
    figures = counted.figures()
    assert figures["closed_at_pbm"] == 3 / 8 and figures["i_wider_than_u"] == 1.0
    assert figures["rests_in_time"] == 0.25 and figures["pauses"] == 4
    assert "gap_in_pauses" not in figures and "closed_at_open_vowels" not in figures


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", other=np.zeros(1))
    with pytest.raises(InputError, match="data.speech"):
        evaluate_speech.read_speech(tmp_path / "a.npz")
