"""A talking face by linear regression: what a model must add to be worth its name.

    python -m openvasa.metrics.mel_regression STORE

Ridge regression from a window of log-mel frames to head pose and expression, least mean squared
error and nothing else: no past motion, no chance, no conditions. STORE is one that `openvasa
prepare-data` made; only its training clips are read. What is fitted are expression values and pose,
not codes of some model, so the baseline stays the same when models change.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from openvasa.audio.clock import COLUMNS_PER_FRAME
from openvasa.audio.mel import MEL_BINS, log_mel
from openvasa.types import EXPRESSION_DIM, POSE_DIM, Array, InputError

SHIPPED = Path(__file__).parent / "models" / "mel_regression.safetensors"
CONTEXT = 5  # frames of 40 ms heard on either side
RIDGE = 1.0  # of features with unit spread, a frame
_GAZE = slice(EXPRESSION_DIM - 2, EXPRESSION_DIM)  # of an expression: angles, not scores
_DIM = (2 * CONTEXT + 1) * MEL_BINS

Floats = NDArray[np.float64]


def mel_windows(sound: Array) -> Floats:
    """What the regression hears of each frame.

    Log-mel energies are averaged over the frame, and each band's mean over the recording is taken
    out (cepstral mean subtraction, Atal 1974), so that loudness and microphone do not count.

    Args:
        sound: f32 [N >= 1] at 16 kHz.

    Returns:
        f64 [ceil(N / 640), 880]; before the start and past the end the edge frame is repeated.
    """
    bands = log_mel(sound).reshape(-1, COLUMNS_PER_FRAME, MEL_BINS).mean(1).astype(np.float64)
    bands -= bands.mean(0)
    padded = np.pad(bands, ((CONTEXT, CONTEXT), (0, 0)), mode="edge")
    shifts = [padded[k : k + len(bands)] for k in range(2 * CONTEXT + 1)]
    return np.concatenate(shifts, axis=1)


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


def predict(sound: Array) -> tuple[Array, Array]:
    """How the regression moves a face to a sound.

    Args:
        sound: f32 [N >= 1] at 16 kHz.

    Returns:
        Pose as offsets to the portrait's own, f32 [T, 6], and expression f32 [T, 45], its scores
        in [0, 1]; T is ceil(N / 640).
    """
    weights, bias = _shipped()
    seen = (mel_windows(sound) @ weights + bias).astype(np.float32)
    pose, expression = seen[:, :POSE_DIM], seen[:, POSE_DIM:]
    scores = np.clip(expression[:, : _GAZE.start], 0, 1)
    return pose, np.concatenate([scores, expression[:, _GAZE]], axis=1)


@cache
def _shipped() -> tuple[Array, Array]:
    held = load_file(SHIPPED)
    return held["weights"].astype(np.float32), held["bias"].astype(np.float32)


def _clips(store: Path) -> Iterator[tuple[Floats, Array, Array]]:
    """Training clips of a store as the motion model's training reads them."""
    from openvasa.data.head import load_basis
    from openvasa.data.lids import lid_scores
    from openvasa.data.motion_store import fit_speaker
    from openvasa.data.pcm import from_pcm
    from openvasa.data.store import Store

    source, basis = Store(store), load_basis()
    for key in source.keys("real", "train"):
        arrays = source.read(key).arrays
        told, pose = fit_speaker(arrays["landmarks"], lid_scores(arrays["landmarks"]), basis)
        heard = mel_windows(from_pcm(arrays["audio"]))
        count = min(len(heard), len(pose))
        yield heard[:count], (pose - np.median(pose, 0))[:count], told[:count]


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m openvasa.metrics.mel_regression", description=__doc__,
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
