"""Who is who across videos: clips whose faces look alike share a split, whatever they are called.

Works on identity vectors that `real_video` measured; where there are none, nothing changes.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openvasa.data.shards import Line, Sample, read_arrays, read_lines
from openvasa.data.store import all_lines, split_of, waiting, write_unit

KIND = "real"
ALIKE = 0.5  # cosine of SFace vectors; see docs/data.md for how often it is wrong
_BLOCK = 1024  # people compared at a time


def join_people(store: Path, threshold: float = ALIKE) -> int:
    """Gives people who look alike one split, in the units that wait to be packed.

    A person is everything of one name. People who look alike are joined, also over several steps;
    the joined take the split of the one that is in a shard already, else that of the first name.
    What was kept for evaluation stays there.
    Where nobody was named (the unit's name stands for the person), the name is joined as well.

    Args:
        store: The folder.
        threshold: Cosine of two people's mean vectors from which on they are one.

    Returns:
        How many people were joined to another.
    """
    lines = [
        line for line in all_lines(store)
        if line["kind"] == KIND and line["status"] == "kept" and "identity" in line
    ]  # fmt: skip
    vectors: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    for line in lines:
        vectors[line["person"]].append(np.asarray(line["identity"], np.float64))
    names = sorted(vectors)
    if len(names) < 2:
        return 0
    means = np.stack([np.mean(vectors[name], axis=0) for name in names])
    group = _groups(means / np.linalg.norm(means, axis=1, keepdims=True), threshold)
    pending = {file.stem for file in waiting(store, KIND)}
    fixed = {line["person"]: line["split"] for line in lines if line["unit"] not in pending}
    leader = {name: names[g] for name, g in zip(names, group, strict=True)}
    splits = {leader[name]: split for name, split in fixed.items()}
    units = {line["unit"] for line in lines if line["unit"] in pending}
    for unit in sorted(units):
        _rewrite(store, unit, leader, splits)
    return sum(leader[name] != name for name in names)


def _groups(vectors: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """For each unit vector the smallest index that it is linked to, directly or over others."""
    group = np.arange(len(vectors))

    def root(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = int(group[i])
        return i

    for first in range(0, len(vectors), _BLOCK):
        alike = vectors[first : first + _BLOCK] @ vectors.T >= threshold
        for i, j in zip(*np.nonzero(alike), strict=True):
            a, b = root(first + int(i)), root(int(j))
            group[max(a, b)] = min(a, b)
    return np.array([root(i) for i in range(len(vectors))])


def _rewrite(store: Path, unit: str, leader: dict[str, str], splits: dict[str, str]) -> None:
    file = store / "work" / KIND / f"{unit}.jsonl"
    samples, dropped = [], []
    changed = False
    for line in read_lines(file):
        person = str(line["person"])
        first = leader.get(person, person)
        split = "eval" if line["split"] == "eval" else splits.get(first, split_of(first))
        about = {**line, "split": split if line["status"] == "kept" else line["split"]}
        if person == unit:  # nobody was named
            about["person"] = first
        changed |= about != line
        if line["clip"] is None:
            dropped.append(_without_place(about))
        else:
            arrays = read_arrays(file.with_suffix(".tar"), line["at"], line["bytes"])
            samples.append(Sample(line["clip"], KIND, _without_place(about), arrays))
    if changed:
        write_unit(store, KIND, unit, samples, dropped)


def _without_place(line: Line) -> Line:
    return {k: v for k, v in line.items() if k not in ("at", "bytes", "clip", "kind", "unit")}
