"""Prosody of a recording on the motion clock: loudness, pitch and the moments of emphasis.

Plain numpy, good enough to drive nods and brows; knows nothing of faces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openvasa.data.visemes import VISEMES, Segment
from openvasa.types import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME, Array

Curve = NDArray[np.float64]

PITCH_RANGE = (65.0, 420.0)  # Hz
TAIL_DECIBEL = -30.0  # a phone before a pause is over below this, relative to loud speech
VOICING_THRESHOLD = 0.45  # normalized autocorrelation above which a frame is voiced


@dataclass(frozen=True, kw_only=True)
class Prosody:
    """Loudness and pitch per frame.

    Attributes:
        loudness: [T] dB of each frame relative to the loud parts of the recording, 0 at their
            90th percentile, at least -60.
        pitch: [T] semitones relative to the recording's median, 0 where unvoiced (smoothed).
        voiced: [T] 1 where a pitch was found, else 0.
    """

    loudness: Curve
    pitch: Curve
    voiced: Curve


@dataclass(frozen=True)
class Accent:
    """An emphasized syllable: time in seconds and strength in [0, 1]."""

    time: float
    strength: float


def loudness(audio: Array, frames: int) -> Curve:
    """Frame loudness [frames] in dB below the recording's 90th percentile, floored at -60."""
    padded = np.zeros(frames * SAMPLES_PER_FRAME)
    padded[: len(audio)] = audio[: len(padded)]
    power = np.mean(padded.reshape(frames, SAMPLES_PER_FRAME) ** 2, axis=1)
    decibel = 10 * np.log10(power + 1e-9)
    return np.maximum(decibel - max(float(np.percentile(decibel, 90)), -50.0), -60.0)


def pitch_hertz(audio: Array, frames: int) -> Curve:
    """Pitch [frames] in Hz by normalized autocorrelation, 0 where unvoiced.

    Args:
        audio: f32 [N] at 16 kHz; every second sample is used.
        frames: Number of frames at 25 fps; each looks at 48 ms around its middle.
    """
    rate, width = SAMPLE_RATE // 2, 384
    half = np.asarray(audio[::2], np.float64)
    padded = np.pad(half, (width // 2, width + max(0, frames * rate // FPS - len(half))))
    starts = np.arange(frames) * (rate // FPS) + rate // FPS // 2
    windows = padded[starts[:, None] + np.arange(width)] * np.hanning(width)
    windows = windows - windows.mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(windows, 2 * width, axis=1)) ** 2
    correlation = np.fft.irfft(spectrum, axis=1)[:, :width]
    taper = np.correlate(np.hanning(width), np.hanning(width), "full")[width - 1 :]
    correlation /= (correlation[:, :1] + 1e-9) * (taper / taper[0] + 1e-3)
    low, high = int(rate / PITCH_RANGE[1]), int(rate / PITCH_RANGE[0])
    best = low + np.argmax(correlation[:, low : high + 1], axis=1)
    value = correlation[np.arange(frames), best]
    return np.where(value > VOICING_THRESHOLD, rate / best, 0.0)


def measure(audio: Array, frames: int) -> Prosody:
    """Loudness and relative pitch of 16 kHz audio f32 [N] on `frames` frames."""
    level = loudness(audio, frames)
    hertz = np.where(level > -35, pitch_hertz(audio, frames), 0.0)
    voiced = hertz > 0
    semitones = np.zeros(frames)
    if voiced.any():
        semitones[voiced] = 12 * np.log2(hertz[voiced] / np.median(hertz[voiced]))
        semitones = np.clip(semitones, -8, 8)  # octave errors would make the head jump
    weight = np.convolve(voiced, np.ones(5) / 5, "same")
    pitch = np.convolve(semitones * voiced, np.ones(5) / 5, "same") / np.maximum(weight, 0.2)
    return Prosody(loudness=level, pitch=pitch, voiced=voiced.astype(np.float64))


def trim_tails(audio: Array, segments: Sequence[Segment]) -> list[Segment]:
    """Ends each phone before a pause where its sound ends; labels like to swallow the pause.

    Args:
        audio: f32 [N] at 16 kHz.
        segments: Its phones in time order.

    Returns:
        The same phones; those followed by a gap may be shorter, never below 50 ms.
    """
    hop = SAMPLE_RATE // 100
    size = len(audio) // hop
    if not segments or size == 0:
        return list(segments)
    power = np.mean(np.asarray(audio[: size * hop], np.float64).reshape(size, hop) ** 2, axis=1)
    decibel = 10 * np.log10(power + 1e-9)
    heard = decibel > np.percentile(decibel, 90) + TAIL_DECIBEL
    trimmed = []
    for i, segment in enumerate(segments):
        last = i + 1 == len(segments)
        if last or segments[i + 1].start - segment.end > 0.01:
            first, stop = int(segment.start * 100), int(np.ceil(segment.end * 100))
            loud = np.flatnonzero(heard[max(first, 0) : max(stop, 0)])
            sound = (first + loud[-1] + 1) / 100 + 0.03 if len(loud) else segment.start + 0.05
            end = min(segment.end, max(sound, segment.start + 0.05))
            segment = segment._replace(end=end)
        trimmed.append(segment)
    return trimmed


def segment_gains(prosody: Prosody, segments: Sequence[Segment]) -> Curve:
    """Opening size of each segment from its loudness: 0.75 for soft to 1.25 for loud, [S]."""
    gains = np.ones(len(segments))
    for i, segment in enumerate(segments):
        first = int(segment.start * FPS)
        level = prosody.loudness[first : max(first + 1, int(np.ceil(segment.end * FPS)))]
        if len(level):
            gains[i] = np.interp(level.max(), (-24, -6, 2), (0.75, 1.0, 1.25))
    return gains


def accents(prosody: Prosody, segments: Sequence[Segment]) -> list[Accent]:
    """The emphasized syllables: vowels that stand out in stress, loudness, pitch and length.

    At most one within 0.28 s; the strongest third or so of the syllables.
    """
    found: list[Accent] = []
    vowels = [s for s in segments if VISEMES[s.key].vowel]
    for vowel in vowels:
        middle = 0.5 * (vowel.start + vowel.end)
        frame = min(int(middle * FPS), len(prosody.pitch) - 1)
        around = slice(max(0, frame - 12), frame + 13)
        louder = prosody.loudness[frame] - np.mean(np.maximum(prosody.loudness[around], -30))
        higher = prosody.pitch[frame] - np.mean(prosody.pitch[around])
        score = 0.5 * vowel.stress + 0.12 * louder + 0.25 * higher
        score += 2.0 * (vowel.end - vowel.start)
        found.append(Accent(middle, float(score)))
    if not found:
        return []
    floor, ceiling = np.percentile([a.strength for a in found], (55, 97))
    kept: list[Accent] = []
    for accent in sorted(found, key=lambda a: -a.strength):
        apart = all(abs(accent.time - other.time) > 0.28 for other in kept)
        if accent.strength >= floor and apart:
            strength = (accent.strength - floor) / max(ceiling - floor, 1e-6)
            kept.append(Accent(accent.time, float(np.clip(strength, 0.1, 1))))
    return sorted(kept, key=lambda a: a.time)
