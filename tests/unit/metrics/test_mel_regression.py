"""A regression that hears a window of sound, no more, shipped with the code."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.mel_regression import mel_windows, predict
from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES


def _noise(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, 640 * frames).astype(np.float32)


def test_a_frame_hears_its_neighbors_and_no_further() -> None:
    sound = _noise(30)
    changed = sound.copy()
    changed[640 * 20 : 640 * 21] *= 0.01
    apart = np.abs(mel_windows(sound) - mel_windows(changed)).reshape(30, 11, 80)
    # Every frame loses a little with the recording's mean; those that hear frame 20 change a lot.
    near = apart.max(axis=(1, 2)) > 1
    assert near[15:26].all() and not near[:15].any() and not near[27:].any()


def test_loudness_does_not_count() -> None:
    sound = _noise(20)
    np.testing.assert_allclose(mel_windows(sound), mel_windows(0.5 * sound), atol=1e-4)


def test_what_ships_hears_bursts_and_keeps_scores_in_range() -> None:
    sound = _noise(100)
    loud = np.sin(np.arange(100) / 3) > 0
    sound *= np.repeat(np.where(loud, 1, 0.01), 640).astype(np.float32)
    pose, expression = predict(sound)
    assert pose.shape == (100, 6) and expression.shape == (100, EXPRESSION_DIM)
    assert expression[:, :43].min() >= 0 and expression[:, :43].max() <= 1
    jaw = expression[:, EXPRESSION_NAMES.index("jawOpen")]
    assert jaw[loud].mean() != pytest.approx(jaw[~loud].mean(), abs=1e-4)
    np.testing.assert_array_equal(predict(sound)[1], expression)
