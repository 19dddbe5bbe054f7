"""Crop -> identity z_id, head pose z_pose and holistic facial dynamics z_dyn."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from openvasa.latent.blocks import Down, Residual
from openvasa.types import EXPRESSION_DIM, POSE_DIM


class FaceCodes(NamedTuple):
    """Codes of N faces: identity [N, I] (unit length), pose [N, 6], dynamics [N, D]."""

    identity: Tensor
    pose: Tensor
    dynamics: Tensor


class MotionEncoder(nn.Module):
    """Three encoders on one trunk, and the linear anchor between z_dyn and expressions.

    Shapes: image [N, 3, S, S] in [0, 1] -> `FaceCodes`.
    """

    def __init__(self, size: int, widths: tuple[int, ...], identity_dim: int,
                 dynamics_dim: int) -> None:  # fmt: skip
        """Make the layers and fix the anchor.

        Args:
            size: Side in pixels that crops are brought to.
            widths: Channels after each stride of 2.
            identity_dim: Length of z_id.
            dynamics_dim: Length of z_dyn.
        """
        super().__init__()
        self.size = size
        self.stages = nn.ModuleList()
        previous = 3
        for index, width in enumerate(widths):
            self.stages.append(Down(previous, width))
            if index >= 1:
                self.stages.append(Residual(width))
            previous = width
        hidden = 2 * previous
        self.trunk = nn.Linear(previous * 16, hidden)
        self.identity = nn.Linear(hidden, identity_dim)
        self.pose = nn.Linear(hidden, POSE_DIM)
        self.dynamics = nn.Linear(hidden, dynamics_dim)
        self.embed = nn.Linear(EXPRESSION_DIM, dynamics_dim)
        self.readout = nn.Linear(dynamics_dim, EXPRESSION_DIM)
        self._set_anchor()

    @torch.no_grad()
    def _set_anchor(self) -> None:
        # The anchor is fixed from the start, so that motion made of known expressions and motion
        # read from pictures share one space whatever is trained first.
        rows = torch.randn(
            self.dynamics.out_features, EXPRESSION_DIM, generator=torch.Generator().manual_seed(0)
        )
        basis = torch.linalg.qr(rows if rows.shape[0] >= rows.shape[1] else rows.T)[0]
        basis = basis if rows.shape[0] >= rows.shape[1] else basis.T
        self.embed.weight.copy_(3.0 * basis)
        self.embed.bias.zero_()
        self.embed.requires_grad_(False)
        self.readout.weight.copy_(basis.T / 3.0)
        self.readout.bias.zero_()

    def forward(self, image: Tensor) -> FaceCodes:
        """Encode; see the class for shapes."""
        x = F.adaptive_avg_pool2d(image, self.size) * 2 - 1
        for stage in self.stages:
            x = stage(x)
        x = F.silu(self.trunk(F.adaptive_avg_pool2d(x, 4).flatten(1)))
        identity = self.identity(x)
        identity = identity / torch.linalg.vector_norm(identity, dim=1, keepdim=True).clamp_min(
            1e-6
        )
        return FaceCodes(identity, self.pose(x), self.dynamics(x))
