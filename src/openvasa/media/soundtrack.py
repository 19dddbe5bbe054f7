"""The sound that goes into a video: any source, taken in exact amounts, silent after its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from openvasa.media.audio import decode_audio
from openvasa.types import SAMPLE_RATE, Array

SOUND_RATE = 48_000  # samples per second


class SoundTrack:
    """Sound at 48 kHz, mono or stereo, read as it is needed.

    Args:
        sound: An audio or video file, or f32 [N] mono samples at 16 kHz.

    Attributes:
        channels: 1 or 2; a source with more channels becomes mono.

    Raises:
        InputError: The file has no sound that can be read.
    """

    def __init__(self, sound: str | Path | Array) -> None:
        """Opens the sound and reads its first piece."""
        self._pieces = _resampled(sound) if isinstance(sound, np.ndarray) else _decoded(sound)
        first = next(self._pieces, None)
        self._waiting = np.zeros((1, 0), np.float32) if first is None else first
        self.channels = len(self._waiting)

    def take(self, count: int) -> Array:
        """The next `count` samples, f32 [channels, count] in [-1, 1].

        Raises:
            InputError: The file proves to be damaged or cut short.
        """
        while self._waiting.shape[1] < count:
            piece = next(self._pieces, None)
            if piece is None:
                lack = count - self._waiting.shape[1]
                piece = np.zeros((self.channels, lack), np.float32)
            elif len(piece) != self.channels:
                piece = np.repeat(piece.mean(axis=0, keepdims=True), self.channels, axis=0)
            self._waiting = np.concatenate([self._waiting, piece], axis=1)
        taken, self._waiting = self._waiting[:, :count], self._waiting[:, count:]
        return np.ascontiguousarray(np.clip(taken, -1.0, 1.0))


def _decoded(path: str | Path) -> Iterator[Array]:
    for piece in decode_audio(path, SOUND_RATE):
        yield piece if len(piece) <= 2 else piece.mean(axis=0, keepdims=True)


def _resampled(samples: Array) -> Iterator[Array]:
    """Mono samples at 16 kHz brought to 48 kHz, second by second."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=SOUND_RATE)
    for start in range(0, len(samples), SAMPLE_RATE):
        block = np.ascontiguousarray(samples[None, start : start + SAMPLE_RATE], np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        yield from _arrays(resampler.resample(frame))
    yield from _arrays(resampler.resample(None))


def _arrays(frames: list[av.AudioFrame]) -> Iterator[Array]:
    for frame in frames:
        if frame.samples:
            yield frame.to_ndarray().astype(np.float32, copy=False)
