"""The latent model cut into static graphs for the engine; tensor names are the contract.

The 3D warp runs once inside `portrait`; per frame it happens outside, between `move`, which says
where to sample, and `decoder`, which takes what was sampled (`engine.warp3d`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from openvasa.latent.autoencoder import FaceAutoencoder, place_up
from openvasa.latent.warp_field import Z_HALF, Z_MIDDLE

PORTRAIT_IN = ("image", "points")
PORTRAIT_OUT = ("appearance", "neutral", "skip", "half", "identity", "pose", "dynamics")
MOVE_IN = ("neutral", "identity", "rest", "pose", "dynamics")
MOVE_OUT = ("points", "at")
DECODER_IN = (
    "volume", "flow", "hole", "skip", "half", "identity", "rest", "own_dynamics", "pose",
    "dynamics",
)  # fmt: skip
DECODER_OUT = ("flow", "visible", "color")
EMBED_IN, EMBED_OUT = ("expression",), ("dynamics",)


class PortraitGraph(nn.Module):
    """image [1, 3, S, S], points [1, 478, 3] -> everything kept of a portrait."""

    def __init__(self, model: FaceAutoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor, points: Tensor) -> tuple[Tensor, ...]:
        """See `PORTRAIT_OUT`."""
        code = self.model.encode(image, points)
        own = code.codes
        half = F.avg_pool2d(image, 2)
        return (
            code.appearance, code.neutral, code.skip, half, own.identity, own.pose, own.dynamics,
        )  # fmt: skip


class MoveGraph(nn.Module):
    """Where the control points and the voxels of a frame are.

    neutral [1, 478, 3], identity [1, I], rest [1, 6], pose [1, 6], dynamics [1, D] -> points
    [1, 478, 3] in the target's view (y up), at [1, D, H, W, 3] normalized to [-1, 1] over V_app.
    """

    def __init__(self, model: FaceAutoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, neutral: Tensor, identity: Tensor, rest: Tensor, pose: Tensor,
                dynamics: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
        """See the class."""
        warp = self.model.warp
        canonical = warp.express(neutral, dynamics, identity)
        at = warp.from_canonical(pose, canonical - neutral, rest)
        scale = at.new_tensor([1.0, 1.0, 1.0 / Z_HALF])
        shift = at.new_tensor([0.0, 0.0, -Z_MIDDLE / Z_HALF])
        return place_up(canonical, pose), at * scale + shift


class DecoderGraph(nn.Module):
    """The decoder with the visibility as a probability [1, 1, S, S]."""

    def __init__(self, model: FaceAutoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, volume: Tensor, flow: Tensor, hole: Tensor, skip: Tensor, half: Tensor,
                identity: Tensor, rest: Tensor, own_dynamics: Tensor, pose: Tensor,
                dynamics: Tensor) -> tuple[Tensor, ...]:  # fmt: skip
        """See `DECODER_OUT`."""
        code = self.model.condition(
            torch.cat([dynamics, own_dynamics, pose, rest, identity], 1)
        )
        out = self.model.decoder(volume, flow, hole, skip, half, code)
        return out.flow, torch.sigmoid(out.visible), out.color


class EmbedGraph(nn.Module):
    """Expression vector e [N, 45] -> z_dyn [N, D]: the anchor, for controls and curves."""

    def __init__(self, model: FaceAutoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, expression: Tensor) -> Tensor:
        """See the class."""
        return self.model.motion.embed(expression)
