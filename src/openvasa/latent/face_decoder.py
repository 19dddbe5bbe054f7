"""What the portrait does not show: the inside of the mouth, out of the warped volume."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from openvasa.latent.blocks import Residual

LARGEST = 2.0  # of the logarithm of the gain


class Decoded(NamedTuple):
    """N frames of S x S pixels.

    Attributes:
        flow: [N, 2, S, S], for each pixel the crop coordinates (x, y) in the portrait.
        hole: [N, 1, S, S], 1 where the portrait shows nothing.
        color: [N, 3, S, S] in [0, 1], what is seen there.
    """

    flow: Tensor
    hole: Tensor
    color: Tensor


class FaceDecoder(nn.Module):
    """Draws the inside of the mouth in a window of w = S/4 pixels a side (`drawn.mouth_window`).

    It sees the voxels of the warped appearance volume that lie there, the mouth's mesh as it is
    drawn, and where the lips are parted. It says by what the mesh's color is multiplied and what
    is added: the mesh keeps the edges of the teeth, at any resolution, and the decoder gives them
    the light, the color and the depth of this person's mouth.
    """

    def __init__(self, *, channels: int, depth: int, widths: tuple[int, ...],
                 blocks: tuple[int, ...], condition: int) -> None:  # fmt: skip
        """Make the layers.

        Args:
            channels: Features of a voxel, density not counted.
            depth: Voxels along the line of sight.
            widths: Channels at 1/8, 1/4, 1/2 and all of the window's pixels.
            blocks: Residual blocks at each.
            condition: Width of the code that modulates them.
        """
        super().__init__()
        self.enter = nn.Conv2d((channels + 1) * depth, widths[0], 1)
        self.grow = nn.ModuleList(
            nn.Conv2d(coarse, 4 * fine, 1)
            for coarse, fine in zip(widths[:-1], widths[1:], strict=True)
        )
        self.join = nn.ModuleList(nn.Conv2d(w + 4, w, 3, padding=1) for w in widths)
        self.blocks = nn.ModuleList(
            nn.ModuleList(Residual(width, condition) for _ in range(count))
            for width, count in zip(widths, blocks, strict=True)
        )
        self.out = nn.Conv2d(widths[-1], 6, 3, padding=1)
        nn.init.normal_(self.out.weight, std=1e-3)
        if self.out.bias is not None:
            nn.init.zeros_(self.out.bias)

    def forward(self, volume: Tensor, drawn: Tensor, hole: Tensor,
                code: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Decode.

        Args:
            volume: [N, C + 1, D, w/8, w/8] warped: features and density logit.
            drawn: [N, 3, w, w] the mouth's mesh, in [0, 1]; counts in the hole alone.
            hole: [N, 1, w, w], 1 where the lips are parted.
            code: [N, condition] modulation.

        Returns:
            gain [N, 3, w, w] > 0 and offset [N, 3, w, w]: the color is drawn * gain + offset.
        """
        opacity = torch.sigmoid(volume[:, -1:])
        x = self.enter(torch.cat([volume[:, :-1] * opacity, volume[:, -1:]], 1).flatten(1, 2))
        seen = torch.cat([drawn * hole, hole], 1)
        for level, (join, blocks) in enumerate(zip(self.join, self.blocks, strict=True)):
            if level:
                x = F.pixel_shuffle(self.grow[level - 1](x), 2)
            size = 2 ** (len(self.join) - 1 - level)
            x = join(torch.cat([x, F.avg_pool2d(seen, size) if size > 1 else seen], 1))
            assert isinstance(blocks, nn.ModuleList)
            for block in blocks:
                x = block(x, code)
        out = self.out(F.silu(x))
        return (2 * out[:, :3]).clamp(-LARGEST, LARGEST).exp(), out[:, 3:]


def look(image: Tensor, flow: Tensor) -> Tensor:
    """Bilinear sampling: image [N, C, h, w] at flow [N, 2, H, W] (crop coordinates)."""
    return F.grid_sample(
        image, flow.permute(0, 2, 3, 1), padding_mode="border", align_corners=False
    )
