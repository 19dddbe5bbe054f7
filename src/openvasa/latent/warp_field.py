"""Rigid and non-rigid 3D warps to and from canonical; the one 3D sampling function.

Space: x right and y DOWN in crop units, z toward the camera; the volume reaches from
Z_MIDDLE - Z_HALF to Z_MIDDLE + Z_HALF.
Pose conventions are those of `openvasa.types` (yaw right, pitch up, roll clockwise).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from openvasa.latent.blocks import coordinates
from openvasa.latent.surface import POINTS

Z_MIDDLE, Z_HALF = 0.2, 0.55  # depth range of the volume, crop units; 0 at the ears
FLIP_Y = (1.0, -1.0, 1.0)
HEAD = (0.36, 0.47)  # half width and half height of the mean face's oval, crop units


def rotation_matrix(pose: Tensor) -> Tensor:
    """[N, 6] -> [N, 3, 3] rotations in this room's space (y down)."""
    yaw, pitch, roll = pose[:, 0], pose[:, 1], pose[:, 2]
    cy, sy, cp, sp = yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin()
    cr, sr = roll.cos(), roll.sin()
    zero = torch.zeros_like(cy)
    one = torch.ones_like(cy)
    turn = torch.stack([cy, zero, sy, zero, one, zero, -sy, zero, cy], 1).view(-1, 3, 3)
    nod = torch.stack([one, zero, zero, zero, cp, -sp, zero, sp, cp], 1).view(-1, 3, 3)
    tilt = torch.stack([cr, -sr, zero, sr, cr, zero, zero, zero, one], 1).view(-1, 3, 3)
    return tilt @ nod @ turn


def place(points: Tensor, pose: Tensor) -> Tensor:
    """Canonical points [N, ..., 3] -> posed: exp(s) R x + t."""
    flat = points.flatten(1, -2)
    moved = flat @ rotation_matrix(pose).transpose(1, 2) * pose[:, 5].exp()[:, None, None]
    shift = F.pad(pose[:, 3:5], (0, 1))[:, None]
    return (moved + shift).view_as(points)


def unplace(points: Tensor, pose: Tensor) -> Tensor:
    """Posed points [N, ..., 3] -> canonical; inverse of `place`."""
    flat = points.flatten(1, -2) - F.pad(pose[:, 3:5], (0, 1))[:, None]
    back = flat @ rotation_matrix(pose) * (-pose[:, 5]).exp()[:, None, None]
    return back.view_as(points)


def to_grid(points: Tensor) -> Tensor:
    """Points [..., 3] of this space -> [-1, 1] over the volume, as samplers count."""
    scale = points.new_tensor([1.0, 1.0, 1.0 / Z_HALF])
    shift = points.new_tensor([0.0, 0.0, -Z_MIDDLE / Z_HALF])
    return points * scale + shift


def sample_volume(volume: Tensor, points: Tensor) -> Tensor:
    """Trilinear sampling: volume [N, C, D, H, W] at points [N, d, h, w, 3] of this space.

    Outside the volume its outermost voxels go on.
    """
    return F.grid_sample(volume, to_grid(points), padding_mode="border", align_corners=False)


def head_weight(canonical: Tensor, posed: Tensor) -> Tensor:
    """How far a point follows the skull: 1 on the head, 0 at the shoulders and the crop's edge.

    Shapes: canonical and posed positions [N, D, H, W, 3] -> [N, D, H, W, 1].
    """
    x, y = canonical[..., 0] / HEAD[0], canonical[..., 1] / HEAD[1]
    outside = ((x * x + y * y + 1e-6).sqrt() - 1).clamp_min(0) * 0.42
    below = ((canonical[..., 1] - HEAD[1] + 0.1) / 0.35).clamp(0, 1)
    start, reach = 0.20 * (1 - below), 0.62 - 0.22 * below
    fade = 1 - smoothstep((outside - start) / (reach - start))
    border = smoothstep((1 - posed[..., :2].abs().amax(-1)) / 0.22)
    return (fade * border)[..., None]


def smoothstep(x: Tensor) -> Tensor:
    """3x^2 - 2x^3 on x clipped to [0, 1]."""
    x = x.clamp(0, 1)
    return x * x * (3 - 2 * x)


