"""Losses of the face latent model, each by its name in the paper (section 3.1) or beside it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from openvasa.latent.motion_encoder import FaceCodes, MotionEncoder
from openvasa.latent.surface import EYES, IRIS, POINTS

INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178,
              88, 95)  # fmt: skip
OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181,
              91, 146)  # fmt: skip


def point_weights() -> Tensor:
    """Weight of each control point [478, 1]: lips and lids are what people look at."""
    weight = torch.ones(POINTS, 1)
    weight[list(INNER_LIPS)] = 6.0
    weight[list(OUTER_LIPS)] = 4.0
    for contour, iris in zip(EYES, IRIS, strict=True):
        weight[torch.from_numpy(contour)] = 5.0
        weight[iris : iris + 5] = 4.0
    return weight / weight.mean()


def point_loss(found: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """Weighted L1 of control points [N, 478, 3], depth counted half."""
    axis = found.new_tensor([1.0, 1.0, 0.5])
    return ((found - wanted).abs() * weight * axis).mean()


def anchor_loss(encoder: MotionEncoder, dynamics: Tensor, expression: Tensor) -> Tensor:
    """Keeps z_dyn [N, D] and e [N, 45] linear images of each other where e is known."""
    embedded = encoder.embed(expression)
    read = F.smooth_l1_loss(encoder.readout(dynamics), expression, beta=0.1)
    own = F.smooth_l1_loss(encoder.readout(embedded), expression, beta=0.1)
    return 4 * read + 4 * own + 0.1 * F.mse_loss(dynamics, embedded)


def identity_loss(first: Tensor, second: Tensor, group: Tensor) -> Tensor:
    """Contrastive loss of z_id [N, I]: two frames of a person against other people."""
    logits = first @ second.T / 0.1
    same = group[:, None] == group[None]
    own = torch.eye(len(group), dtype=torch.bool, device=group.device)
    logits = logits.masked_fill(same & ~own, -1e4)
    target = torch.arange(len(group), device=group.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def transfer_loss(a: Tensor, b: Tensor, weight: Tensor | float = 1.0) -> Tensor:
    """Pairwise transfer (paper: l_consist): frame i given pose j = frame j given dynamics i."""
    return ((a - b).abs() * weight).mean()


def cross_identity_loss(seen: FaceCodes, person: FaceCodes, driver: FaceCodes) -> Tensor:
    """A person moved by another keeps their identity and takes on the driver's motion.

    Args:
        seen: Codes read from the frame made.
        person: Codes of the portrait.
        driver: Codes of the frame that gave pose and dynamics.
    """
    same = 1 - (seen.identity * person.identity.detach()).sum(1).mean()
    motion = F.l1_loss(seen.dynamics, driver.dynamics.detach())
    return same + 0.2 * motion


def hole_loss(made: Tensor, wanted: Tensor, hole: Tensor) -> Tensor:
    """L1 of colors [N, 3, S, S] where hole [N, 1, S, S] is 1; a mean over all pixels."""
    return ((made - wanted).abs() * hole).mean()


def mouth_crop(image: Tensor, points: Tensor, size: int = 64, reach: float = 0.25) -> Tensor:
    """Squares [N, C, size, size] around the mouths of images [N, C, S, S]."""
    center = torch.stack([points[:, [13, 14], 0].mean(1), -points[:, [13, 14], 1].mean(1)], 1)
    side = torch.linspace(-reach, reach, size, device=image.device)
    gy, gx = torch.meshgrid(side, side, indexing="ij")
    grid = torch.stack([gx, gy], -1)[None] + center[:, None, None]
    return F.grid_sample(image, grid, padding_mode="border", align_corners=False)


def adversarial_losses(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge loss of the discriminator for its logits on real and drawn pictures."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
