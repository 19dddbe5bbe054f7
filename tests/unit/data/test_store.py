"""The store: units commit whole, shards lose and double nothing, order resumes exactly."""

from __future__ import annotations

import json
import os
import tarfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from openvasa.data import store as module
from openvasa.data.shards import Sample
from openvasa.data.store import Store, all_lines, create, done_units, pack, write_unit
from openvasa.types import InputError

ABOUT = {
    "source": "a.mp4", "licence": "CC0", "consent": "yes", "person": "p", "split": "train",
    "status": "kept", "reason": "",
}  # fmt: skip


def _sample(key: str, split: str = "train", size: int = 4) -> Sample:
    values = np.random.default_rng(list(key.encode())).normal(size=(size, 3)).astype("f4")
    return Sample(key, "real", {**ABOUT, "split": split, "mean": 0.5}, {"x": values})


def _fill(store: Path, units: int = 6, each: int = 3) -> None:
    create(store)
    for u in range(units):
        samples = [_sample(f"u{u}-{k}") for k in range(each)]
        dropped = [{**ABOUT, "status": "dropped", "reason": "dark"}] if u == 2 else []
        write_unit(store, "real", f"u{u}", samples, dropped)


def _contents(store: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((store / "shards").iterdir())}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    _fill(tmp_path)
    assert pack(tmp_path, shard_bytes=8000) == 6
    store = Store(tmp_path)
    assert len(store.keys("real", "train")) == 18 and not store.keys("head")
    for key in store.keys():
        sample = store.read(key)
        np.testing.assert_array_equal(sample.arrays["x"], _sample(key).arrays["x"])
        assert sample.about["mean"] == 0.5 and "at" not in sample.about


def test_manifest_has_a_line_for_every_sample_and_dropped_input(tmp_path: Path) -> None:
    _fill(tmp_path)
    pack(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    assert [line["status"] for line in lines].count("kept") == 18
    assert [line["reason"] for line in lines if line["status"] == "dropped"] == ["dark"]


def test_shards_are_webdataset_tars(tmp_path: Path) -> None:
    _fill(tmp_path)
    pack(tmp_path, shard_bytes=8000)
    names = []
    for shard in sorted((tmp_path / "shards").glob("*.tar")):
        with tarfile.open(shard) as tar:
            names += tar.getnames()
    assert names[:2] == ["u0-0.json", "u0-0.safetensors"] and len(names) == 36


def test_shards_do_not_depend_on_the_order_of_work(tmp_path: Path) -> None:
    _fill(tmp_path / "a")
    create(tmp_path / "b")
    for u in (5, 1, 4, 0, 3, 2):
        dropped = [{**ABOUT, "status": "dropped", "reason": "dark"}] if u == 2 else []
        samples = [_sample(f"u{u}-{k}") for k in range(3)]
        write_unit(tmp_path / "b", "real", f"u{u}", samples, dropped)
    for name in "ab":
        pack(tmp_path / name, shard_bytes=8000)
    assert _contents(tmp_path / "a") == _contents(tmp_path / "b")


@pytest.mark.parametrize("dies_at", range(1, 14))
def test_a_pack_killed_anywhere_loses_and_doubles_nothing(
    tmp_path: Path, dies_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(tmp_path / "whole")
    pack(tmp_path / "whole", shard_bytes=8000)
    _fill(tmp_path / "cut")
    calls = 0

    def counted(function):  # type: ignore[no-untyped-def]
        def call(*args, **kwargs):  # type: ignore[no-untyped-def]
            nonlocal calls
            calls += 1
            if calls == dies_at:
                raise KeyboardInterrupt
            return function(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", counted(os.replace))
        patch.setattr(Path, "unlink", counted(Path.unlink))
        try:
            pack(tmp_path / "cut", shard_bytes=8000)
        except KeyboardInterrupt:
            pass
    create(tmp_path / "cut")
    pack(tmp_path / "cut", shard_bytes=8000)
    keys = [line["clip"] for line in all_lines(tmp_path / "cut") if line["clip"]]
    assert sorted(keys) == sorted(Store(tmp_path / "whole").keys())
    assert _contents(tmp_path / "cut") == _contents(tmp_path / "whole")


def test_a_unit_that_fails_leaves_nothing(tmp_path: Path) -> None:
    create(tmp_path)

    def broken():  # type: ignore[no-untyped-def]
        yield _sample("a")
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
    _fill(tmp_path)
    pack(tmp_path, shard_bytes=8000)
    store = Store(tmp_path)
    whole = list(islice(store.ordered("real", "train", seed=3), 60))
    assert sorted(whole[:18]) == sorted(store.keys()) == sorted(whole[18:36])
    assert whole[:18] != whole[18:36]
    for start in (1, 17, 18, 40):
        assert list(islice(store.ordered("real", "train", 3, start), 10)) == whole[start:][:10]


def test_later_units_join_as_new_shards(tmp_path: Path) -> None:
    _fill(tmp_path)
    pack(tmp_path)
    before = _contents(tmp_path)
    write_unit(tmp_path, "real", "new", [_sample("new-0", "validation")], [])
    assert done_units(tmp_path, "real") == {*(f"u{i}" for i in range(6)), "new"}
    pack(tmp_path)
    after = _contents(tmp_path)
    assert before.items() <= after.items()
    assert Store(tmp_path).keys("real", "validation") == ["new-0"]


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="other things"):
        create(tmp_path)
    with pytest.raises(InputError, match="no store"):
        Store(tmp_path)


def test_a_cut_shard_is_told(tmp_path: Path) -> None:
    _fill(tmp_path)
    pack(tmp_path)
    shard = next((tmp_path / "shards").glob("*.tar"))
    shard.write_bytes(shard.read_bytes()[:1500])
    store = Store(tmp_path)
    with pytest.raises(InputError, match="damaged"):
        store.read(store.keys()[-1])
    assert module.FORMAT in (tmp_path / "store.json").read_text()
