"""Whispered speech made of voiced speech: its spectral envelopes, sounded by noise.

A whisper has the same articulation, hence the same lips, without the voice. Linear prediction
(Makhoul, Proc. IEEE 1975) parts each 25 ms into an envelope and an excitation; noise of the same
energy takes the excitation's place, and the lowest octaves, which the voice had fed, fall off. It
is no real whisper (people whisper slower and with wider mouths): lists must say that it was made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import butter, lfilter

from openvasa.types import SAMPLE_RATE, Array

Floats = NDArray[np.float64]

_WINDOW = 400  # samples, 25 ms
_HOP = _WINDOW // 2
_ORDER = 18  # of the prediction: enough for the formants below 8 kHz
_CUT = 400.0  # Hz below which a whisper has little
_LOUDNESS = 0.3  # of the voiced speech


def whispered(sound: Array, seed: int = 0) -> Array:
    """Takes the voice out of speech.

    Args:
        sound: f32 [N >= 1] in [-1, 1] at 16 kHz.
        seed: Of the noise.

    Returns:
        f32 [N] at 16 kHz, quieter, in time with the sound.
    """
    padded = np.pad(sound.astype(np.float64), (_HOP, _WINDOW))
    noise = np.random.default_rng(seed).standard_normal(len(padded))
    window = np.hanning(_WINDOW + 1)[:-1]  # adds up to one at half a window's steps
    made = np.zeros(len(padded))
    for start in range(0, len(padded) - _WINDOW + 1, _HOP):
        place = slice(start, start + _WINDOW)
        made[place] += window * _sounded(padded[place] * window, noise[place])
    high = butter(2, _CUT, "high", fs=SAMPLE_RATE)
    out = lfilter(*high, made)[_HOP : _HOP + len(sound)]
    level = np.sqrt((sound.astype(np.float64) ** 2).mean() / max((out**2).mean(), 1e-12))
    return np.clip(_LOUDNESS * level * out, -1, 1).astype(np.float32)


def _sounded(frame: Floats, noise: Floats) -> Floats:
    """One windowed frame [400] with noise in place of its excitation."""
    lags = np.correlate(frame, frame, "full")[len(frame) - 1 : len(frame) + _ORDER]
    if lags[0] < 1e-8:  # silence
        return np.zeros_like(frame)
    lags[0] *= 1 + 1e-4  # keeps the equations solvable
    predictor = solve_toeplitz(lags[:-1], lags[1:])
    left = max(float(lags[0] - predictor @ lags[1:]), 0.0)  # energy of the excitation
    excitation = noise * np.sqrt(left / len(frame))
    return np.asarray(lfilter([1.0], [1.0, *-predictor], excitation))
