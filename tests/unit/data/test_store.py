"""The store: units commit whole, what was written is read, order resumes exactly."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from filled_store import ABOUT, fill, sample
from openvasa.data import store as module
from openvasa.data.packing import pack
from openvasa.data.shards import Sample
from openvasa.data.store import Store, create, done_units, write_unit
from openvasa.types import InputError


def test_what_was_written_is_read(tmp_path: Path) -> None:
    fill(tmp_path)
    assert pack(tmp_path, shard_bytes=8000) == 6
    store = Store(tmp_path)
    assert len(store.keys("real", "train")) == 18 and not store.keys("head")
    for key in store.keys():
        read = store.read(key)
        np.testing.assert_array_equal(read.arrays["x"], sample(key).arrays["x"])
        assert read.about["mean"] == 0.5 and "at" not in read.about


def test_a_unit_that_fails_leaves_nothing(tmp_path: Path) -> None:
    create(tmp_path)

    def broken():  # type: ignore[no-untyped-def]
        yield sample("a")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_unit(tmp_path, "real", "u", broken(), [])
    assert not done_units(tmp_path, "real")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [tmp_path / "store.json"]


def test_lines_without_licence_are_refused(tmp_path: Path) -> None:
    create(tmp_path)
    about = {k: v for k, v in ABOUT.items() if k != "licence"}
    with pytest.raises(ValueError, match="licence"):
        write_unit(tmp_path, "real", "u", [Sample("a", "real", about, {})], [])


def test_order_resumes_exactly_and_every_epoch_is_complete(tmp_path: Path) -> None:
    fill(tmp_path)
    pack(tmp_path, shard_bytes=8000)
    store = Store(tmp_path)
    whole = list(islice(store.ordered("real", "train", seed=3), 60))
    assert sorted(whole[:18]) == sorted(store.keys()) == sorted(whole[18:36])
    assert whole[:18] != whole[18:36]
    for start in (1, 17, 18, 40):
        assert list(islice(store.ordered("real", "train", 3, start), 10)) == whole[start:][:10]


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="other things"):
        create(tmp_path)
    with pytest.raises(InputError, match="no store"):
        Store(tmp_path)


def test_a_cut_shard_is_told(tmp_path: Path) -> None:
    fill(tmp_path)
    pack(tmp_path)
    shard = next((tmp_path / "shards").glob("*.tar"))
    shard.write_bytes(shard.read_bytes()[:1500])
    store = Store(tmp_path)
    with pytest.raises(InputError, match="damaged"):
        store.read(store.keys()[-1])
    assert module.FORMAT in (tmp_path / "store.json").read_text()
