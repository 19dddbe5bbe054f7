"""Portrait crop -> posed 3D appearance volume (paper: the encoder behind V_app)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from openvasa.latent.blocks import Down, Residual

COLORS = 3  # red, green, blue


class AppearanceEncoder(nn.Module):
    """Lifts a crop to a volume seen from the crop's own camera.

    Shapes: image [N, 3, S, S] in [0, 1] -> volume [N, C + 1, D, S/8, S/8]. Its first three channels
    are the color that a line of sight meets, in [-1, 1]: what is drawn must match it, and from
    learned features alone the decoder was slow to find out. The last is a density logit.
    """

    def __init__(self, widths: tuple[int, ...], blocks: int, channels: int, depth: int) -> None:
        """Make the layers.

        Args:
            widths: Channels at 1/2, 1/4 and 1/8 of the crop.
            blocks: Residual blocks at 1/8.
            channels: Features of a voxel, density not counted.
            depth: Voxels along the line of sight.
        """
        super().__init__()
        self.channels, self.depth = channels, depth
        self.to_half = Down(3, widths[0])
        self.to_quarter = Down(widths[0], widths[1])
        self.to_eighth = Down(widths[1], widths[2])
        self.blocks = nn.ModuleList(Residual(widths[2]) for _ in range(blocks))
        self.lift = nn.Conv2d(widths[2], (channels + 1 - COLORS) * depth, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Encode; see the class for shapes."""
        x = self.to_eighth(self.to_quarter(self.to_half(image * 2 - 1)))  # [N, W, S/8, S/8]
        for block in self.blocks:
            x = block(x)
        learned = self.lift(x)
        shape = (len(image), self.channels + 1 - COLORS, self.depth, *learned.shape[-2:])
        color = F.avg_pool2d(image * 2 - 1, 8)[:, :, None].expand(-1, -1, self.depth, -1, -1)
        return torch.cat([color, learned.reshape(shape)], 1)
