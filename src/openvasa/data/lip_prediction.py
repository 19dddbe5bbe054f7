"""Sound -> what the lips should be doing, by a small linear map on the shipped audio encoder.

    python -m openvasa.data.lip_prediction STORE

fits the map anew to the training clips of a store (do so whenever the audio encoder changes).
Knows nothing of offsets or files of video.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from openvasa.audio.encoder import AudioEncoder
from openvasa.data.pcm import from_pcm
from openvasa.data.store import Store
from openvasa.face.align import CHIN, FOREHEAD
from openvasa.types import AUDIO_DIM, Array, InputError
from openvasa.weights import load_model

SHIPPED = Path(__file__).parent / "models" / "lip_prediction.safetensors"
CURVES = ("opening", "width", "jaw", "opening speed", "jaw speed")
_PAIRS = ((13, 14), (61, 291), (4, CHIN))  # inner lips; mouth corners; tip of the nose and chin
RIDGE = 0.1  # of features with unit spread, a frame

Curves = NDArray[np.float64]
Encode = Callable[[Array], Array]


def lip_curves(landmarks: Array) -> Curves:
    """What the lips do, in units of the clip's own spread.

    Args:
        landmarks: f32 [T >= 2, 478, 3], in any unit.

    Returns:
        f64 [T, 5] in the order of `CURVES`, each with mean 0 and spread 1.
    """
    points = np.asarray(landmarks, np.float64)
    height = np.median(np.linalg.norm(points[:, FOREHEAD] - points[:, CHIN], axis=1))
    opening, width, jaw = (np.linalg.norm(points[:, a] - points[:, b], axis=1) / height
                           for a, b in _PAIRS)  # fmt: skip
    curves = np.stack([opening, width, jaw, np.gradient(opening), np.gradient(jaw)], 1)
    return (curves - curves.mean(0)) / (curves.std(0) + 1e-6)


class LipPrediction:
    """A linear map from audio features to `CURVES`."""

    def __init__(self, encode: Encode, weights: Array, center: Array) -> None:
        """Puts an encoder before the map.

        Args:
            encode: f32 [N] samples at 16 kHz -> f32 [ceil(N / 640), 128].
            weights: f32 [128, 5].
            center: f32 [128], the mean features.
        """
        self._encode, self._weights, self._center = encode, weights, center

    def __call__(self, audio: NDArray[np.int16]) -> Curves:
        """What the lips should do.

        Args:
            audio: i16 [640 T].

        Returns:
            f64 [T, 5].
        """
        features = self._encode(from_pcm(audio))
        return np.asarray((features - self._center) @ self._weights, np.float64)


@cache
def load_prediction() -> LipPrediction | None:
    """The map that ships; None where it was fitted to another audio encoder than ships."""
    encode, digest = shipped_encoder()
    if not SHIPPED.is_file():
        return None
    with safe_open(str(SHIPPED), "numpy") as file:
        if (file.metadata() or {}).get("encoder") != digest:
            return None
        return LipPrediction(encode, file.get_tensor("weights"), file.get_tensor("center"))


def shipped_encoder() -> tuple[Encode, str]:
    """The audio encoder of the default model, and the sha256 of its weights."""
    import onnxruntime

    bundle = load_model()
    path = bundle.graph("audio")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options)
    encoder = AudioEncoder(lambda _, inputs: {"features": session.run(None, dict(inputs))[0]})
    return encoder.encode, str(bundle.config["files"]["audio.safetensors"])


def fit_map(clips: Iterable[tuple[Array, Curves]]) -> tuple[Array, Array]:
    """Fits the map by ridge regression.

    Args:
        clips: Features f32 [T, 128] and curves f64 [T, 5] of each.

    Returns:
        weights f32 [128, 5] and center f32 [128].

    Raises:
        InputError: There are no clips.
    """
    count, total = 0, np.zeros(AUDIO_DIM)
    square, cross = np.zeros((AUDIO_DIM, AUDIO_DIM)), np.zeros((AUDIO_DIM, len(CURVES)))
    for features, curves in clips:
        wide = features.astype(np.float64)
        count += len(wide)
        total += wide.sum(0)
        square += wide.T @ wide
        cross += wide.T @ curves  # curves have no mean
    if not count:
        raise InputError("There are no clips to fit to: give a store with real training clips.")
    center = total / count
    covariance = square - count * np.outer(center, center)
    ridge = RIDGE * np.diag(np.maximum(np.diag(covariance), 1e-6 * count))
    return np.linalg.solve(covariance + ridge, cross).astype(np.float32), center.astype(np.float32)


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m openvasa.data.lip_prediction")
    parser.add_argument("store", type=Path, help="a store with real training clips")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="the map's file")
    options = parser.parse_args(argv)
    encode, digest = shipped_encoder()
    try:
        store = Store(options.store)
        samples = (store.read(key).arrays for key in store.keys("real", "train"))
        weights, center = fit_map(
            (encode(from_pcm(sample["audio"])), lip_curves(sample["landmarks"]))
            for sample in samples
        )
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    save_file({"weights": weights, "center": center}, str(options.out), {"encoder": digest})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
