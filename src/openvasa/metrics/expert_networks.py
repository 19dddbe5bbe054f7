"""The networks of our own judges, as they are trained; judging runs them as ONNX graphs.

Sync: two networks turn 0.2 s of a mouth and the same 0.2 s of sound into unit vectors. The picture
network sees brightness only, each frame less its mean and over its spread, so that color and light
count little. Its trunk looks at single frames: in training all windows of a clip share its work.
CAPP: two more turn 3 s of a head's motion and of sound into a few numbers a frame.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from openvasa.audio.clock import COLUMNS_PER_FRAME, MEL_HOP, MEL_WINDOW
from openvasa.audio.mel import HISTORY, MEL_BINS, filters
from openvasa.metrics.mouth_crop import MOUTH_SIDE
from openvasa.metrics.sync import WINDOW

SYNC_DIM = 128
CAPP_DIM = 8  # numbers a frame; a window's vector holds those of all its frames
_POSE_UNIT = (0.02, 0.02, 0.01, 0.01, 0.02, 0.01)  # of `capp.pose_rows`: brings them to about 1
_LUMA = (0.299, 0.587, 0.114)


class SyncPicture(nn.Module):
    """Mouths -> vectors."""

    def __init__(self) -> None:
        """Makes it with fresh weights."""
        super().__init__()
        self.trunk = nn.Sequential(
            _conv(1, 32, 7, 4), _conv(32, 64, 3, 2), _conv(64, 64, 3, 1), _conv(64, 128, 3, 2),
            _conv(128, 128, 3, 1), _conv(128, 32, 1, 1), nn.Flatten(),
        )  # fmt: skip
        self.frame = nn.Sequential(nn.Linear(32 * (MOUTH_SIDE // 16) ** 2, 192), nn.ReLU())
        self.time = nn.Sequential(
            nn.Conv1d(192, 256, 3), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.1),
            nn.Conv1d(256, 256, 3), nn.BatchNorm1d(256), nn.ReLU(), nn.Conv1d(256, SYNC_DIM, 1),
        )  # fmt: skip

    def forward(self, pictures: Tensor) -> Tensor:
        """Vectors [N, D] of windows in color, [N, 3, 5, 96, 96] in [0, 1]."""
        luma = sum(share * pictures[:, k] for k, share in enumerate(_LUMA))
        return self.clip(torch.as_tensor(luma))[:, 0]

    def clip(self, luma: Tensor) -> Tensor:
        """Unit vectors of all windows of clips, [B, T - 4, D].

        Args:
            luma: [B, T, 96, 96], brightness in any unit.
        """
        frames = luma.reshape(-1, 1, MOUTH_SIDE, MOUTH_SIDE)
        centered = frames - frames.mean((2, 3), keepdim=True)
        spread = centered.square().mean((2, 3), keepdim=True).sqrt()
        rows = self.frame(self.trunk(centered / (spread + 1e-3)))
        rows = rows.reshape(luma.shape[0], luma.shape[1], -1).transpose(1, 2)
        return functional.normalize(self.time(rows), dim=1).transpose(1, 2)


class SyncSound(nn.Module):
    """Log-mel of 5 frames -> vectors."""

    def __init__(self) -> None:
        """Makes it with fresh weights."""
        super().__init__()
        rows, columns = MEL_BINS // 16, WINDOW * COLUMNS_PER_FRAME // 4
        self.layers = nn.Sequential(
            _conv(1, 32, 5, (4, 2)), _conv(32, 64, 3, (2, 1)), _conv(64, 96, 3, 2),
            nn.Flatten(), nn.Dropout(0.1),
            nn.Linear(96 * rows * columns, 192), nn.ReLU(), nn.Linear(192, SYNC_DIM),
        )  # fmt: skip

    def forward(self, mel: Tensor) -> Tensor:
        """Unit vectors [N, D] of mel [N, 80, 20]."""
        return functional.normalize(self.layers(mel[:, None]), dim=1)


def _conv(inner: int, outer: int, size: int, stride: int | tuple[int, int]) -> nn.Sequential:
    conv = nn.Conv2d(inner, outer, size, stride, size // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outer), nn.ReLU())


class CappPose(nn.Module):
    """Head motion -> vectors; each frame's part sees 0.7 s around it."""

    unit: Tensor

    def __init__(self) -> None:
        """Makes it with fresh weights."""
        super().__init__()
        self.layers = nn.Sequential(
            _conv1d(6, 64, 1), _conv1d(64, 64, 2), _conv1d(64, 64, 2), nn.Dropout(0.2),
            nn.Conv1d(64, CAPP_DIM, 1),
        )  # fmt: skip
        self.register_buffer("unit", torch.tensor(_POSE_UNIT), persistent=False)

    def forward(self, pose: Tensor) -> Tensor:
        """Unit vectors [N, T * 8] of rows [N, T, 6] less their mean."""
        return functional.normalize(self.frames(pose).flatten(1), dim=1)

    def frames(self, pose: Tensor) -> Tensor:
        """[N, T, 6] -> [N, T, 8]."""
        return torch.as_tensor(self.layers((pose / self.unit).transpose(1, 2)).transpose(1, 2))


