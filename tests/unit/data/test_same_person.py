"""People who look alike end in one split, across videos and runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from openvasa.data.packing import pack
from openvasa.data.same_person import join_people
from openvasa.data.shards import Line, Sample
from openvasa.data.store import all_lines, create, split_of, write_unit

FACES = np.eye(8)


def _unit(store: Path, name: str, face: np.ndarray, person: str | None = None) -> None:
    about = {
        "source": name, "licence": "CC0", "consent": "c", "person": person or name,
        "split": split_of(person or name), "status": "kept", "reason": "",
        "identity": face.tolist(),
    }  # fmt: skip
    arrays = {"x": np.arange(4, dtype="f4") + len(name)}
    dropped = [{**about, "status": "dropped", "reason": "dark", "split": ""}]
    write_unit(store, "real", name, [Sample(f"{name}-0", "real", about, arrays)], dropped)


def _kept(store: Path) -> dict[str, Line]:
    return {line["clip"]: line for line in all_lines(store) if line["status"] == "kept"}


def _names(split: str, count: int) -> list[str]:
    return [name for name in (f"v{i}" for i in range(1000)) if split_of(name) == split][:count]


def test_lookalikes_share_a_split_and_strangers_do_not_move(tmp_path: Path) -> None:
    create(tmp_path)
    late, early = _names("validation", 1)[0], _names("train", 2)
    _unit(tmp_path, early[0], FACES[0])
    _unit(tmp_path, late, 0.9 * FACES[0] + 0.2 * FACES[1])
    _unit(tmp_path, early[1], FACES[2])
    assert join_people(tmp_path) == 1
    kept = _kept(tmp_path)
    assert kept[f"{late}-0"]["split"] == kept[f"{early[0]}-0"]["split"]
    assert kept[f"{late}-0"]["person"] == kept[f"{early[0]}-0"]["person"]
    assert kept[f"{early[1]}-0"]["person"] == early[1]
    assert sum(line["status"] == "dropped" for line in all_lines(tmp_path)) == 3


def test_chains_of_likeness_are_one_person(tmp_path: Path) -> None:
    create(tmp_path)
    for i, angle in enumerate((0.0, 0.9, 1.8)):
        _unit(tmp_path, f"w{i}", np.cos(angle) * FACES[0] + np.sin(angle) * FACES[1])
    assert join_people(tmp_path) == 2
    assert len({line["person"] for line in _kept(tmp_path).values()}) == 1


def test_stated_names_stay_but_share_the_split(tmp_path: Path) -> None:
    create(tmp_path)
    _unit(tmp_path, "a", FACES[0], _names("train", 1)[0])
    _unit(tmp_path, "b", FACES[0], _names("validation", 1)[0])
    join_people(tmp_path)
    kept = _kept(tmp_path)
    assert kept["a-0"]["split"] == kept["b-0"]["split"]
    assert kept["a-0"]["person"] != kept["b-0"]["person"]


def test_later_runs_follow_what_is_packed(tmp_path: Path) -> None:
    create(tmp_path)
    late, early = _names("validation", 1)[0], _names("train", 1)[0]
    _unit(tmp_path, late, FACES[3])
    join_people(tmp_path)
    pack(tmp_path)
    _unit(tmp_path, early, FACES[3])
    join_people(tmp_path)
    assert {line["split"] for line in _kept(tmp_path).values()} == {"validation"}


def test_without_vectors_nothing_changes(tmp_path: Path) -> None:
    create(tmp_path)
    assert join_people(tmp_path) == 0
