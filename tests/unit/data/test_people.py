"""A run over people: resumed without loss, refusals told, pictures stored as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from openvasa.data import people  # noqa: E402
from openvasa.data.demographics import Person  # noqa: E402
from openvasa.data.packing import pack  # noqa: E402
from openvasa.data.people import Refused, main, make_unit  # noqa: E402
from openvasa.data.people_views import VIEWS, View, Wish  # noqa: E402
from openvasa.data.store import Store, all_lines, create  # noqa: E402

ABOUT = Person(33.0, 0.1, (0.1, 0.8, 0.05, 0.05), 20.0, (1.0, 2.0), 60.0)


class FakeStudio:
    engine = "torch"

    def person(self, number: int, seed: int) -> tuple[np.ndarray, Person, list[View]]:
        if number == 3 or (number == 5 and seed < 100_000):
            raise Refused("no face")
        rng = np.random.default_rng(seed)
        views = [
            View(np.full((16, 16, 3), 10 * k, np.uint8), Wish(rng.normal(size=6), np.zeros(45)),
                 np.zeros(6, "f4"), np.zeros(45, "f4"), np.zeros((478, 3), "f4"), 0.9)
            for k in range(VIEWS)
        ]  # fmt: skip
        return rng.normal(size=512).astype("f4"), ABOUT, views


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    monkeypatch.setattr(people, "_studio", lambda files, engine: FakeStudio())
    create(tmp_path / "s")
    return {"store": str(tmp_path / "s"), "unit": "people-000000", "first": 0, "count": 8,
            "files": {}, "engine": "torch"}  # fmt: skip


def test_a_unit_holds_its_people_and_says_who_was_refused(job: dict[str, object]) -> None:
    assert make_unit(job) == {"kept": 7, "refused": 5, "error": ""}
    folder = Path(str(job["store"]))
    pack(folder)
    store = Store(folder)
    assert "made-000003" not in store.keys("person") and len(store.keys("person")) == 7
    lines = list(all_lines(folder))
    assert sum(line["reason"] == "no face" for line in lines) == 5
    again = store.about("made-000005")
    assert again["seed"] == 100_005 and again["sex"] == "female" and again["group"] == "black"


def test_the_same_numbers_give_the_same_bytes(job: dict[str, object], tmp_path: Path) -> None:
    create(tmp_path / "t")
    make_unit(job)
    make_unit({**job, "store": str(tmp_path / "t")})
    for name in "st":
        pack(tmp_path / name)
    shard = "shards/person-00000.tar"
    assert (tmp_path / "s" / shard).read_bytes() == (tmp_path / "t" / shard).read_bytes()


def test_missing_files_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["make", "--generator", "g", "--demographics", "d", "--samples", "s"]
    assert main(words) == 2
    assert "--identity, --matting, --output" in capsys.readouterr().err
    words += ["--identity", "i", "--matting", "m", "-o", str(tmp_path / "s")]
    assert main(words) == 2
    assert "missing" in capsys.readouterr().err
