"""One step of stage one, in any of its phases: batches in, losses and moved weights out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from openvasa.latent.autoencoder import (
    FaceAutoencoder,
    PortraitCode,
    compose,
    place_up,
    unplace_up,
)
from openvasa.latent.motion_encoder import FaceCodes
from openvasa.latent.mouth import FaceMesh, PortraitMouth
from openvasa.latent.surface import MOUTH, PortraitSurface, to_canonical
from openvasa.train import ranks
from openvasa.train.discriminator import PatchDiscriminator
from openvasa.train.loop import autocast, cosine_rate
from openvasa.train.losses import (
    adversarial_losses,
    anchor_loss,
    cross_identity_loss,
    hole_loss,
    identity_loss,
    mouth_crop,
    point_loss,
    point_weights,
    transfer_loss,
)
from openvasa.train.perceptual import PerceptualLoss
from openvasa.train.recompute import recompute_blocks

Batch = dict[str, Tensor]  # what `FramePairs.batch` and `.points_batch` give, as tensors
PHASES = ("geometry", "warps", "picture", "joint")  # `person_trainer` has one more


@dataclass(kw_only=True)
class StageOptions:
    """Weights of the losses and sizes of the batches.

    Attributes:
        phase: One of `PHASES`.
        bf16: Calculate in bfloat16; None does on CUDA only.
        checkpointing: Keep no activations inside residual blocks, for larger batches.
    """

    phase: str = "geometry"
    batch: int = 8  # pairs of pictures
    points_batch: int = 96  # pairs of control points without pictures (geometry)
    rate: float = 1e-3
    point: float = 20.0
    pose: float = 3.0
    anchor: float = 1.0
    identity: float = 0.1
    transfer: float = 4.0
    drawn: float = 500.0  # color inside the parted lips, which are under 1 % of a picture
    perceptual: float = 0.5
    adversarial: float = 0.0
    cross: float = 0.05
    swap_every: int = 4  # steps between pairwise and cross-identity transfers (pictures)
    minutes: float | None = None
    steps: int = 1_000_000
    seed: int = 0
    bf16: bool | None = None
    checkpointing: bool = False


class LatentTrainer:
    """One step of the stage, for any phase."""

    def __init__(
        self, model: FaceAutoencoder, mesh: FaceMesh, options: StageOptions,
        device: torch.device, perceptual: PerceptualLoss | None = None,
    ) -> None:  # fmt: skip
        """Choose what learns; the rest of the model is frozen.

        Args:
            model: The model, on the device.
            mesh: The face's surface and mouth.
            options: Phase, sizes and weights.
            device: Where to compute.
            perceptual: Adds its loss in the phases that draw.
        """
        self.model, self.options, self.device = model, options, device
        self.mesh = mesh
        self.weights = point_weights().to(device)
        self.perceptual = perceptual
        self.critic = PatchDiscriminator().to(device)
        self.parameters = list(phase_parameters(model, options.phase))
        model.requires_grad_(False)
        for parameter in self.parameters:
            parameter.requires_grad_(True)
        self.optimizer = torch.optim.AdamW(self.parameters, lr=options.rate, betas=(0.9, 0.99),
                                           weight_decay=0.01)  # fmt: skip
        self.critic_optimizer = torch.optim.AdamW(self.critic.parameters(), lr=4e-4,
                                                  betas=(0.5, 0.99))  # fmt: skip
        if options.checkpointing:
            recompute_blocks(model)
        self.averaged_losses = ranks.averaged(model, self.losses)
        self.judge = ranks.averaged(self.critic, self.critic.__call__)

    def step(self, number: int, batch: Batch, total: int) -> dict[str, Tensor]:
        """Losses, backward and one step of the optimizers."""
        rate = cosine_rate(number, peak=self.options.rate, warmup=100, total=total)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        losses = self.averaged_losses(batch, number)
        loss = torch.stack(list(losses.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        return losses

    def losses(self, batch: Batch, number: int) -> dict[str, Tensor]:
        """The losses of the phase, weighted."""
        losses: dict[str, Tensor] = {}
        with autocast(self.device, self.options.bf16):
            if self.options.phase == "warps":
                losses |= {"free": self.free_points(batch, self.strangers())}
            elif self.options.phase != "picture":
                losses |= self.geometry(batch)
            if self.options.phase in ("picture", "joint"):
                losses |= self.picture(batch, number)
        return losses

    def geometry(self, batch: Batch) -> dict[str, Tensor]:
        """Codes from pictures, warps of the control points, swaps between the two frames."""
        o, model = self.options, self.model
        count = len(batch["group"])
        images = torch.cat([batch["source_image"], batch["target_image"]])
        codes = model.motion(images)
        source = FaceCodes(*(c[:count] for c in codes))
        target = FaceCodes(*(c[count:] for c in codes))
        pose = torch.cat([batch["source_pose"], batch["target_pose"]])
        known = torch.cat([batch["source_expression"], batch["target_expression"]])
        neutral = self.neutral(batch["source_points"], source)
        moved = place_up(model.warp.express(neutral, target.dynamics, source.identity), target.pose)
        other = self.neutral(batch["target_points"], target)
        i_given_j = place_up(
            model.warp.express(neutral, source.dynamics, source.identity), target.pose
        )
        j_given_i = place_up(
            model.warp.express(other, source.dynamics, target.identity), target.pose
        )
        return {
            "point": o.point * point_loss(moved, batch["target_points"], self.weights),
            "transfer": o.transfer * transfer_loss(i_given_j, j_given_i, self.weights),
            "pose": o.pose * (codes.pose - pose).abs().mean(),
            "anchor": o.anchor * anchor_loss(model.motion, codes.dynamics, known),
            "identity": o.identity
            * identity_loss(source.identity, target.identity, batch["group"]),
            "free": self.free_points(batch, source.identity),
        }

    def neutral(self, points: Tensor, codes: FaceCodes) -> Tensor:
        """Canonical points without expression, from points in the picture's view."""
        canonical = unplace_up(points, codes.pose)
        return self.model.warp.neutral(canonical, codes.dynamics, codes.identity)

    def strangers(self) -> Tensor:
        """Made-up identity codes, for phases that read no pictures."""
        codes = torch.randn(64, self.model.config.identity_dim, device=self.device)
        return codes / codes.norm(dim=1, keepdim=True)

    def free_points(self, batch: Batch, identity: Tensor) -> Tensor:
        """The warps on made-up expressions without pictures; there z_dyn comes from e."""
        model = self.model
        start, wanted = batch["free_source"], batch["free_target"]
        identity = identity.detach()[torch.arange(len(start), device=start.device) % len(identity)]
        first = model.motion.embed(batch["free_source_expression"])
        second = model.motion.embed(batch["free_target_expression"])
        # A portrait's own code is read from its picture and never exact: its points must tell.
        unsure = 0.25 * torch.randn_like(first) * torch.rand_like(first[:, :1])
        neutral = model.warp.neutral(start, first + unsure, identity)
        there = model.warp.express(neutral, second, identity)
        back = model.warp.express(neutral, first, identity)
        return self.options.point * (
            point_loss(there, wanted, self.weights) + 0.5 * point_loss(back, start, self.weights)
        )

    def picture(self, batch: Batch, number: int) -> dict[str, Tensor]:
        """Reconstruction of the target frame from the source, and what the swaps must keep."""
        o, model = self.options, self.model
        frozen = o.phase == "picture"
        with torch.set_grad_enabled(not frozen):
            count = len(batch["group"])
            codes = model.motion(torch.cat([batch["source_image"], batch["target_image"]]))
        # As in the engine, the mesh tells the pose.
        source = FaceCodes(*(c[:count] for c in codes))._replace(pose=batch["source_pose"])
        target = FaceCodes(*(c[count:] for c in codes))._replace(pose=batch["target_pose"])
        known = model.motion.embed(batch["target_expression"])
        use = torch.rand(count, 1, device=self.device) < 0.5
        dynamics = torch.where(use, known, target.dynamics)
        code = model.encode(batch["source_image"], batch["source_points"], source)
        losses = self.redrawn(batch, code, target.pose, dynamics)
        if o.swap_every and number % o.swap_every == 0:
            losses |= self.swaps(batch, code, source, target)
        return losses

    def redrawn(self, batch: Batch, code: PortraitCode, pose: Tensor,
                dynamics: Tensor) -> dict[str, Tensor]:  # fmt: skip
        """The target frame drawn from the source, against the target itself."""
        o, count = self.options, len(batch["group"])
        # Heads that the data engine drew have its own mouths: only photographs teach.
        hole = batch["hole"][:, None] * (1 - batch["exact"][:, None, None, None])
        source, points = batch["source_image"], batch["target_points"]
        out = self.model.decode(code, pose, dynamics, batch["flow"], hole, batch["drawn"])
        wanted = compose(source, out._replace(color=batch["target_image"]))
        near = mouth_crop(torch.cat([compose(source, out), wanted]), points.repeat(2, 1, 1))
        losses = {"drawn": o.drawn * hole_loss(out.color, batch["target_image"], hole)}
        if self.perceptual is not None and o.perceptual:
            losses["perceptual"] = o.perceptual * self.perceptual(near[:count], near[count:])
        if o.adversarial:
            losses["adversarial"] = o.adversarial * self.adversarial(near[:count], near[count:])
        return losses

    def adversarial(self, made: Tensor, wanted: Tensor) -> Tensor:
        """One step of the critic, then the generator's term (on mouth crops)."""
        self.critic.requires_grad_(True)
        self.critic_optimizer.zero_grad(set_to_none=True)
        # Both crops come out of one sampling, so both carry the graph that the last line needs.
        real, fake = self.judge(torch.cat([wanted, made]).detach()).chunk(2)
        adversarial_losses(real, fake).backward()
        self.critic_optimizer.step()
        self.critic.requires_grad_(False)  # the generator's term moves the generator alone
        return -self.critic(made).mean()

    def swaps(self, batch: Batch, code: PortraitCode, source: FaceCodes,
              target: FaceCodes) -> dict[str, Tensor]:  # fmt: skip
        """Pairwise transfer in pictures, and one cross-identity frame (paper, section 3.1)."""
        o = self.options
        first = self.drawn(code, target.pose, source.dynamics)
        back = self.model.encode(batch["target_image"], batch["target_points"], target)
        second = self.drawn(back, target.pose, source.dynamics)
        driver = FaceCodes(*(torch.roll(c, 1, 0) for c in target))
        crossed = self.drawn(code, source.pose, driver.dynamics)
        seen = self.model.motion(crossed)
        return {
            "transfer_image": 0.25 * o.transfer * transfer_loss(first, second),
            "cross": o.cross * cross_identity_loss(seen, source, driver),
        }

    def drawn(self, code: PortraitCode, pose: Tensor, dynamics: Tensor) -> Tensor:
        """Frames at any pose and dynamics, the surface moved by the model itself."""
        own, size = code.codes, code.image.shape[-1]
        moved = _arrays(self.model.move(code, pose, dynamics)[0], pose)
        rest = _arrays(self.model.move(code, own.pose, own.dynamics)[0], own.pose)
        photos = (255 * code.image.detach().float().cpu()).round().byte().permute(0, 2, 3, 1)
        neutral = code.neutral.detach().float().cpu().numpy()
        given: list[list[Tensor]] = [[], [], []]
        for (points, at), (source, start), photo, face in zip(
            moved, rest, photos.numpy(), neutral, strict=True
        ):
            surface = PortraitSurface(self.mesh, source, start)
            flow, label = surface.move(points, at, size)
            mouth = PortraitMouth(self.mesh.interior, face, source, start, photo)
            drawn = mouth.picture(to_canonical(points, at), at, label == MOUTH)
            for kept, value in zip(given, (flow, (label == MOUTH)[..., None], drawn), strict=True):
                kept.append(torch.from_numpy(value.transpose(2, 0, 1)).float())
        maps = (torch.stack(kept).to(self.device) for kept in given)
        return compose(code.image, self.model.decode(code, pose, dynamics, *maps))


def _arrays(points: Tensor, pose: Tensor) -> list[tuple[np.ndarray, np.ndarray]]:
    """Control points f64 and pose f32 of each face of a batch."""
    return [
        (p.numpy().astype(np.float64), q.numpy())
        for p, q in zip(points.detach().float().cpu(), pose.detach().float().cpu(), strict=True)
    ]


def phase_parameters(model: FaceAutoencoder, phase: str) -> Iterator[torch.nn.Parameter]:
    """What learns in a phase."""
    for name, parameter in model.named_parameters():
        shape = name.startswith(("motion.", "warp."))
        learns = {"joint": True, "geometry": shape, "picture": not shape,
                  "warps": name.startswith("warp."), "person": not name.startswith("motion."),
                  }[phase]  # fmt: skip
        if parameter.requires_grad and learns:
            yield parameter
