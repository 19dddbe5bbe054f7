"""Ridge regression finds what is there; the command writes what `predict` reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.metrics import mel_regression
from openvasa.metrics.mel_regression import mel_windows, predict
from openvasa.train import mel_regression as fitting
from openvasa.train.mel_regression import fit_regression, main
from openvasa.types import InputError


def _noise(frames: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, 640 * frames).astype(np.float32)


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


def test_without_clips_there_is_nothing_to_fit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="training clips"):
        fit_regression([])
    assert main([str(tmp_path / "nowhere"), "--out", str(tmp_path / "m.safetensors")]) == 2
    assert not list(tmp_path.iterdir())


def test_the_command_fits_what_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = mel_windows(_noise(50))
    clip = heard, np.full((50, 6), 0.25, np.float32), np.full((50, 45), 0.5, np.float32)
    monkeypatch.setattr(fitting, "_clips", lambda store: [clip])
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
