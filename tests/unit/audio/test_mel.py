"""The mel spectrogram: exact framing, chunk invariance, a sensible range."""

import numpy as np

from openvasa.audio.mel import HISTORY, filters, frame_columns, log_mel, log_mel_batch


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).normal(size=samples)).astype(np.float32)


def test_column_depends_on_its_own_400_samples_only() -> None:
    sound = noise(6400)
    column = 20
    changed = sound.copy()
    changed[160 * (column + 1) :] = 0
    changed[: 160 * (column + 1) - 400] = 0
    assert np.array_equal(log_mel(sound)[column], log_mel(changed)[column])
    changed[160 * (column + 1) - 200] += 0.5
    assert not np.array_equal(log_mel(sound)[column], log_mel(changed)[column])


def test_a_prefix_gives_the_same_bits() -> None:
    sound = noise(16000)
    assert np.array_equal(log_mel(sound)[:40], log_mel(sound[:6400]))


def test_a_frame_alone_gives_the_same_bits() -> None:
    sound = noise(6400)
    piece = sound[640 * 3 - HISTORY : 640 * 4]
    assert np.array_equal(frame_columns(piece), log_mel(sound)[12:16])


def test_batch_agrees() -> None:
    sound = noise(6400)
    batch = log_mel_batch(np.concatenate([np.zeros(HISTORY, np.float32), sound])[None])
    np.testing.assert_allclose(batch[0], log_mel(sound), atol=1e-4)


def test_partial_frame_is_filled_with_silence() -> None:
    assert log_mel(noise(641)).shape == (8, 80)
    assert log_mel(noise(0)).shape == (0, 80)


def test_a_tone_lands_in_its_bin() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype(np.float32)
    loudest = log_mel(tone)[50].argmax()
    center = (filters()[:, loudest] * np.arange(201) * 40).sum() / filters()[:, loudest].sum()
    assert abs(center - 1000) < 60


def test_range_is_bounded() -> None:
    assert np.isclose(log_mel(np.zeros(6400, np.float32)).max(), -1.5)
    assert log_mel(np.ones(6400, np.float32)).max() < 5
