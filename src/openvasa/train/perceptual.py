"""Perceptual loss: distances of VGG16 features, on crops small enough for a CPU."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

# Convolutions up to relu3_3, "M" is a 2x2 maximum; the loss reads after each block.
LAYERS = ((3, 64), (64, 64), "M", (64, 128), (128, 128), "M", (128, 256), (256, 256), (256, 256))


class PerceptualLoss(nn.Module):
    """L1 of VGG16 features after relu1_2, relu2_2 and relu3_3 (ImageNet weights, frozen).

    Args:
        path: safetensors with `conv{i}.weight` [O, I, 3, 3] and `conv{i}.bias`, i from 0.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        weights = load_file(str(path))
        self.convs = nn.ModuleList(nn.Conv2d(*s, 3, padding=1) for s in LAYERS if s != "M")
        for index, conv in enumerate(self.convs):
            conv.weight.data.copy_(weights[f"conv{index}.weight"])
            conv.bias.data.copy_(weights[f"conv{index}.bias"])
        self.requires_grad_(False)

    def forward(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Distance of two batches [N, 3, S, S] in [0, 1]."""
        mean = made.new_tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
        std = made.new_tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
        x, y = (made - mean) / std, (wanted - mean) / std
        total = made.new_zeros(())
        conv = iter(self.convs)
        for position, layer in enumerate(LAYERS):
            if layer == "M":
                x, y = F.max_pool2d(x, 2), F.max_pool2d(y, 2)
                continue
            module = next(conv)
            x, y = F.relu(module(x)), F.relu(module(y))
            if position + 1 == len(LAYERS) or LAYERS[position + 1] == "M":
                total = total + (x - y).abs().mean() / y.abs().mean().clamp_min(1e-3).detach()
        return total
