"""Finished units of a store -> its shards, and the manifest of all of them.

Units are packed in the order of their names: the same inputs give the same shards whatever the
number of workers. A shard is committed by the rename of its tar.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from openvasa.data.shards import hidden, join_tars, read_lines, write_lines
from openvasa.data.store import KINDS, all_lines, lines_of, packed_units, shards_of, waiting

SHARD_BYTES = 256 * 1024 * 1024


def pack(store: Path, *, everything: bool = True, shard_bytes: int = SHARD_BYTES) -> int:
    """Gathers finished units into shards and writes the manifest anew.

    Args:
        store: Made by `create`.
        everything: Also begin a shard that will not be full.
        shard_bytes: A shard is closed when it reaches this size.

    Returns:
        How many units were packed.
    """
    count = 0
    for kind in KINDS:
        known = packed_units(store, kind)
        for stale in [file for file in waiting(store, kind) if file.stem in known]:
            _forget(stale)  # packed by a run that was killed before it could tidy up
        full: list[Path] = []
        size = 0
        for ready in waiting(store, kind):
            full.append(ready)
            size += ready.with_suffix(".tar").stat().st_size
            if size >= shard_bytes:
                count += _pack_shard(store, kind, full)
                full, size = [], 0
        if everything and full:
            count += _pack_shard(store, kind, full)
    write_lines(store / "manifest.jsonl", all_lines(store))
    return count


def _pack_shard(store: Path, kind: str, ready: Sequence[Path]) -> int:
    """Joins the tars of some units into the next shard, then forgets them."""
    number = 1 + max((int(s.stem.rsplit("-", 1)[1]) for s in shards_of(store, kind)), default=-1)
    shard = store / "shards" / f"{kind}-{number:05d}.tar"
    begins = join_tars([unit.with_suffix(".tar") for unit in ready], shard)
    write_lines(
        lines_of(shard),
        [
            {**line, "at": begin + line["at"]} if "at" in line else line
            for begin, unit in zip(begins, ready, strict=True)
            for line in read_lines(unit)
        ],
    )
    os.replace(hidden(shard), shard)
    for unit in ready:
        _forget(unit)
    return len(ready)


def _forget(ready: Path) -> None:
    ready.unlink()
    ready.with_suffix(".tar").unlink(missing_ok=True)
