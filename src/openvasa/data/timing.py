"""How late the phone times of a set of recordings are, measured on the sibilants.

A text-to-speech model's durations can sit some tens of milliseconds off the sound they label; lips
made from them would lag. Sibilants show their own middle: the sound's treble peaks there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openvasa.data.visemes import Segment
from openvasa.types import SAMPLE_RATE, Array

STEP = 0.005  # seconds between measurements of the sound
REACH = 0.15  # seconds searched on either side of a label's middle
MIN_SIBILANTS = 20  # fewer say nothing; the lag is then taken as 0
_SIBILANTS = ("s", "ʃ")


def _treble(audio: Array) -> NDArray[np.float64]:
    """Share of treble in the sound, in dB, one value per `STEP`."""
    hop = int(STEP * SAMPLE_RATE)
    bright = np.diff(np.asarray(audio, np.float64), 2, prepend=0, append=0)
    window = np.ones(3 * hop) / (3 * hop)
    top, all_ = (np.convolve(x * x, window, "same")[::hop] + 1e-9 for x in (bright, audio))
    return 10 * np.log10(top / all_)


def sibilant_lags(audio: Array, segments: Sequence[Segment]) -> list[float]:
    """Seconds by which each lone sibilant's label comes after its sound (negative: before).

    Args:
        audio: f32 [N] at 16 kHz.
        segments: Its phones as timed by the labels.
    """
    treble = _treble(audio)
    reach = int(REACH / STEP)
    lags = []
    for i, segment in enumerate(segments[1:-1], 1):
        neighbors = segments[i - 1].key, segments[i + 1].key
        if segment.key not in _SIBILANTS or set(neighbors) & {*_SIBILANTS, "t"}:
            continue
        if segment.start - segments[i - 1].end > 0.05 or segments[i + 1].start > segment.end + 0.05:
            continue
        middle = int((segment.start + segment.end) / 2 / STEP)
        around = treble[middle - reach : middle + reach + 1]
        if middle >= reach and len(around) == 2 * reach + 1:
            loud = np.flatnonzero(around > around.max() - 6)
            lags.append(float(reach - loud.mean()) * STEP)
    return lags


def median_lag(lags: Sequence[float]) -> float:
    """Median of the lags in seconds; 0 when there are too few to tell."""
    return float(np.median(lags)) if len(lags) >= MIN_SIBILANTS else 0.0
