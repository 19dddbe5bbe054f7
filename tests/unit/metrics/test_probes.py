"""Probes go over some portraits of a list, are kept, and can be told as tables."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from openvasa.metrics import probes
from openvasa.metrics.benchmark import BenchmarkCase
from openvasa.metrics.codes import Effect
from openvasa.metrics.steering import Steering


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every probe replaced by one that tells whom it was given."""
    seen: list[Any] = []

    def effects(animator: Any, avatars: list[str], sounds: list[Any]) -> list[Effect]:
        seen.append((avatars, [len(sound) for sound in sounds]))
        return [Effect("z_id <code>", 1.0, 9.0, 0.125, 0.0, 0.5)]

    def steer(animator: Any, avatars: list[str], sounds: list[Any]) -> list[Steering]:
        seen.append((avatars, [len(sound) for sound in sounds]))
        return [Steering("near against far", 2.0, 1.0, 5, 6)]

    monkeypatch.setattr(probes, "code_effects", effects)
    monkeypatch.setattr(probes, "condition_effects", effects)
    monkeypatch.setattr(probes, "steer", steer)
    monkeypatch.setattr(probes, "load_audio", lambda path: np.zeros(16_000 * 5, np.float32))
    return seen


def _model(folder: Path) -> Any:
    (folder / "config.json").write_text("{}")
    return cast(Any, SimpleNamespace(
        bundle=SimpleNamespace(path=folder), prepare=lambda path: path.stem
    ))  # fmt: skip


def test_portraits_are_taken_from_the_whole_list_and_once(tmp_path: Path, asked: list[Any]) -> None:
    cases = [BenchmarkCase(f"c{k}", Path(f"{k}.jpg"), Path("a.wav")) for k in range(11)]
    animator = _model(tmp_path)
    found = probes.probe(animator, cases, tmp_path / "work")
    assert asked[0] == (["0", "5", "10"], [48_000] * 3)
    assert asked[2][0] == ["0", "2", "4", "6", "8", "10"]
    assert found["likeness"] == []
    assert probes.probe(animator, cases, tmp_path / "work") == found and len(asked) == 3
    (tmp_path / "config.json").write_text('{"other": 1}')
    probes.probe(animator, cases, tmp_path / "work")
    assert len(asked) == 6


def test_likeness_tells_one_person_from_two(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    vectors = {"a1": [1.0, 0.0], "a2": [0.8, 0.6], "b": [0.0, 1.0]}
    monkeypatch.setattr(probes, "Recognizer", lambda path: lambda image, points: image)
    monkeypatch.setattr(probes, "portrait_facts", lambda path: SimpleNamespace(
        image=np.array(vectors[path.stem], np.float32), points=None
    ))  # fmt: skip
    judges = cast(Any, SimpleNamespace(has=lambda name: True, path=lambda name: tmp_path))
    cases = []
    for name in (*vectors, "a1"):  # the first photo speaks twice, and is no second photo
        photo = tmp_path / f"{name}.jpg"
        photo.write_text(name)
        tags = {"person": name[0]}
        cases.append(BenchmarkCase(name, photo, Path("a.wav"), tags=tags))
    same, other = probes._likeness(cases, judges)
    assert same["count"] == 1 and same["p50"] == pytest.approx(0.8)
    assert other["count"] == 2 and other["p50"] == pytest.approx(0.3)


def test_tables_and_html(tmp_path: Path, asked: list[Any]) -> None:
    case = BenchmarkCase("c", Path("c.jpg"), Path("a.wav"))
    found = probes.probe(_model(tmp_path), [case], tmp_path / "work")
    tables = list(probes.as_tables(found))
    assert len(tables) == 3 and tables[0][2][0][3] == "12.5%"
    assert all(len(row) == len(head) for _, head, body in tables for row in body)
    page = probes.as_html(found)
    assert "z_id &lt;code&gt;" in page and "5 of 6" in page
