"""How well linear probes read mouth shapes and phones, from clean sound and through disturbances.

Knows nothing of how networks are trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from openvasa.audio.encoder import AudioEncoder
from openvasa.audio.mel import log_mel
from openvasa.audio.network import AudioNetwork
from openvasa.train.audio_data import Recording
from openvasa.train.sound_augment import speech_level, telephone
from openvasa.types import Array

NOISE = 10.0  # dB below the speech
BAND = (300.0, 3400.0)  # Hz, of a telephone
RIDGE = 100.0
Report = dict[str, dict[str, float]]


def encode(network: AudioNetwork, samples: Array) -> Array:
    """Features of a recording straight from torch, f32 [T, 128]."""

    def forward(_: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        with torch.no_grad():
            return {"features": network(torch.from_numpy(inputs["mel"])).numpy()}

    return AudioEncoder(forward).encode(samples)


def noisy(samples: Array) -> Array:
    """The sound under white noise, the same every time."""
    noise = np.random.default_rng(1).normal(size=len(samples))
    level = speech_level(samples) * 10 ** (-NOISE / 20)
    return (samples + level * noise).astype(np.float32)


DISTURBED: dict[str, Callable[[Array], Array]] = {
    "noise": noisy, "telephone": lambda samples: telephone(samples, *BAND),
}  # fmt: skip


def probe(network: AudioNetwork, recordings: list[Recording]) -> Report:
    """Fits probes on labelled training recordings, judges them on the voices held out.

    Returns:
        For each feature set (mel, teacher, student; then mel and student under noise 10 dB below
        the speech and through a telephone's band, with the probes of clean sound): accuracy of
        mouths and phones, and recall and precision of closed lips. Where the recordings held out
        tell their language, `mel, es` and so on are those of clean sound in it alone.
    """
    labelled = [r for r in recordings if len(r.mouths)]
    fitted = [r for r in labelled if r.split == "train"]
    held = [r for r in labelled if r.split != "train"]
    sets: dict[str, Callable[[Recording, Array], Array]] = {
        "mel": lambda r, samples: log_mel(samples).reshape(len(r.mouths), -1),
        "teacher": lambda r, _: r.states,  # of the clean sound
        "student": lambda _, samples: encode(network, samples),
    }
    report: Report = {}
    for name, read in sets.items():
        judge = _Probe([read(r, r.samples) for r in fitted], fitted)
        report[name] = judge([read(r, r.samples) for r in held], held)
        for language in sorted({r.language for r in held} - {""}):
            own = [r for r in held if r.language == language]
            report[f"{name}, {language}"] = judge([read(r, r.samples) for r in own], own)
        for what, disturb in DISTURBED.items() if name != "teacher" else ():
            report[f"{name}, {what}"] = judge([read(r, disturb(r.samples)) for r in held], held)
    return report


class _Probe:
    """Ridge regressions onto mouths and phones."""

    def __init__(self, features: list[Array], recordings: list[Recording]) -> None:
        values = np.concatenate(features)
        self._mean, self._scale = values.mean(0), values.std(0) + 1e-3
        inputs = self._inputs(features)
        gram = inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1])
        targets = np.concatenate([_labels(r) for r in recordings])
        self._weights = np.linalg.solve(gram, inputs.T @ targets)
        self._mouths = recordings[0].mouths.shape[1]

    def _inputs(self, features: list[Array]) -> NDArray[np.float64]:
        values = (np.concatenate(features) - self._mean) / self._scale
        return np.concatenate([values, np.ones((len(values), 1))], 1).astype(np.float64)

    def __call__(self, features: list[Array], recordings: list[Recording]) -> dict[str, float]:
        told = self._inputs(features) @ self._weights
        truth = np.concatenate([_labels(r) for r in recordings])
        cut = self._mouths
        mouth, true = told[:, :cut].argmax(1), truth[:, :cut].argmax(1)
        phone, spoken = told[:, cut:].argmax(1), truth[:, cut:].argmax(1)
        closed = true == 1
        return {
            "mouth": float((mouth == true).mean()),
            "phone": float((phone == spoken).mean()),
            "closed_recall": float((mouth[closed] == 1).sum() / max(1, closed.sum())),
            "closed_precision": float(closed[mouth == 1].sum() / max(1, (mouth == 1).sum())),
        }


def _labels(recording: Recording) -> Array:
    """Mouths and phones side by side, f32 [T, 7 + P]."""
    return np.concatenate([recording.mouths, recording.phones], 1)
