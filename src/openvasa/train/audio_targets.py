"""What the audio encoder's features are to be: linear readings of its teacher's states.

Knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from openvasa.train.audio_data import Recording
from openvasa.types import Array


def fit_projection(recordings: list[Recording], copied: int) -> dict[str, Array]:
    """Principal components of the teacher's states.

    Returns:
        `mean` [512], `basis` [512, copied] (unit variance after it), `bias` [copied] of zeros, and
        `weight` [copied], the importance of each component, mean 1.
    """
    states = np.concatenate([r.states for r in recordings])
    mean = states.mean(0)
    variance, vectors = np.linalg.eigh(np.cov(states - mean, rowvar=False))
    order = np.argsort(variance)[::-1][:copied]
    spread = np.sqrt(np.maximum(variance[order], 1e-8))
    weight = np.sqrt(spread)
    return _stored(mean, vectors[:, order] / spread, 0.0 * weight, weight)


def fit_meaning(recordings: list[Recording], features: list[Array]) -> dict[str, Array]:
    """The readings of the teacher's states that come nearest to what an encoder already says.

    Args:
        recordings: With the teacher's states.
        features: The encoder's own, f32 [T, 128] for each recording.

    Returns:
        As `fit_projection`, with all 128 features. A feature weighs by the share of its variance
        that the teacher explains.
    """
    states = np.concatenate([r.states for r in recordings])
    wanted = np.concatenate(features)
    mean, bias = states.mean(0), wanted.mean(0)
    inputs, centered = states - mean, wanted - bias
    ridge = 1e-3 * np.trace(inputs.T @ inputs) / inputs.shape[1]
    basis = np.linalg.solve(
        inputs.T @ inputs + ridge * np.eye(inputs.shape[1]), inputs.T @ centered
    )
    left = (centered - inputs @ basis).var(0) / np.maximum(centered.var(0), 1e-8)
    return _stored(mean, basis, bias, np.clip(1.0 - left, 0.05, 1.0))


def project(states: Array, projection: Mapping[str, Array]) -> Array:
    """Target features [..., D] of the teacher's states [..., 512]."""
    mean, basis, bias = (projection[name] for name in ("mean", "basis", "bias"))
    return np.asarray((states - mean) @ basis + bias, np.float32)


def _stored(mean: Array, basis: Array, bias: Array, weight: Array) -> dict[str, Array]:
    arrays = {"mean": mean, "basis": basis, "bias": bias, "weight": weight / weight.mean()}
    return {name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}
