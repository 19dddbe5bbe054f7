"""The sound of any video file, aligned with its pictures by timestamps, a stretch at a time.

Knows nothing of pictures or speech.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from openvasa.data.pcm import Samples, to_pcm
from openvasa.types import SAMPLE_RATE, SAMPLES_PER_FRAME

LARGEST_SLIP = 0.04  # seconds that timestamps may differ from the count of samples
KEPT_BEFORE = 60  # seconds that are kept, for faces whose stretches overlap
LONGEST_PAD = 600.0  # seconds of silence that a jump of timestamps may stand for


class Sound:
    """Sound read forward; memory holds the last minute of it.

    Attributes:
        exists: Whether the file has sound that can be decoded; known after the first `between`.
    """

    def __init__(self, path: Path) -> None:
        """Remembers what to read; the file is opened when sound is asked for."""
        self.path = path
        self.exists = False
        self._kept: list[tuple[int, Samples]] = []
        self._forgotten = self._end = 0
        self._done = False
        self._restart()

    def between(self, start: float, frames: int) -> tuple[Samples, float]:
        """The sound that belongs to some pictures.

        Args:
            start: Seconds in the file's time where the first picture is.
            frames: T.

        Returns:
            i16 [640 T], 16 kHz mono, silence where there is none; and the share that there is.
        """
        first, count = round(start * SAMPLE_RATE), frames * SAMPLES_PER_FRAME
        if first < self._forgotten:
            self._restart()
        self._forgotten = max(self._forgotten, first - KEPT_BEFORE * SAMPLE_RATE)
        while not self._done and self._end < first + count:
            piece = next(self._pieces, None)
            if piece is None:
                self._done = True
            else:
                self._kept.append(piece)
                self._end = piece[0] + len(piece[1])
        out, covered = np.zeros(count, np.int16), 0
        self._kept = [(at, part) for at, part in self._kept if at + len(part) > self._forgotten]
        for at, part in self._kept:
            low, high = max(at, first), min(at + len(part), first + count)
            if high > low:
                out[low - first : high - first] = part[low - at : high - at]
                covered += high - low
        return out, min(1.0, covered / max(count, 1))

    def _restart(self) -> None:
        self._kept = []
        self._pieces = self._read()
        self._forgotten, self._end, self._done = -(10**12), -(10**12), False

    def _read(self) -> Iterator[tuple[int, Samples]]:
        """(first sample on the file's clock, samples), ascending."""
        try:
            with av.open(str(self.path), metadata_errors="ignore") as container:
                stream = container.streams.best("audio")
                if stream is not None:
                    yield from self._resampled(_decoded(container, stream))
        except (av.FFmpegError, OSError, ValueError, MemoryError):
            return  # what decoded before is there, the rest counts as missing

    def _resampled(self, frames: Iterator[av.AudioFrame]) -> Iterator[tuple[int, Samples]]:
        resampler: av.AudioResampler | None = None
        shape, at, due = None, 0, 0.0
        for frame in frames:
            self.exists = True
            time = due if frame.time is None else frame.time
            key = (frame.format.name, frame.layout.name, frame.sample_rate)
            slipped = resampler is not None and abs(time - due) > LARGEST_SLIP
            if resampler is None or key != shape or slipped:
                for part in _pulled(resampler, None):
                    yield at, part
                    at += len(part)
                if slipped and abs(time - due) > LONGEST_PAD:
                    return
                resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
                shape, at = key, round(time * SAMPLE_RATE)
                due = time
            due += frame.samples / frame.sample_rate
            frame.pts = None
            for part in _pulled(resampler, frame):
                yield at, part
                at += len(part)
        for part in _pulled(resampler, None):
            yield at, part
            at += len(part)


def loudness(samples: Samples) -> NDArray[np.float64]:
    """Level of each picture's sound.

    Args:
        samples: i16 [640 T].

    Returns:
        Decibels below full scale, f64 [T], at least -100.
    """
    power = (samples.reshape(-1, SAMPLES_PER_FRAME).astype(np.float64) / 32768) ** 2
    return 10 * np.log10(np.maximum(power.mean(1), 1e-10))


def _decoded(container: Any, stream: Any) -> Iterator[av.AudioFrame]:
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue


def _pulled(resampler: av.AudioResampler | None, frame: av.AudioFrame | None) -> Iterator[Samples]:
    if resampler is None:
        return
    for piece in resampler.resample(frame):
        if piece.samples:
            # Floating-point files may hold NaN, infinity or more than full scale.
            sound = np.nan_to_num(piece.to_ndarray(), posinf=1.0, neginf=-1.0).mean(axis=0)
            yield to_pcm(sound)
