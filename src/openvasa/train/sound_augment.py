"""What rooms, microphones, telephones, other people and music do to speech, for training.

Every disturbance is laid relative to the speech's own level, so that a quiet recording is not
drowned and a loud one not spared. Knows nothing of networks.
"""

from __future__ import annotations

import numpy as np

from openvasa.types import SAMPLE_RATE, Array

_QUIET = 1e-3  # RMS below which a crop holds no speech to measure noise against
_USUAL = 0.08  # RMS of speech as recordings have it; also the level of noise alone
Draw = np.random.Generator


def augment(sound: Array, draw: Draw, other: Array | None = None) -> Array:
    """One speaker's sound as it may arrive.

    Args:
        sound: f32 [N] mono at 16 kHz in [-1, 1].
        draw: Source of chance; the same state gives the same result.
        other: f32 [M], M >= 1: other people's speech, which may be heard in the background.

    Returns:
        f32 [N] in [-1, 1]: perhaps with reverberation, noise from 30 to 3 dB below the speech
        (white, rumbling, music or voices), a telephone's band and companding, and another level.
    """
    level = speech_level(sound)
    if draw.random() < 0.25:
        sound = _reverberated(sound, draw)
    if draw.random() < 0.6:
        noise = _disturbance(len(sound), draw, other)
        below = draw.triangular(3, 12, 30)
        sound = sound + noise * (level * 10 ** (-below / 20) / max(float(noise.std()), 1e-6))
    if draw.random() < 0.2:
        sound = telephone(sound, draw.uniform(100, 350), draw.uniform(3000, 4500))
        if draw.random() < 0.5:
            sound = _companded(sound)
    gain = 10 ** (draw.uniform(-16, 8) / 20)
    return np.clip(sound * gain, -1.0, 1.0).astype(np.float32)


def speech_level(sound: Array) -> float:
    """RMS of the louder half of the 25 ms blocks; the usual level where nothing is heard."""
    blocks = sound[: len(sound) // 400 * 400].reshape(-1, 400)
    if not len(blocks):
        return _USUAL
    power = np.sort((blocks.astype(np.float64) ** 2).mean(1))
    level = float(np.sqrt(power[len(power) // 2 :].mean()))
    return level if level > _QUIET else _USUAL


def telephone(sound: Array, low: float, high: float) -> Array:
    """Only what lies between two frequencies in Hz; 30 dB less of the rest."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    spectrum[(hertz < low) | (hertz > high)] *= 0.03
    return np.fft.irfft(spectrum, len(sound)).astype(np.float32)


def music(length: int, draw: Draw) -> Array:
    """Chords of plucked harmonic tones over a beat, f32 [length]; invented, so no one's song."""
    times = np.arange(length) / SAMPLE_RATE
    beat = draw.uniform(0.3, 0.7)  # seconds
    out = np.zeros(length)
    root = draw.uniform(110, 260)
    for start in np.arange(-draw.uniform(0, beat), times[-1], beat):
        since = np.maximum(times - start, 0.0)
        begun = times >= start
        for step in draw.choice([0, 3, 4, 5, 7, 9, 12, 16], size=3, replace=False):
            hertz = root * 2 ** (step / 12)
            decay = np.exp(-since * draw.uniform(1.5, 6.0)) * begun
            for partial in range(1, 6):
                out += decay * np.sin(2 * np.pi * hertz * partial * since) / partial**1.5
        hit = np.exp(-since * 40.0) * begun * draw.normal(size=length)
        out += draw.uniform(0.0, 2.0) * hit
    return out.astype(np.float32)


def _disturbance(length: int, draw: Draw, other: Array | None) -> Array:
    kind = draw.random()
    if other is not None and kind < 0.25:
        voices = [_piece(other, length, draw) for _ in range(int(draw.integers(2, 5)))]
        return np.sum(voices, axis=0).astype(np.float32)
    if kind < 0.45:
        return music(length, draw)
    noise = draw.normal(size=length)
    if kind < 0.75:  # most rooms rumble more than they hiss
        tilt = np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE), 60.0) ** -draw.uniform(0.4, 1.0)
        noise = np.fft.irfft(np.fft.rfft(noise) * tilt, length)
    return noise.astype(np.float32)


def _piece(sound: Array, length: int, draw: Draw) -> Array:
    return np.roll(np.resize(sound, max(length, len(sound))), draw.integers(len(sound)))[:length]


def _reverberated(sound: Array, draw: Draw) -> Array:
    length = int(draw.uniform(0.08, 0.35) * SAMPLE_RATE)
    decay = np.exp(-6.9 * np.arange(length) / length) * draw.normal(size=length)
    echo = np.concatenate([[1.0], decay[1:] * draw.uniform(0.02, 0.12)])
    size = 1 << (len(sound) + length).bit_length()
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(echo, size))
    return wet[: len(sound)].astype(np.float32)


def _companded(sound: Array) -> Array:
    """Eight bits on the mu-law scale (ITU-T G.711) and back."""
    peak = max(float(np.abs(sound).max()), 1e-6)
    x = sound / peak
    code = np.round(np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256) * 127) / 127
    return (np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255 * peak).astype(np.float32)
