"""A small store of made-up samples, for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from openvasa.data.shards import Sample
from openvasa.data.store import create, write_unit

ABOUT = {
    "source": "a.mp4", "licence": "CC0", "consent": "yes", "person": "p", "split": "train",
    "status": "kept", "reason": "",
}  # fmt: skip


def sample(key: str, split: str = "train", size: int = 4) -> Sample:
    values = np.random.default_rng(list(key.encode())).normal(size=(size, 3)).astype("f4")
    return Sample(key, "real", {**ABOUT, "split": split, "mean": 0.5}, {"x": values})


def fill(store: Path, units: int = 6, each: int = 3) -> None:
    create(store)
    for u in range(units):
        samples = [sample(f"u{u}-{k}") for k in range(each)]
        dropped = [{**ABOUT, "status": "dropped", "reason": "dark"}] if u == 2 else []
        write_unit(store, "real", f"u{u}", samples, dropped)


def contents(store: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((store / "shards").iterdir())}
