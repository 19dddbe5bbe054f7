"""Convolutional blocks shared by the networks of this room."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Residual(nn.Module):
    """Two 3x3 convolutions around a skip, optionally modulated by a code.

    Shapes: x [N, C, H, W], code [N, K] -> [N, C, H, W].
    """

    def __init__(self, channels: int, condition_dim: int = 0) -> None:
        """Make the layers; a `condition_dim` of 0 means no code."""
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = nn.Linear(condition_dim, 2 * channels) if condition_dim else None
        # Blocks start as the identity, so that depth costs nothing before it helps.
        for parameter in self.second.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        """Apply the block."""
        h = self.first(F.silu(x))
        if self.modulation is not None and code is not None:
            scale, shift = self.modulation(code)[:, :, None, None].chunk(2, dim=1)
            h = h * (1 + scale) + shift
        return x + self.second(F.silu(h))


class Down(nn.Module):
    """Strided 3x3 convolution: [N, C, H, W] -> [N, K, H/2, W/2]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Make the layers from `inputs` to `outputs` channels."""
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(min(8, outputs // 4) or 1, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return F.silu(self.norm(self.conv(x)))


def coordinates(*sizes: int) -> Tensor:
    """Pixel-center coordinates in [-1, 1], f32 [*sizes, len(sizes)], last axis x first."""
    axes = [(2 * torch.arange(n) + 1) / n - 1 for n in sizes]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")[::-1], dim=-1).float()
