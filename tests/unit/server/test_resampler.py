"""Sound of any rate, piece by piece."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.server.resampler import Resampler
from openvasa.types import InputError


def _tone(rate: int, seconds: float = 0.5) -> np.ndarray:
    return (12_000 * np.sin(2 * np.pi * 300 * np.arange(round(rate * seconds)) / rate)).astype(
        "<i2"
    )


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_pieces_make_the_same_sound_as_the_whole(rate: int) -> None:
    sound = _tone(rate)
    whole = Resampler(rate)
    at_once = np.concatenate([whole(sound.tobytes()), whole.flush()])
    resampler, rng, pieces, start = Resampler(rate), np.random.default_rng(0), [], 0
    while start < len(sound):
        end = start + int(rng.integers(0, rate // 20))
        pieces.append(resampler(sound[start:end].tobytes()))
        start = end
    assert np.array_equal(np.concatenate([*pieces, resampler.flush()]), at_once)
    assert abs(len(at_once) - 8_000) <= 2
    expected = _tone(16_000)[1000:7000] / 32768
    assert np.abs(at_once[1000:7000] - expected).max() < 0.02


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(InputError, match="even number"):
        Resampler(16_000)(b"abc")
