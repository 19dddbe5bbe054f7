"""A talking face by linear regression: what a model must add to be worth its name.

Ridge regression from a window of log-mel frames to head pose and expression, least mean squared
error and nothing else: no past motion, no chance, no conditions. `openvasa.train.mel_regression`
fitted it. It tells expression values and pose, not codes of some model, so the baseline stays the
same when models change.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from openvasa.audio.clock import COLUMNS_PER_FRAME
from openvasa.audio.mel import MEL_BINS, log_mel
from openvasa.types import EXPRESSION_DIM, POSE_DIM, Array

SHIPPED = Path(__file__).parent / "models" / "mel_regression.safetensors"
CONTEXT = 5  # frames of 40 ms heard on either side
_GAZE = slice(EXPRESSION_DIM - 2, EXPRESSION_DIM)  # of an expression: angles, not scores

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
    return neighborhoods(bands, CONTEXT)


def neighborhoods(rows: NDArray[Any], reach: int) -> NDArray[Any]:
    """Each of the rows [T, D] with `reach` before and after it, [T, (2 reach + 1) D].

    At both ends the last row is repeated.
    """
    padded = np.pad(rows, ((reach, reach), (0, 0)), mode="edge")
    return np.concatenate([padded[k : k + len(rows)] for k in range(2 * reach + 1)], axis=1)


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
