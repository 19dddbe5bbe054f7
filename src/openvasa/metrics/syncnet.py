"""The published SyncNet (Chung and Zisserman, 2016), for those who have its file.

Pictures: 5 frames of 224 pixels, blue first, 0 to 255. Sound: 20 steps of 13 mel cepstra (25 ms
every 10 ms, 26 filters to 8 kHz, pre-emphasis 0.97, lifter 22, log energy first) of 16-bit samples.
`openvasa.metrics.networks` turns `syncnet_v2.model` into the file. Knows nothing of videos.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from safetensors.torch import load_file
from torch import Tensor, nn

from openvasa.metrics.sync import WINDOW
from openvasa.types import FPS, SAMPLE_RATE, Array, Image, InputError

Floats = NDArray[np.float64]

_STEPS = 4  # of cepstra a frame
_LENGTH, _HOP, _FFT, _FILTERS, _CEPSTRA, _LIFTER = 400, 160, 512, 26, 13, 22
_EMPHASIS = 0.97
_BATCH = 8


class SyncNet(nn.Module):
    """The network; names of its parts are those of the published file."""

    def __init__(self) -> None:
        """Builds it without weights."""
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_flat(1, 64, (3, 3), 1), nn.MaxPool2d((1, 1), (1, 1)),
            *_flat(64, 192, (3, 3), 1), nn.MaxPool2d((3, 3), (1, 2)),
            *_flat(192, 384, (3, 3), 1), *_flat(384, 256, (3, 3), 1),
            *_flat(256, 256, (3, 3), 1), nn.MaxPool2d((3, 3), (2, 2)),
            *_flat(256, 512, (5, 4), 0),
        )  # fmt: skip
        self.netcnnlip = nn.Sequential(
            *_deep(3, 96, (5, 7, 7), (1, 2, 2), 0), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_deep(96, 256, (1, 5, 5), (1, 2, 2), 1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_deep(256, 256, (1, 3, 3), 1, 1), *_deep(256, 256, (1, 3, 3), 1, 1),
            *_deep(256, 256, (1, 3, 3), 1, 1), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_deep(256, 512, (1, 6, 6), 1, 0),
        )  # fmt: skip
        self.netfcaud, self.netfclip = _ends(), _ends()

    def sound(self, cepstra: Tensor) -> Tensor:
        """Vectors [N, 1024] of cepstra [N, 1, 13, 20]."""
        return self.netfcaud(self.netcnnaud(cepstra).flatten(1))

    def lips(self, frames: Tensor) -> Tensor:
        """Vectors [N, 1024] of frames [N, 3, 5, 224, 224]."""
        return self.netfclip(self.netcnnlip(frames).flatten(1))


def load(path: Path) -> SyncNet:
    """The network with the weights of a file.

    Raises:
        InputError: The file is another one.
    """
    network = SyncNet()
    try:
        network.load_state_dict(load_file(str(path)))
    except RuntimeError as error:
        raise InputError(
            f"'{path}' holds no SyncNet: prepare it with openvasa.metrics.networks."
        ) from error
    return network.eval()


def convert(source: Path, target: Path) -> None:
    """Turns the published weights (a state dictionary of torch) into safetensors.

    Raises:
        InputError: The file holds anything else.
    """
    try:
        state = torch.load(source, map_location="cpu", weights_only=True)
        SyncNet().load_state_dict(state)
    except Exception as error:  # what torch raises depends on what the file is
        raise InputError(f"'{source}' is not syncnet_v2.model: give that file.") from error
    save_file({n: np.ascontiguousarray(v.numpy()) for n, v in state.items()}, str(target))


@torch.no_grad()
def picture_vectors(network: SyncNet, squares: list[Image]) -> Floats:
    """Vectors of all windows of head squares u8 [224, 224, 3]: f64 [T - 4, 1024]."""
    blue_first = np.stack([square[:, :, ::-1] for square in squares])
    video = torch.from_numpy(np.ascontiguousarray(blue_first.transpose(3, 0, 1, 2)))
    starts = range(len(squares) - WINDOW + 1)
    out = []
    for first in range(0, len(starts), _BATCH):
        part = [video[:, t : t + WINDOW].float() for t in starts[first : first + _BATCH]]
        out.append(network.lips(torch.stack(part)).double().numpy())
    return np.concatenate(out)


@torch.no_grad()
def sound_vectors(network: SyncNet, sound: Array) -> Floats:
    """Vectors of all windows of a sound f32 [640 T] in [-1, 1]: f64 [T - 4, 1024]."""
    frames = len(sound) * FPS // SAMPLE_RATE
    cepstra = mfcc(np.rint(np.clip(sound, -1, 1) * 32767).astype(np.float64)).T
    steps = WINDOW * _STEPS
    cepstra = np.pad(cepstra, ((0, 0), (0, max(0, frames * _STEPS - cepstra.shape[1]))), "edge")
    view = [cepstra[:, _STEPS * t : _STEPS * t + steps] for t in range(frames - WINDOW + 1)]
    batch = torch.from_numpy(np.stack(view)[:, None].astype(np.float32))
    return np.asarray(network.sound(batch).double().numpy())


def mfcc(samples: Floats) -> Floats:
    """Mel cepstra [ceil((N - 400) / 160) + 1, 13] of samples [N] in 16-bit units."""
    raised = np.append(samples[0], samples[1:] - _EMPHASIS * samples[:-1])
    count = 1 + max(0, -(-(len(raised) - _LENGTH) // _HOP))
    raised = np.append(raised, np.zeros(max(0, (count - 1) * _HOP + _LENGTH - len(raised))))
    frames = np.lib.stride_tricks.sliding_window_view(raised, _LENGTH)[::_HOP][:count]
    power = np.abs(np.fft.rfft(frames, _FFT)) ** 2 / _FFT
    tiny = np.finfo(float).eps
    energy = np.maximum(power.sum(1), tiny)
    bands = np.log(np.maximum(power @ _filters().T, tiny))
    cepstra = bands @ _cosines().T
    cepstra *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(_CEPSTRA) / _LIFTER)
    cepstra[:, 0] = np.log(energy)
    return np.asarray(cepstra)


@cache
def _filters() -> Floats:
    """Triangles on the mel scale, [26, 257]."""
    top = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, top, _FILTERS + 2) / 2595) - 1)
    bins = np.floor((_FFT + 1) * hertz / SAMPLE_RATE)
    k = np.arange(_FFT // 2 + 1)
    rise = (k - bins[:-2, None]) / (bins[1:-1] - bins[:-2])[:, None]
    fall = (bins[2:, None] - k) / (bins[2:] - bins[1:-1])[:, None]
    return np.maximum(0, np.minimum(rise, fall))


@cache
def _cosines() -> Floats:
    """The orthonormal cosine transform (type II), [13, 26]."""
    n, k = np.arange(_FILTERS), np.arange(_CEPSTRA)
    basis = np.cos(np.pi * k[:, None] * (2 * n + 1) / (2 * _FILTERS)) * np.sqrt(2 / _FILTERS)
    basis[0] /= np.sqrt(2)
    return basis


def _flat(inner: int, outer: int, size: tuple[int, int], around: int) -> list[nn.Module]:
    return [nn.Conv2d(inner, outer, size, padding=around), nn.BatchNorm2d(outer), nn.ReLU()]


def _deep(
    inner: int, outer: int, size: tuple[int, int, int], step: int | tuple[int, int, int],
    around: int,
) -> list[nn.Module]:  # fmt: skip
    padding = (0, around, around)
    conv = nn.Conv3d(inner, outer, size, step, padding)
    return [conv, nn.BatchNorm3d(outer), nn.ReLU()]


def _ends() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))
