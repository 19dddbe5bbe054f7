"""The one format of training data: units of work -> WebDataset shards -> samples by number.

    STORE/store.json                the format's name
    STORE/shards/KIND-00000.tar     samples of one kind, KEY.json and KEY.safetensors each
    STORE/shards/KIND-00000.jsonl   a line for every sample of it and every dropped input
    STORE/manifest.jsonl            all those lines, and those of units not yet in a shard
    STORE/work/KIND/UNIT.*          finished units that wait to be packed

A unit is what is done or not done as a whole: one video, one utterance, a hundred people. It is
committed by a rename, and a shard by the rename of its tar, so that a run killed anywhere loses and
doubles nothing when it is run again. Shards are made by `openvasa.data.packing`. Knows nothing of
what the arrays mean.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np

from openvasa.data.shards import (
    Line,
    Sample,
    read_arrays,
    read_lines,
    write_lines,
    write_tar,
)
from openvasa.types import InputError

FORMAT = "openvasa-store-1"
KINDS = ("real", "performance", "person", "head")
NEEDED = ("source", "licence", "consent", "person", "split", "status", "reason")
VALIDATION_PERCENT = 5  # of people
NEARBY = 4  # shards that are shuffled together: reads stay local on a network disk


def clean_name(text: str) -> str:
    """A name for files and keys made of letters, digits, `-` and `_` (a dot would end the key)."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:80] or "unnamed"


def create(store: Path) -> None:
    """Makes a store, or checks the one that is there and sweeps what a killed run left half done.

    Raises:
        InputError: The folder holds something else, or cannot be written.
    """
    mark = store / "store.json"
    try:
        if mark.is_file():
            check(store)
        elif store.exists() and (not store.is_dir() or any(store.iterdir())):
            raise InputError(f"'{store}' holds other things: name a new folder or a store.")
        (store / "shards").mkdir(parents=True, exist_ok=True)
        (store / "work").mkdir(exist_ok=True)
        for partial in store.rglob(".*.part"):
            partial.unlink(missing_ok=True)
        if not mark.is_file():
            write_lines(mark, [{"format": FORMAT}])
    except OSError as error:
        raise InputError(f"cannot write into '{store}' ({error.strerror}).") from error


