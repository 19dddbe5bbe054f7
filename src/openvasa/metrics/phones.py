"""Timed phones of a recording, read from the files that name them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openvasa.types import InputError


@dataclass(frozen=True)
class Phones:
    """Timed phones: names, and starts and ends in seconds of the sound."""

    names: tuple[str, ...]
    start: NDArray[np.float64]
    end: NDArray[np.float64]


def read_phones(path: Path, lag: float = 0.0) -> Phones:
    """Reads phones in IPA; silence is called "sil".

    Args:
        path: An npz with `phones`, `start` and `end`, or a CSV with the header phone,start,end.
        lag: Seconds by which the times trail the sound; it is taken back.

    Raises:
        InputError: The file is missing or another one.
    """
    if not path.is_file():
        raise InputError(f"there is no file '{path}' of timed phones: check the list of cases.")
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as stored:
                names = tuple(str(name) for name in stored["phones"])
                start, end = (stored[key].astype(np.float64) for key in ("start", "end"))
        else:
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            names = tuple(row["phone"] for row in rows)
            start, end = (np.array([float(r[key]) for r in rows]) for key in ("start", "end"))
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise InputError(
            f"'{path}' holds no timed phones: give an npz with phones, start, end, or such a CSV."
        ) from error
    return Phones(names, start - lag, end - lag)
