"""PCM of any rate, piece by piece -> f32 at 16 kHz; what one stream remembers stays with it."""

from __future__ import annotations

import av
import numpy as np

from openvasa.types import SAMPLE_RATE, Array, InputError


class Resampler:
    """Turns the 16-bit mono sound of one client into the model's."""

    def __init__(self, rate: int) -> None:
        """Samples a second of what comes."""
        self._rate = rate
        self._graph = self._create()

    def __call__(self, pcm: bytes) -> Array:
        """More sound.

        Args:
            pcm: Signed 16-bit little-endian samples.

        Returns:
            f32 [n] at 16 kHz in [-1, 1]; a filter holds back some milliseconds.

        Raises:
            InputError: The bytes are no whole number of samples.
        """
        if len(pcm) % 2:
            raise InputError("sound is 16-bit mono: send an even number of bytes.")
        samples = np.frombuffer(pcm, "<i2")
        if self._rate == SAMPLE_RATE:
            return (samples / 32768).astype(np.float32)
        if not len(samples):
            return np.zeros(0, np.float32)
        frame = av.AudioFrame.from_ndarray(samples[None].copy(), format="s16", layout="mono")
        frame.sample_rate = self._rate
        return self._pulled(frame)

    def flush(self) -> Array:
        """What the filter held back; it then begins anew."""
        if self._rate == SAMPLE_RATE:
            return np.zeros(0, np.float32)
        rest = self._pulled(None)
        self._graph = self._create()
        return rest

    def _create(self) -> av.AudioResampler:
        return av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)

    def _pulled(self, frame: av.AudioFrame | None) -> Array:
        pieces = [piece.to_ndarray()[0] for piece in self._graph.resample(frame)]
        return np.concatenate([np.zeros(0, np.float32), *pieces]).astype(np.float32)
