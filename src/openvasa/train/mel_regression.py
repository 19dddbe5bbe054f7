"""Fits the baseline `melregression` of `openvasa evaluate benchmark`: log-mel to pose and face.

    python -m openvasa.train.mel_regression STORE

STORE is one that `openvasa prepare-data` made; only its training clips are read. Takes a minute.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from openvasa.data.head import load_basis
from openvasa.data.lids import lid_scores
from openvasa.data.motion_store import fit_speaker
from openvasa.data.pcm import from_pcm
from openvasa.data.store import Store
from openvasa.metrics.mel_regression import SHIPPED, mel_windows
from openvasa.types import Array, InputError

RIDGE = 1.0  # of features with unit spread, a frame: best on speakers left out of training

Floats = NDArray[np.float64]


def fit_regression(
    clips: Iterable[tuple[Floats, Array, Array]], ridge: float = RIDGE
) -> tuple[Array, Array]:
    """Fits pose and expression to sound by ridge regression.

    Args:
        clips: Of each clip `mel_windows` [T, 880], pose as offsets to its rest f32 [T, 6] (as
            `openvasa.types.Motion`) and expression f32 [T, 45].
        ridge: Strength of the penalty: how many times a feature's own variance is added to it.

    Returns:
        weights f32 [880, 51] and bias f32 [51]; pose first.

    Raises:
        InputError: There are no clips.
    """
    rows = [(heard, np.concatenate([pose, told], 1)) for heard, pose, told in clips]
    if not rows:
        raise InputError("There are no clips to fit to: give a store with real training clips.")
    heard, seen = (np.concatenate(parts).astype(np.float64) for parts in zip(*rows, strict=True))
    center, bias = heard.mean(0), seen.mean(0)
    heard -= center
    covariance = heard.T @ heard
    penalty = ridge * np.diag(np.maximum(np.diag(covariance), 1e-6 * len(heard)))
    weights = np.linalg.solve(covariance + penalty, heard.T @ (seen - bias))
    return weights.astype(np.float32), (bias - center @ weights).astype(np.float32)


def _clips(store: Path) -> Iterator[tuple[Floats, Array, Array]]:
    """Training clips of a store as the motion model's training reads them."""
    source, basis = Store(store), load_basis()
    for key in source.keys("real", "train"):
        arrays = source.read(key).arrays
        told, pose = fit_speaker(arrays["landmarks"], lid_scores(arrays["landmarks"]), basis)
        heard = mel_windows(from_pcm(arrays["audio"]))
        count = min(len(heard), len(pose))
        rest = np.median(pose, 0).astype(np.float32)
        yield heard[:count], (pose - rest)[:count], told[:count]


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m openvasa.train.mel_regression", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("store", type=Path, metavar="STORE")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="the regression's file")
    arguments = parser.parse_args(argv)
    try:
        weights, bias = fit_regression(_clips(arguments.store))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    part = arguments.out.with_name(f".{arguments.out.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    save_file({"weights": weights.astype(np.float16), "bias": bias}, part)
    os.replace(part, arguments.out)
    print(f"{arguments.out}: {weights.size} weights.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
