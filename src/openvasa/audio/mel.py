"""Log-mel spectrogram whose every column is fixed by the 400 samples that end with it.

Column k covers samples [160 (k + 1) - 400, 160 (k + 1)); samples before the recording are zero.
Columns are computed in groups of four (one frame), so the result never depends on chunking.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from openvasa.audio.clock import COLUMNS_PER_FRAME, MEL_HOP, MEL_WINDOW
from openvasa.types import SAMPLE_RATE, SAMPLES_PER_FRAME, Array

MEL_BINS = 80
HISTORY = MEL_WINDOW - MEL_HOP  # samples before a frame that its first column still covers
_FLOOR = 1e-6  # power below which everything is silence
_CENTER, _SCALE = -3.0, 2.0  # fixed: brings log10 power of speech to about [-1.5, 2.5]


@cache
def filters() -> Array:
    """Triangular filters, f32 [201, 80], on a mel scale linear to 1 kHz, then logarithmic.

    Each triangle has unit area over Hz (the Slaney convention).
    """
    step = np.log(6.4) / 27.0  # above 1 kHz, 27 mel steps multiply the frequency by 6.4
    top = 15.0 + np.log(SAMPLE_RATE / 2 / 1000.0) / step
    mels = np.linspace(0.0, top, MEL_BINS + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000.0 * np.exp(step * (mels - 15.0)))
    bins = np.arange(MEL_WINDOW // 2 + 1) * SAMPLE_RATE / MEL_WINDOW
    rise = (bins[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - bins[:, None]) / np.diff(edges)[1:]
    triangles = np.maximum(0.0, np.minimum(rise, fall)) * (2.0 / (edges[2:] - edges[:-2]))
    return triangles.astype(np.float32)


@cache
def _window() -> Array:
    turn = 2 * np.pi * np.arange(MEL_WINDOW) / MEL_WINDOW
    return (0.5 - 0.5 * np.cos(turn)).astype(np.float32)


def frame_columns(samples: Array) -> Array:
    """The four mel columns of one frame.

    Args:
        samples: f32 [880]: 240 samples of history, then the frame's own 640.

    Returns:
        f32 [4, 80], normalized by fixed constants to about [-1.5, 2.5].
    """
    windows = np.lib.stride_tricks.sliding_window_view(samples, MEL_WINDOW)[::MEL_HOP]
    return _columns(windows)


def log_mel(samples: Array) -> Array:
    """Log-mel of a whole recording, bit for bit what `frame_columns` gives frame by frame.

    Args:
        samples: f32 [N] in [-1, 1] at 16 kHz; a last partial frame is filled with zeros.

    Returns:
        f32 [4 * ceil(N / 640), 80].
    """
    frames = -(-len(samples) // SAMPLES_PER_FRAME)
    padded = np.zeros(HISTORY + frames * SAMPLES_PER_FRAME, np.float32)
    padded[HISTORY : HISTORY + len(samples)] = samples
    size = HISTORY + SAMPLES_PER_FRAME
    starts = range(0, frames * SAMPLES_PER_FRAME, SAMPLES_PER_FRAME)
    columns = [frame_columns(padded[start : start + size]) for start in starts]
    return np.concatenate(columns) if columns else np.zeros((0, MEL_BINS), np.float32)


def log_mel_batch(samples: Array) -> Array:
    """Log-mel of equally long pieces at once, for training; equal to `log_mel` up to rounding.

    Args:
        samples: f32 [B, 240 + 160 n]: 240 samples of history, then n columns.

    Returns:
        f32 [B, n, 80].
    """
    windows = np.lib.stride_tricks.sliding_window_view(samples, MEL_WINDOW, axis=1)
    return _columns(windows[:, ::MEL_HOP])


def _columns(windows: Array) -> Array:
    spectrum = np.fft.rfft(windows * _window(), axis=-1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    mel = np.maximum(power @ filters(), _FLOOR)
    return ((np.log10(mel) - _CENTER) / _SCALE).astype(np.float32)


assert SAMPLES_PER_FRAME == COLUMNS_PER_FRAME * MEL_HOP