class CappSound(nn.Module):
    """Sound -> vectors; each frame's part hears 1 s around it."""

    def __init__(self) -> None:
        """Makes it with fresh weights."""
        super().__init__()
        self.mel = LogMel()
        self.layers = nn.Sequential(
            _conv1d(MEL_BINS, 64, 1, 2), _conv1d(64, 64, 1, 2), _conv1d(64, 64, 2),
            _conv1d(64, 64, 4), nn.Dropout(0.2), nn.Conv1d(64, CAPP_DIM, 1),
        )  # fmt: skip

    def forward(self, sound: Tensor) -> Tensor:
        """Unit vectors [N, T * 8] of samples [N, 640 T] at 16 kHz."""
        return functional.normalize(self.frames(self.mel(sound)).flatten(1), dim=1)

    def frames(self, mel: Tensor) -> Tensor:
        """Log-mel [N, 4 T, 80] -> [N, T, 8]."""
        return self.layers(mel.transpose(1, 2)).transpose(1, 2)


class LogMel(nn.Module):
    """`audio.mel.log_mel` as layers, so that a graph can begin with samples."""

    waves: Tensor
    filters: Tensor

    def __init__(self) -> None:
        """Fills in the transform."""
        super().__init__()
        time, bins = np.arange(MEL_WINDOW) / MEL_WINDOW, np.arange(MEL_WINDOW // 2 + 1)
        turn = np.exp(-2j * np.pi * np.outer(bins, time))
        window = 0.5 - 0.5 * np.cos(2 * np.pi * time)
        waves = np.concatenate([turn.real, turn.imag]) * window
        self.register_buffer("waves", torch.tensor(waves[:, None], dtype=torch.float32), False)
        self.register_buffer("filters", torch.tensor(filters()), False)

    def forward(self, sound: Tensor) -> Tensor:
        """[N, 640 T] -> [N, 4 T, 80]."""
        padded = functional.pad(sound, (HISTORY, 0))[:, None]
        waves = functional.conv1d(padded, self.waves, stride=MEL_HOP).square()
        real, imaginary = waves.chunk(2, 1)
        mel = (real + imaginary).transpose(1, 2) @ self.filters
        return (torch.log10(mel.clamp(min=1e-6)) + 3.0) / 2.0


def _conv1d(inner: int, outer: int, spread: int, stride: int = 1) -> nn.Sequential:
    """Seven taps, `spread` apart."""
    pad = 3 * spread
    conv = nn.Conv1d(inner, outer, 7, stride, pad, dilation=spread, bias=False)
    return nn.Sequential(conv, nn.BatchNorm1d(outer), nn.ReLU())
