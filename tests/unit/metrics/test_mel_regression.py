"""A regression that hears a window of sound, fitted to what is known and shipped with the code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.metrics import mel_regression
from openvasa.metrics.mel_regression import fit_regression, main, mel_windows, predict
from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES, InputError


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


def test_a_linear_law_is_found() -> None:
    rng = np.random.default_rng(1)
    heard = rng.standard_normal((3000, 880))
    law = rng.standard_normal((880, 51)) / 30
    seen = (heard @ law + 0.3).astype(np.float32)
    weights, bias = fit_regression([(heard, seen[:, :6], seen[:, 6:])], ridge=1e-6)
    np.testing.assert_allclose(weights, law, atol=1e-3)
    np.testing.assert_allclose(bias, 0.3, atol=1e-3)


def test_a_stronger_penalty_moves_less() -> None:
    rng = np.random.default_rng(2)
    heard = rng.standard_normal((1000, 880))
    seen = rng.standard_normal((1000, 51)).astype(np.float32)
    weak, strong = (fit_regression([(heard, seen[:, :6], seen[:, 6:])], r)[0] for r in (0.1, 10))
    assert np.linalg.norm(strong) < 0.2 * np.linalg.norm(weak)


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


def test_without_clips_there_is_nothing_to_fit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="training clips"):
        fit_regression([])
    assert main([str(tmp_path / "nowhere"), "--out", str(tmp_path / "m.safetensors")]) == 2
    assert not list(tmp_path.iterdir())


def test_the_command_fits_what_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = mel_windows(_noise(50))
    clip = heard, np.full((50, 6), 0.25, np.float32), np.full((50, 45), 0.5, np.float32)
    monkeypatch.setattr(mel_regression, "_clips", lambda store: [clip])
    out = tmp_path / "new" / "m.safetensors"
    assert main([str(tmp_path), "--out", str(out)]) == 0
    monkeypatch.setattr(mel_regression, "SHIPPED", out)
    mel_regression._shipped.cache_clear()
    try:
        pose, expression = predict(_noise(10))
    finally:
        mel_regression._shipped.cache_clear()
    np.testing.assert_allclose(pose, 0.25, atol=1e-3)
    np.testing.assert_allclose(expression, 0.5, atol=1e-3)
