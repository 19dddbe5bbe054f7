"""Probes read what is there, and less of it through noise."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from openvasa.audio.network import AudioNetwork  # noqa: E402
from openvasa.train.audio_data import MOUTHS, PHONES, Recording  # noqa: E402
from openvasa.train.audio_probe import noisy, probe  # noqa: E402
from openvasa.train.sound_augment import speech_level  # noqa: E402


def recording(seed: int, split: str, language: str = "") -> Recording:
    """Tones that tell which of three mouths is made; the teacher's states say it outright."""
    draw = np.random.default_rng(seed)
    shapes = np.repeat(draw.integers(0, 3, 10), 4)
    hertz = np.repeat(np.array([200.0, 700.0, 2500.0])[shapes], 640)
    sound = 0.1 * np.sin(2 * np.pi * np.cumsum(hertz) / 16_000)
    mouths = np.eye(len(MOUTHS), dtype=np.float32)[shapes]
    phones = np.eye(len(PHONES), dtype=np.float32)[shapes]
    states = np.concatenate([mouths, draw.normal(size=(40, 5)) * 0.01], 1).astype(np.float32)
    return Recording(f"r{seed}", split, sound.astype(np.float32), states, mouths, phones, language)


def test_the_clearer_the_features_the_better_they_are_read() -> None:
    torch.manual_seed(0)
    pieces = [recording(seed, "held_out" if seed > 8 else "train") for seed in range(12)]
    found = probe(AudioNetwork(32).eval(), pieces)
    assert found["teacher"]["mouth"] > 0.9
    assert found["mel"]["mouth"] > 0.8
    assert found["mel, noise"]["mouth"] <= found["mel"]["mouth"]
    assert set(found) == {
        "mel", "mel, noise", "mel, telephone", "teacher",
        "student", "student, noise", "student, telephone",
    }  # fmt: skip


def test_languages_held_out_are_told_apart() -> None:
    torch.manual_seed(0)
    told = {9: "es", 10: "it", 11: "es"}
    pieces = [
        recording(seed, "held_out" if seed in told else "train", told.get(seed, "en"))
        for seed in range(12)
    ]
    found = probe(AudioNetwork(32).eval(), pieces)
    for name in ("mel", "teacher", "student"):
        es, it = (found[f"{name}, {language}"]["mouth"] for language in ("es", "it"))
        assert found[name]["mouth"] == pytest.approx((2 * es + it) / 3)
        assert f"{name}, en" not in found


def test_noise_lies_ten_decibels_below_the_speech() -> None:
    sound = recording(0, "train").samples
    for level in (0.1, 1.0):
        noise = noisy(level * sound) - level * sound
        assert noise.std() == pytest.approx(speech_level(level * sound) * 10**-0.5, rel=0.05)