def check(store: Path) -> None:
    """Checks that a folder is a store of this format.

    Raises:
        InputError: It is not.
    """
    try:
        name = json.loads((store / "store.json").read_text())["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"'{store}' is no store: make one with openvasa prepare-data.") from error
    if name != FORMAT:
        raise InputError(f"'{store}' has the format '{name}', not '{FORMAT}': make it again.")


def write_unit(
    store: Path, kind: str, unit: str, samples: Iterable[Sample], dropped: Iterable[Line]
) -> None:
    """Commits one unit: all of its samples and lines, or nothing.

    Args:
        store: Made by `create`.
        kind: One of `KINDS`.
        unit: Its name, as `clean_name` makes it; the same name is the same unit.
        samples: What was made of it; `about` must have the keys in `NEEDED`.
        dropped: Lines of what was dropped, with the keys in `NEEDED` too.

    Raises:
        ValueError: A name or a line is not as it must be.
        OSError: The disk is full or the like; nothing is left behind.
    """
    if kind not in KINDS or clean_name(unit) != unit:
        raise ValueError(f"no such kind or no clean name: {kind}/{unit}")
    folder = store / "work" / kind
    folder.mkdir(parents=True, exist_ok=True)
    lines = write_tar(folder / f"{unit}.tar", map(_checked_sample, samples))
    lines += [{"clip": None, "kind": kind, **_checked(line)} for line in dropped]
    write_lines(folder / f"{unit}.jsonl", [{"unit": unit, **line} for line in lines])


def split_of(person: str) -> str:
    """The split of a person, "train" or "validation": the same on every machine, by a hash."""
    digest = hashlib.sha256(person.encode()).digest()
    percent = int.from_bytes(digest[:4], "big") % 100
    return "validation" if percent < VALIDATION_PERCENT else "train"


def waiting(store: Path, kind: str) -> list[Path]:
    """Lines of the units that are finished and in no shard yet, in the order of their names."""
    return sorted((store / "work" / kind).glob("*.jsonl"))


def done_units(store: Path, kind: str) -> set[str]:
    """Units of a kind that are finished, in shards or waiting."""
    return {path.stem for path in waiting(store, kind)} | packed_units(store, kind)


def packed_units(store: Path, kind: str) -> set[str]:
    """Units of a kind that are in shards."""
    return {
        line["unit"] for shard in shards_of(store, kind) for line in read_lines(lines_of(shard))
    }


def all_lines(store: Path) -> Iterator[Line]:
    """Lines of all samples and dropped inputs, a kind at a time: those in shards, then the rest."""
    for kind in KINDS:
        known = set()
        for shard in shards_of(store, kind):
            for line in read_lines(lines_of(shard)):
                known.add(line["unit"])
                yield _public(line)
        for ready in waiting(store, kind):
            if ready.stem not in known:
                yield from map(_public, read_lines(ready))


class Store:
    """Reads the shards of a store: samples by key, or by number in a shuffled endless order."""

    def __init__(self, path: Path) -> None:
        """Opens a store.

        Raises:
            InputError: It is none.
        """
        check(path)
        self.path = path

    @cached_property
    def _lines(self) -> dict[str, Line]:
        """The line of every sample in shards, by key; `shard`, `at` and `bytes` say where."""
        found: dict[str, Line] = {}
        for shard in (shard for kind in KINDS for shard in shards_of(self.path, kind)):
            for line in read_lines(lines_of(shard)):
                if line["clip"] is not None:
                    found[line["clip"]] = {**line, "shard": shard.name}
        return found

    def keys(self, kind: str | None = None, split: str | None = None) -> list[str]:
        """Keys of the samples of a kind and a split (None is any), in the order of the shards."""
        return [
            key
            for key, line in self._lines.items()
            if kind in (None, line["kind"]) and split in (None, line["split"])
        ]

    def about(self, key: str) -> Line:
        """The line of one sample, as in the manifest.

        Raises:
            InputError: There is no such sample.
        """
        if key not in self._lines:
            raise InputError(f"there is no sample '{key}' in '{self.path}'.")
        return _public(self._lines[key])

    def read(self, key: str) -> Sample:
        """One sample.

        Raises:
            InputError: There is no such sample, or its shard is gone or cut off.
        """
        about, line = self.about(key), self._lines[key]
        arrays = read_arrays(self.path / "shards" / line["shard"], line["at"], line["bytes"])
        return Sample(key, line["kind"], about, arrays)

    def ordered(
        self, kind: str | None, split: str | None, seed: int, start: int = 0
    ) -> Iterator[str]:
        """Keys without end, every epoch shuffled anew; from number `start` on, for a resumed run.

        Shards are shuffled, and the samples within every `NEARBY` of them.

        Raises:
            InputError: There are none of that kind and split.
        """
        shards: dict[str, list[str]] = {}
        for key in self.keys(kind, split):
            shards.setdefault(self._lines[key]["shard"], []).append(key)
        total = sum(map(len, shards.values()))
        if not total:
            raise InputError(f"'{self.path}' holds no {kind or 'samples'} for {split or 'any'}.")
        while True:
            epoch, skip = divmod(start, total)
            order = _shuffled(list(shards.values()), np.random.default_rng([seed, epoch]))
            yield from order[skip:]
            start += total - skip


def _shuffled(shards: list[list[str]], rng: np.random.Generator) -> list[str]:
    order: list[str] = []
    turns = rng.permutation(len(shards))
    for first in range(0, len(turns), NEARBY):
        keys = [key for turn in turns[first : first + NEARBY] for key in shards[turn]]
        order += [keys[i] for i in rng.permutation(len(keys))]
    return order


def _public(line: Line) -> Line:
    return {name: value for name, value in line.items() if name not in ("shard", "at", "bytes")}


def _checked(line: Line) -> Line:
    missing = [name for name in NEEDED if name not in line]
    if missing:
        raise ValueError(f"a line of {line.get('source')} lacks {', '.join(missing)}")
    return line


def _checked_sample(sample: Sample) -> Sample:
    if clean_name(sample.key) != sample.key:
        raise ValueError(f"'{sample.key}' is no clean name")
    _checked(sample.about)
    return sample


def shards_of(store: Path, kind: str) -> list[Path]:
    """Shards of a kind, oldest first."""
    return sorted((store / "shards").glob(f"{kind}-*.tar"))


def lines_of(shard: Path) -> Path:
    """The file with the lines of a shard."""
    return shard.with_suffix(".jsonl")