class ControlWarp(nn.Module):
    """Displacements of the face's control points from z_dyn, z_id and the face's own shape.

    Learned bases, mixed linearly by z_dyn and corrected by a small network that sees all three.
    Shapes: points [N, 478, 3], dynamics [N, D], identity [N, I] -> [N, 478, 3], crop units.
    """

    def __init__(self, bases: int, dynamics_dim: int, identity_dim: int) -> None:
        """Make the layers."""
        super().__init__()
        self.shape = nn.Linear(3 * POINTS, bases)
        self.linear = nn.Linear(dynamics_dim, bases)
        self.correct = nn.Sequential(
            nn.Linear(bases + dynamics_dim + identity_dim, 2 * bases), nn.SiLU(),
            nn.Linear(2 * bases, 2 * bases), nn.SiLU(), nn.Linear(2 * bases, bases),
        )  # fmt: skip
        self.bases = nn.Parameter(torch.randn(bases, 3 * POINTS) * 0.01)

    def forward(self, points: Tensor, dynamics: Tensor, identity: Tensor) -> Tensor:
        """Predict the displacements; see the class for shapes."""
        shape = self.shape(points.flatten(1) * 4)
        mix = self.linear(dynamics) + self.correct(torch.cat([shape, dynamics, identity], 1))
        return (mix @ self.bases).view(-1, POINTS, 3)


class WarpField(nn.Module):
    """Both directions of the warp between a posed face and the canonical one.

    The same displacements move the surface that carries the portrait's pixels and, spread over
    the volume by fixed weights, the appearance volume. Points here are y up (`surface`), the
    volume's space is y down; `FLIP_Y` goes between.
    """

    points: Tensor  # [D, H, W, 3], the volume's voxels
    spread: Tensor  # [coarse voxels, 478], how displacements of the points reach the volume

    def __init__(self, bases: int, field_grid: tuple[int, int, int], dynamics_dim: int,
                 identity_dim: int, size: tuple[int, int, int]) -> None:  # fmt: skip
        """Make the layers; the volume does not follow until `set_template` is called.

        Args:
            bases: Learned displacements of the control points.
            field_grid: Coarse voxels (depth, height, width) that displacements spread to.
            dynamics_dim: Length of z_dyn.
            identity_dim: Length of z_id.
            size: Voxels of the volume (depth, height, width).
        """
        super().__init__()
        self.leave = ControlWarp(bases, dynamics_dim, identity_dim)  # expression -> neutral
        self.enter = ControlWarp(bases, dynamics_dim, identity_dim)  # neutral -> expression
        self.field_grid, self.size = field_grid, size
        points = coordinates(*size)
        points[..., 2] = points[..., 2] * Z_HALF + Z_MIDDLE
        self.register_buffer("points", points, persistent=False)
        count = field_grid[0] * field_grid[1] * field_grid[2]
        self.register_buffer("spread", torch.zeros(count, POINTS))

    @torch.no_grad()
    def set_template(self, mean: Tensor) -> None:
        """Fix how displacements spread over the volume, from mean points [478, 3] (y up)."""
        grid = coordinates(*self.field_grid).view(-1, 3)
        grid[:, 2] = grid[:, 2] * Z_HALF + Z_MIDDLE
        distance = torch.cdist(grid, mean * mean.new_tensor(FLIP_Y))
        weight = 1 / (distance**3 + 1e-4)
        reach = torch.exp(-((distance.amin(1, keepdim=True) / 0.25) ** 2))
        self.spread.copy_(weight / weight.sum(1, keepdim=True) * reach)

    def neutral(self, points: Tensor, dynamics: Tensor, identity: Tensor) -> Tensor:
        """Canonical control points [N, 478, 3] without their expression."""
        return points - self.leave(points, dynamics, identity)

    def express(self, neutral: Tensor, dynamics: Tensor, identity: Tensor) -> Tensor:
        """Canonical control points [N, 478, 3] with an expression."""
        return neutral + self.enter(neutral, dynamics, identity)

    def field(self, displacement: Tensor) -> Tensor:
        """Displacements [N, 478, 3] of the points -> of voxels [N, D, H, W, 3] (y down)."""
        moved = displacement * displacement.new_tensor(FLIP_Y)
        field = torch.matmul(self.spread, moved).transpose(1, 2)
        field = field.reshape(-1, 3, *self.field_grid)
        field = F.interpolate(field, self.size, mode="trilinear", align_corners=False)
        return field.permute(0, 2, 3, 4, 1)

    def to_canonical(self, pose: Tensor, displacement: Tensor) -> Tensor:
        """Where each canonical voxel lies in the source: [N, D, H, W, 3]."""
        return place(self.points + self.field(displacement), pose)

    def from_canonical(self, pose: Tensor, displacement: Tensor, rest: Tensor) -> Tensor:
        """Where each voxel of the posed target lies in canonical space: [N, D, H, W, 3].

        Args:
            pose: Target z_pose [N, 6].
            displacement: Of the control points, neutral to target [N, 478, 3].
            rest: The portrait's own z_pose, to which shoulders and background stay bound.
        """
        points = self.points.expand(len(pose), -1, -1, -1, -1)
        head = unplace(points, pose)
        weight = head_weight(head, points)
        head = head - self.field(displacement)
        return weight * head + (1 - weight) * unplace(points, rest)
