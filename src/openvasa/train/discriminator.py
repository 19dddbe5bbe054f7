"""A small patch discriminator for mouth and eye crops."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class PatchDiscriminator(nn.Module):
    """[N, 3, S, S] in [0, 1] -> logits [N, 1, S/8, S/8]."""

    def __init__(self, width: int = 32) -> None:
        """Make the layers; `width` channels after the first."""
        super().__init__()
        sizes = [3, width, 2 * width, 4 * width]
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.spectral_norm(nn.Conv2d(a, b, 4, stride=2, padding=1))
            for a, b in zip(sizes[:-1], sizes[1:], strict=True)
        )
        self.out = nn.utils.parametrizations.spectral_norm(nn.Conv2d(sizes[-1], 1, 3, padding=1))

    def forward(self, image: Tensor) -> Tensor:
        """Judge each patch."""
        x = image * 2 - 1
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
        return self.out(x)
