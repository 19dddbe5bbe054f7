"""The latent model cut into static graphs; `engine.graphs` names their tensors, in this order.

The 3D warp runs once inside `portrait`; per frame it happens outside, between `move`, which says
where to sample, and `decoder`, which takes what was sampled (`engine.warp3d`).
"""

from __future__ import annotations

from torch import Tensor, nn

from openvasa.latent.autoencoder import FaceAutoencoder, place_up
from openvasa.latent.motion_encoder import FaceCodes
from openvasa.latent.warp_field import to_grid


class PortraitGraph(nn.Module):
    """image [1, 3, S, S], points [1, 478, 3], pose [1, 6] -> everything kept of a portrait."""

    def __init__(self, model: FaceAutoencoder) -> None:
        """Share the model's weights."""
        super().__init__()
        self.model = model

    def forward(self, image: Tensor, points: Tensor, pose: Tensor) -> tuple[Tensor, ...]:
        """To appearance, neutral, identity and dynamics.

        The mesh gives the pose within a degree, the encoder within five; so the mesh's is taken.
        """
        own = self.model.motion(image)._replace(pose=pose)
        code = self.model.encode(image, points, own)
        return code.appearance, code.neutral, own.identity, own.dynamics


class MoveGraph(nn.Module):
    """Where the control points and the voxels of a frame are.

    neutral [1, 478, 3], identity [1, I], rest [1, 6], pose [1, 6], dynamics [1, D] -> points
    [1, 478, 3] in the target's view (y up), at [1, D, H, W, 3] normalized to [-1, 1] over V_app.
    """

    def __init__(self, model: FaceAutoencoder) -> None:
        """Share the model's weights."""
        super().__init__()
        self.model = model

    def forward(self, neutral: Tensor, identity: Tensor, rest: Tensor, pose: Tensor,
                dynamics: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
        """See the class."""
        warp = self.model.warp
        canonical = warp.express(neutral, dynamics, identity)
        at = warp.from_canonical(pose, canonical - neutral, rest)
        return place_up(canonical, pose), to_grid(at)


class DecoderGraph(nn.Module):
    """The decoder: by what the mouth's mesh is multiplied, and what is added."""

    def __init__(self, model: FaceAutoencoder) -> None:
        """Share the model's weights."""
        super().__init__()
        self.model = model

    def forward(self, volume: Tensor, drawn: Tensor, hole: Tensor, identity: Tensor,
                rest: Tensor, own_dynamics: Tensor, pose: Tensor,
                dynamics: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
        """To gain and offset; `rest` and `own_dynamics` are the portrait's own."""
        code = self.model.code(FaceCodes(identity, rest, own_dynamics), pose, dynamics)
        gain, offset = self.model.decoder(volume, drawn, hole, code)
        return gain, offset


class EmbedGraph(nn.Module):
    """Expression vector e [N, 45] -> z_dyn [N, D]: the anchor, for controls and curves."""

    def __init__(self, model: FaceAutoencoder) -> None:
        """Share the model's weights."""
        super().__init__()
        self.model = model

    def forward(self, expression: Tensor) -> Tensor:
        """See the class."""
        return self.model.motion.embed(expression)
