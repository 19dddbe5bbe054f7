"""A face generator in torch: noise -> style -> 1024 x 1024 portrait of nobody.

The network is MobileStyleGAN (Belousov 2021, arXiv:2104.04767), published as OpenVINO IR in the
PyPI package `random-face`; this file reads that IR without OpenVINO and rebuilds it as batched
torch modules that take one style per layer.

Licence: the package is Apache-2.0, but the network was distilled from NVIDIA's StyleGAN2 trained on
FFHQ, whose code, weights and data set are under non-commercial terms, so models trained on its
pictures should say so.

Layers, in the order of the styles: 0 is the 4 x 4 stem; block b (resolution 8 * 2**b, b = 0..6)
owns 3b+1 (wavelet upsampling), 3b+2 and 3b+3 (convolutions); the last turns features to color.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import cast

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional

from openvasa.data.generator_ir import generator_tensors
from openvasa.types import InputError

STYLE_DIM = 512
_SLOPE = 0.2  # of every leaky ReLU
_MAPPING_GAIN = math.sqrt(2.0)
_MEAN_SEED = 2**31  # far from the seeds of people
_MEAN_SAMPLES = 10_000


def inverse_haar(bands: Tensor) -> Tensor:
    """One level of the inverse 2-D Haar transform.

    Args:
        bands: [N, 4C, H, W]: C averages, then for each channel its vertical, horizontal and
            diagonal differences.

    Returns:
        [N, C, 2H, 2W].
    """
    n, four_c, h, w = bands.shape
    c = four_c // 4
    low = bands[:, :c]
    vertical, horizontal, diagonal = bands[:, c:].reshape(n, c, 3, h, w).unbind(2)
    top, bottom = low + vertical, low - vertical
    top_difference, bottom_difference = horizontal + diagonal, horizontal - diagonal
    corners = torch.stack(
        [
            top + top_difference,
            top - top_difference,
            bottom + bottom_difference,
            bottom - bottom_difference,
        ],
        dim=2,
    )
    return functional.pixel_shuffle(0.5 * corners.reshape(n, four_c, h, w), 2)


class StyledConv(nn.Module):
    """Scale the channels by the style, convolve (3x3 per channel, then 1x1), add noise and bias."""

    noise: Tensor

    def __init__(self, channels_in: int, channels: int, size: int) -> None:
        """`size` is the width in pixels of the features."""
        super().__init__()
        self.style = nn.Linear(STYLE_DIM, channels_in)
        self.depthwise = nn.Conv2d(
            channels_in, channels_in, 3, padding=1, groups=channels_in, bias=False
        )
        self.pointwise = nn.Conv2d(channels_in, channels, 1)
        self.register_buffer("noise", torch.zeros(1, 1, size, size))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """[N, C_in, H, W], [N, 512] -> [N, C, H, W]."""
        x = self.depthwise(x * self.style(w)[:, :, None, None])
        return functional.leaky_relu(self.pointwise(x) + self.noise, _SLOPE)


class Stem(nn.Module):
    """The learned 4 x 4 constant, styled and convolved."""

    noise: Tensor

    def __init__(self, channels: int) -> None:
        """`channels` of the constant and of the result."""
        super().__init__()
        self.constant = nn.Parameter(torch.zeros(1, channels, 4, 4))
        self.style = nn.Linear(STYLE_DIM, channels)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.register_buffer("noise", torch.zeros(1, 1, 4, 4))

    def forward(self, w: Tensor) -> Tensor:
        """[N, 512] -> [N, C, 4, 4]."""
        x = self.conv(self.constant * self.style(w)[:, :, None, None])
        return functional.leaky_relu(x + self.noise, _SLOPE)


class Block(nn.Module):
    """Double the size by an inverse wavelet transform of the features, then two convolutions."""

    def __init__(self, channels_in: int, channels: int, size: int) -> None:
        """`size` is the width in pixels of the result."""
        super().__init__()
        self.style = nn.Linear(STYLE_DIM, channels_in)
        self.first = StyledConv(channels_in // 4, channels, size)
        self.second = StyledConv(channels, channels, size)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """[N, C_in, H, W], [N, 3, 512] -> [N, C, 2H, 2W]."""
        x = inverse_haar(x * self.style(w[:, 0])[:, :, None, None])
        return cast(Tensor, self.second(self.first(x, w[:, 1]), w[:, 2]))


class Synthesis(nn.Module):
    """Styles to a picture.

    Args:
        channels: Features of the stem and of each block; the picture is 8 * 2**blocks wide.
    """

    def __init__(self, channels: tuple[int, ...]) -> None:
        """See the class."""
        super().__init__()
        self.stem = Stem(channels[0])
        pairs = zip(channels[:-1], channels[1:], strict=True)
        self.blocks = nn.ModuleList(Block(a, b, 8 << i) for i, (a, b) in enumerate(pairs))
        self.color_style = nn.Linear(STYLE_DIM, channels[-1])
        self.color = nn.Conv2d(channels[-1], 12, 1)

    @property
    def n_styles(self) -> int:
        """How many layers take a style."""
        return 3 * len(self.blocks) + 2

    def forward(self, w: Tensor) -> Tensor:
        """[N, L, 512] -> [N, 3, S, S], about [-1, 1]."""
        x = self.stem(w[:, 0])
        for i, block in enumerate(self.blocks):
            x = block(x, w[:, 3 * i + 1 : 3 * i + 4])
        x = x * self.color_style(w[:, -1])[:, :, None, None]
        return inverse_haar(self.color(x))


class Generator(nn.Module):
    """The whole generator; `channels` as in `Synthesis`, `depth` layers in the mapping."""

    mean: Tensor  # [512], the mean style

    def __init__(self, channels: tuple[int, ...], depth: int = 8) -> None:
        """See the class."""
        super().__init__()
        self.mapping_layers = nn.ModuleList(nn.Linear(STYLE_DIM, STYLE_DIM) for _ in range(depth))
        self.synthesis_network = Synthesis(channels)
        self.register_buffer("mean", torch.zeros(STYLE_DIM))

    @property
    def n_styles(self) -> int:
        """Layers that take a style (23 in the published network)."""
        return self.synthesis_network.n_styles

    def mapping(self, z: Tensor, truncation: float = 1.0) -> Tensor:
        """Noise to style.

        Args:
            z: Standard normal noise, f32 [N, 512].
            truncation: 1 leaves the style alone, 0 gives the mean person.

        Returns:
            w, f32 [N, 512].
        """
        w = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for layer in self.mapping_layers:
            w = _MAPPING_GAIN * functional.leaky_relu(layer(w), _SLOPE)
        return self.mean + truncation * (w - self.mean) if truncation != 1.0 else w

    def synthesis(self, w: Tensor) -> Tensor:
        """Style to picture.

        Args:
            w: f32 [N, 512] for one style everywhere or [N, L, 512] for one per layer.

        Returns:
            RGB f32 [N, 3, 1024, 1024] in [0, 1].
        """
        if w.ndim == 2:
            w = w[:, None].expand(-1, self.n_styles, -1)
        return (self.synthesis_network(w) * 0.5 + 0.5).clamp(0, 1)

    @staticmethod
    def noise(seeds: list[int]) -> Tensor:
        """The noise of numbered people: f32 [N, 512], one numpy stream per seed."""
        rows = [np.random.default_rng(s).standard_normal(STYLE_DIM) for s in seeds]
        return torch.from_numpy(np.stack(rows).astype(np.float32))

    @classmethod
    def from_ir(cls, folder: Path) -> Generator:
        """Read `MappingNetwork` and `SynthesisNetwork` (.xml and .bin) from `folder`.

        Raises:
            InputError: A file is missing or is not the expected graph.
        """
        tensors = generator_tensors(folder)
        tensors["mean"] = torch.zeros(STYLE_DIM)
        generator = _from_tensors(tensors)
        rng = np.random.default_rng(_MEAN_SEED)
        z = rng.standard_normal((_MEAN_SAMPLES, STYLE_DIM)).astype(np.float32)
        with torch.no_grad():
            generator.mean.copy_(generator.mapping(torch.from_numpy(z)).mean(0))
        return generator

    def save(self, path: Path) -> None:
        """Write all tensors as fp16 safetensors (20 MB)."""
        half = {k: v.half().contiguous().cpu() for k, v in self.state_dict().items()}
        safetensors.torch.save_file(half, path)

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> Generator:
        """Read what `save` wrote, as f32, in evaluation mode.

        Raises:
            InputError: The file is missing.
        """
        if not path.is_file():
            raise InputError(f"{path} is missing: make it with Generator.from_ir(folder).save().")
        tensors = safetensors.torch.load_file(path)
        return _from_tensors({k: v.float() for k, v in tensors.items()}).to(device)


def _from_tensors(tensors: dict[str, Tensor]) -> Generator:
    blocks = sum(k.endswith(".first.pointwise.weight") for k in tensors)
    depth = sum(k.startswith("mapping_layers.") and k.endswith(".weight") for k in tensors)
    prefix = "synthesis_network."
    channels = [len(tensors[prefix + "stem.conv.weight"])]
    channels += [len(tensors[f"{prefix}blocks.{i}.second.pointwise.weight"]) for i in range(blocks)]
    generator = Generator(tuple(channels), depth)
    generator.load_state_dict(tensors)
    return generator.eval().requires_grad_(False)
