"""Disturbed speech stays speech: bounded, of the same length, and noise measured against it."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.train import sound_augment
from openvasa.types import Array


def speech(level: float = 0.1) -> Array:
    times = np.arange(32_000) / 16_000
    bursts = np.sin(2 * np.pi * 150 * times) * (np.sin(2 * np.pi * 2 * times) > 0)
    return (bursts * level).astype(np.float32)


def test_same_chance_same_sound_and_never_beyond_full_scale() -> None:
    for seed in range(40):
        one, again = (
            sound_augment.augment(speech(0.9), np.random.default_rng(seed), speech())
            for _ in range(2)
        )
        assert np.array_equal(one, again)
        assert one.shape == (32_000,) and one.dtype == np.float32 and np.abs(one).max() <= 1.0


def test_noise_follows_the_level_of_the_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_augment, "telephone", lambda sound, *_: sound)
    monkeypatch.setattr(sound_augment, "_companded", lambda sound: sound)
    for seed in range(20):
        quiet, loud = (
            sound_augment.augment(speech(level), np.random.default_rng(seed))
            for level in (0.004, 0.04)
        )
        if np.abs(loud).max() < 1:
            np.testing.assert_allclose(loud, 10 * quiet, rtol=1e-3, atol=1e-5)


def test_level_is_that_of_what_is_loud_and_silence_has_the_usual_one() -> None:
    assert sound_augment.speech_level(speech(0.1)) == pytest.approx(0.1 / np.sqrt(2), rel=0.05)
    assert sound_augment.speech_level(np.zeros(16_000, np.float32)) == pytest.approx(0.08)
    assert sound_augment.speech_level(np.zeros(10, np.float32)) == pytest.approx(0.08)


def test_a_telephone_keeps_its_band() -> None:
    times = np.arange(16_000) / 16_000
    tones = [np.sin(2 * np.pi * hertz * times).astype(np.float32) for hertz in (60, 1000, 6000)]
    kept = [float(sound_augment.telephone(t, 300, 3400).std() / t.std()) for t in tones]
    assert kept[0] < 0.1 and kept[1] > 0.95 and kept[2] < 0.1


def test_music_is_heard_throughout() -> None:
    made = sound_augment.music(32_000, np.random.default_rng(0))
    assert made.shape == (32_000,)
    assert (made.reshape(8, -1).std(1) > 0.1 * made.std()).all()
