"""Packing: shards lose and double nothing, whatever the order of work and wherever it is killed."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from filled_store import ABOUT, contents, fill, sample
from openvasa.data.packing import pack
from openvasa.data.store import Store, all_lines, create, done_units, write_unit


def test_manifest_has_a_line_for_every_sample_and_dropped_input(tmp_path: Path) -> None:
    fill(tmp_path)
    pack(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    assert [line["status"] for line in lines].count("kept") == 18
    assert [line["reason"] for line in lines if line["status"] == "dropped"] == ["dark"]


def test_shards_are_webdataset_tars(tmp_path: Path) -> None:
    fill(tmp_path)
    pack(tmp_path, shard_bytes=8000)
    names = []
    for shard in sorted((tmp_path / "shards").glob("*.tar")):
        with tarfile.open(shard) as tar:
            names += tar.getnames()
    assert names[:2] == ["u0-0.json", "u0-0.safetensors"] and len(names) == 36


def test_shards_do_not_depend_on_the_order_of_work(tmp_path: Path) -> None:
    fill(tmp_path / "a")
    create(tmp_path / "b")
    for u in (5, 1, 4, 0, 3, 2):
        dropped = [{**ABOUT, "status": "dropped", "reason": "dark"}] if u == 2 else []
        samples = [sample(f"u{u}-{k}") for k in range(3)]
        write_unit(tmp_path / "b", "real", f"u{u}", samples, dropped)
    for name in "ab":
        pack(tmp_path / name, shard_bytes=8000)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("dies_at", range(1, 14))
def test_a_pack_killed_anywhere_loses_and_doubles_nothing(
    tmp_path: Path, dies_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "whole")
    pack(tmp_path / "whole", shard_bytes=8000)
    fill(tmp_path / "cut")
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
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_later_units_join_as_new_shards(tmp_path: Path) -> None:
    fill(tmp_path)
    pack(tmp_path)
    before = contents(tmp_path)
    write_unit(tmp_path, "real", "new", [sample("new-0", "validation")], [])
    assert done_units(tmp_path, "real") == {*(f"u{i}" for i in range(6)), "new"}
    pack(tmp_path)
    after = contents(tmp_path)
    assert before.items() <= after.items()
    assert Store(tmp_path).keys("real", "validation") == ["new-0"]
