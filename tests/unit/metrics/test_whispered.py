"""A whisper keeps when and where in the spectrum there is speech, and loses its pitch."""

from __future__ import annotations

import numpy as np

from openvasa.audio.mel import log_mel
from openvasa.metrics.whispered import whispered
from talking_video import speech


def _periodicity(sound: np.ndarray) -> float:
    """How alike the sound is to itself a pitch period (2.5 to 15 ms) later, loud frames only."""
    frames = sound[: len(sound) // 640 * 640].reshape(-1, 640)
    loud = frames[(frames**2).mean(1) > 0.5 * (frames**2).mean()]
    best = []
    for frame in loud:
        whole = np.correlate(frame, frame, "full")[len(frame) - 1 :]
        best.append(whole[40:240].max() / whole[0])
    return float(np.median(best))


def test_pitch_is_gone_and_envelopes_stay() -> None:
    voiced = speech()[: 16_000 * 4]
    made = whispered(voiced)
    assert len(made) == len(voiced) and np.abs(made).max() <= 1
    assert _periodicity(made) < 0.6 * _periodicity(voiced)
    before, after = (log_mel(sound)[:, 20:].mean(1) for sound in (voiced, made))
    assert np.corrcoef(before, after)[0, 1] > 0.9  # loud where it was loud, and when
    assert (made**2).mean() < 0.2 * (voiced**2).mean()


def test_silence_stays_silent_and_noise_is_fixed() -> None:
    assert not whispered(np.zeros(5000, np.float32)).any()
    np.testing.assert_array_equal(whispered(speech()[:8000]), whispered(speech()[:8000]))
