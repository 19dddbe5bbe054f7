"""The encoder of Whisper base as a teacher for the compact audio encoder; used only in training.

Reads OpenAI's weights (MIT) from a CTranslate2 `model.bin`. Knows nothing of students.
"""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from openvasa.audio.mel import filters
from openvasa.types import SAMPLE_RATE, Array, InputError

_TYPES = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}


def read_tensors(path: Path) -> dict[str, Array]:
    """The encoder's tensors of a CTranslate2 model file, version 6, as f32.

    Raises:
        InputError: If the file is not such a model.
    """
    if not path.exists():
        raise InputError(f"Put the Whisper base model.bin at {path} (see docs/data.md).")
    data, at = path.read_bytes(), 0

    def take(code: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from("<" + code, data, at)
        at += struct.calcsize("<" + code)
        return int(value)

    def text() -> str:
        nonlocal at
        length = take("H")
        at += length
        return data[at - length : at - 1].decode()

    version = take("I")
    if version != 6:
        raise InputError(f"{path} has CTranslate2 version {version}; version 6 is needed.")
    text()
    take("I")
    tensors: dict[str, Array] = {}
    for _ in range(take("I")):
        name = text()
        shape = [take("I") for _ in range(take("B"))]
        kind, size = take("B"), take("I")
        if name.startswith("encoder/"):
            raw = np.frombuffer(data, _TYPES[kind], size // np.dtype(_TYPES[kind]).itemsize, at)
            tensors[name.removeprefix("encoder/")] = raw.reshape(shape).astype(np.float32)
        at += size
    return tensors


def whisper_mel(samples: Array) -> Array:
    """Whisper's own log-mel: centered windows, f32 [80, N // 160]."""
    padded = np.pad(samples.astype(np.float32), 200, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160][: len(samples) // 160]
    spectrum = np.fft.rfft(windows * np.hanning(401)[:-1].astype(np.float32), axis=-1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ filters()
    log = np.log10(np.maximum(power, 1e-10))
    return np.ascontiguousarray(((np.maximum(log, log.max() - 8.0) + 4.0) / 4.0).T)


class Teacher:
    """Whisper base's encoder with every layer readable."""

    layers = 6
    width = 512

    def __init__(self, path: Path) -> None:
        """Read the weights from a CTranslate2 model.bin."""
        self._tensors = {k: torch.from_numpy(v) for k, v in read_tensors(path).items()}

    @torch.no_grad()
    def states(self, mel: Array) -> Tensor:
        """Every layer's output.

        Args:
            mel: f32 [80, n], n even and at most 3000.

        Returns:
            f32 [7, n // 2, 512] at 50 Hz: after each of the six layers, then normalized.
        """
        w = self._tensors
        x = torch.from_numpy(mel)[None]
        x = functional.gelu(functional.conv1d(x, w["conv1/weight"], w["conv1/bias"], padding=1))
        x = functional.conv1d(x, w["conv2/weight"], w["conv2/bias"], stride=2, padding=1)
        x = functional.gelu(x)[0].T
        x = x + w["position_encodings/encodings"][: len(x)]
        kept = []
        for layer in range(self.layers):
            name = f"layer_{layer}"
            x = x + self._attend(self._norm(x, f"{name}/self_attention/layer_norm"), name)
            y = self._linear(self._norm(x, f"{name}/ffn/layer_norm"), f"{name}/ffn/linear_0")
            x = x + self._linear(functional.gelu(y), f"{name}/ffn/linear_1")
            kept.append(x)
        return torch.stack([*kept, self._norm(x, "layer_norm")])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        gamma, beta = self._tensors[f"{name}/gamma"], self._tensors[f"{name}/beta"]
        return functional.layer_norm(x, (self.width,), gamma, beta)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._tensors[f"{name}/weight"], self._tensors[f"{name}/bias"])

    def _attend(self, x: Tensor, name: str) -> Tensor:
        joined = self._linear(x, f"{name}/self_attention/linear_0")
        q, k, v = joined.reshape(len(x), 3, 8, 64).permute(1, 2, 0, 3)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        flat = mixed.transpose(0, 1).reshape(len(x), self.width)
        return self._linear(flat, f"{name}/self_attention/linear_1")


def at_25_hz(states: Array, frames: int) -> Array:
    """Weighted mean of the three 50 Hz states around each 25 Hz frame, f32 [frames, D]."""
    needed = 2 * frames + 1
    padded = np.concatenate([states, np.repeat(states[-1:], max(0, needed - len(states)), 0)])
    left, middle, right = (padded[i : i + 2 * frames : 2] for i in range(3))
    mean: Array = (0.25 * left + 0.5 * middle + 0.25 * right).astype(np.float32)
    return mean


def teach(teacher: Teacher, samples: Array, layer: int) -> Array:
    """Features of one layer for a recording.

    Args:
        teacher: The teacher.
        samples: f32 [N] at 16 kHz, at most 29 s.
        layer: 0 to 5 for the layers' outputs, 6 for the normalized last one.

    Returns:
        f32 [ceil(N / 640), 512].
    """
    frames = -(-len(samples) // 640)
    quiet = np.zeros(frames * 640 - len(samples) + SAMPLE_RATE // 2, np.float32)
    mel = whisper_mel(np.concatenate([samples, quiet]))
    states = teacher.states(mel[:, : mel.shape[1] // 2 * 2])[layer]
    return at_25_hz(states.numpy(), frames)


@cache
def load_teacher(path: Path) -> Teacher:
    """The teacher, read once."""
    return Teacher(path)
