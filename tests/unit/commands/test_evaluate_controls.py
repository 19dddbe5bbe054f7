"""The evaluation of controls on a model that obeys by construction of the engine alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openvasa.commands import evaluate_controls, evaluate_long
from openvasa.commands.evaluate_controls import gazes, lively, speech, warped
from openvasa.engine.animator import Animator
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER
from openvasa.metrics.benchmark import BenchmarkCase
from openvasa.types import Motion
from tiny_model import tiny_bundle, tone


@pytest.fixture(scope="module")
def animator() -> Animator:
    return Animator.load(tiny_bundle())


def figures(rows: list[dict[str, float]]) -> dict[str, float]:
    return {str(row["what"]): row["value"] for row in rows}


def test_recordings_are_joined_until_they_are_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    sounds = {"a.wav": np.ones(9000, np.float32), "b.wav": np.zeros(5000, np.float32)}
    monkeypatch.setattr(evaluate_controls, "load_audio", lambda path: sounds[path.name])
    cases = [BenchmarkCase(name, Path("p.jpg"), Path(name)) for name in sounds]
    heard = speech(cases, 1.0)
    assert len(heard) == 16_000 and heard.sum() == 9000 + 2000


def test_life_of_five_seeds(animator: Animator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_controls, "SEEDS", 2)
    found = figures(lively(animator, tone(7.0)))
    assert found["life: dP"] > 0 and found["life: apart, degrees"] > 0


def test_a_gaze_is_read_back_from_the_motion(
    animator: Animator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate_controls, "YAWS", (-15.0, 15.0))
    monkeypatch.setattr(evaluate_controls, "follow", lambda images: None)
    monkeypatch.setattr(evaluate_controls, "pictures", lambda *given: [])
    found = figures(gazes(animator, [animator.blank_avatar()], tone(4.0)))
    assert found["gaze, motion: yaw slope"] == pytest.approx(1, abs=0.2)
    assert found["gaze, motion: pitch slope"] == pytest.approx(1, abs=0.2)
    assert "gaze, pictures: yaw slope" not in found


def test_a_long_performance_is_compared_with_its_start(
    animator: Animator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate_long, "MINUTE", 25)
    monkeypatch.setattr(evaluate_long, "follow", lambda images: None)
    monkeypatch.setattr(evaluate_long, "pictures", lambda *given: [])
    rows = evaluate_long.long_run(animator, animator.blank_avatar(), tone(1.03), 2)
    found = figures(rows)
    assert found["2 minutes: turned, last minute against first, degrees"] < 15
    assert found["2 minutes: distance, last minute against first"] == pytest.approx(1, abs=0.2)


def test_an_emotion_is_right_where_it_is_the_strongest() -> None:
    from openvasa.data.expressions import emotion_pattern
    from openvasa.data.head import load_basis
    from openvasa.latent.surface import FLIP
    from openvasa.metrics.face_sequence import FaceSequence
    from openvasa.types import EMOTIONS

    basis = load_basis()
    faces = []
    for name in ("", "sad", *EMOTIONS[1:]):  # the first face is sad, and not happy as asked
        pattern = emotion_pattern((name, 1.0)) if name else np.zeros(45)
        points = np.zeros((1, 478, 3))
        points[0, :468] = (basis.mean + np.tensordot(pattern, basis.expression, 1)) * FLIP
        faces.append(FaceSequence(points, np.ones(1, np.bool_)))
    right = evaluate_controls._read_right(faces)
    assert right[:2] == [0, 1] and sum(right) >= 4
    assert evaluate_controls._read_right([None, *faces[1:]]) == []


@dataclass
class _Crossed:
    """Stands in for an animator: its warp shows the blank face with lips so far apart."""

    points: np.ndarray
    apart: float

    def run(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        points = self.points[None].copy()
        points[0, INNER_UPPER] = points[0, INNER_LOWER] + np.array([0, self.apart, 0])
        return {"points": points}


def test_lips_that_cross_are_read_as_shut_and_parted_ones_as_parted(animator: Animator) -> None:
    avatar = animator.blank_avatar()
    still = Motion(np.zeros((1, 6), np.float32), avatar.dynamics)

    def gap(apart: float) -> float:
        stand_in: Any = _Crossed(avatar.points, apart)
        face = warped(stand_in, avatar, still)
        return float(face.gap[0] * face.height[0] / 256)

    assert gap(-0.03) == pytest.approx(0, abs=1e-6)
    assert gap(0.05) == pytest.approx(0.05, abs=0.01)
