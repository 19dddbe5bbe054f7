"""Stage one: trains the face latent model on pairs of frames.

`python -m openvasa.train.autoencoder_stage --pool pool.npz --basis head.safetensors --out RUN
[--phase geometry|picture|joint] [--minutes M]`

`geometry` learns the codes and the warps from pictures and control points, `picture` the
appearance volume and the decoder, `joint` everything; each starts from RUN's last weights. The
CPU trains the first two one after the other; a GPU may go straight to `joint`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from openvasa.data.frame_pairs import FramePairs, load_pool
from openvasa.data.head import load_basis
from openvasa.latent.autoencoder import FaceAutoencoder, compose, place_up, unplace_up
from openvasa.latent.config import PRESETS
from openvasa.latent.face_decoder import look
from openvasa.latent.motion_encoder import FaceCodes
from openvasa.latent.surface import MOUTH, PortraitSurface
from openvasa.train.checkpoint import TrainState
from openvasa.train.discriminator import PatchDiscriminator
from openvasa.train.ema import Ema
from openvasa.train.loop import LoopOptions, autocast, cosine_rate, device_from_name, run
from openvasa.train.losses import (
    adversarial_losses,
    anchor_loss,
    cross_identity_loss,
    identity_loss,
    mouth_crop,
    picture_weight,
    point_loss,
    point_weights,
    transfer_loss,
    visible_loss,
)
from openvasa.train.perceptual import PerceptualLoss

Batch = dict[str, Tensor]


@dataclass(kw_only=True)
class StageOptions:
    """Weights of the losses and sizes of the batches."""

    phase: str = "geometry"
    batch: int = 8  # pairs of pictures
    points_batch: int = 96  # pairs of control points without pictures (geometry)
    rate: float = 1e-3
    point: float = 20.0
    pose: float = 3.0
    anchor: float = 1.0
    identity: float = 0.1
    transfer: float = 4.0
    image: float = 2.0
    drawn: float = 2.0  # color inside the parted lips
    perceptual: float = 0.2
    visible: float = 0.1
    adversarial: float = 0.0
    cross: float = 0.05
    swap_every: int = 4  # steps between pairwise and cross-identity transfers (pictures)
    minutes: float | None = None
    steps: int = 1_000_000
    seed: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


class PairDataset(Dataset[dict[str, np.ndarray]]):
    """Pairs by number, so that a resumed run goes on where it stopped."""

    def __init__(self, pairs: FramePairs, options: StageOptions, first: int) -> None:
        self.pairs, self.options, self.first = pairs, options, first

    def __len__(self) -> int:
        """Steps left."""
        return max(1, self.options.steps - self.first)

    def __getitem__(self, step: int) -> dict[str, np.ndarray]:
        """The batch of one step."""
        step += self.first
        made = self.pairs.batch(self.options.seed, step, self.options.batch)
        if self.options.phase != "picture":
            made |= self.pairs.points_batch(self.options.seed, step, self.options.points_batch)
        return made


class LatentTrainer:
    """One step of the stage, for any phase."""

    def __init__(self, model: FaceAutoencoder, pairs: FramePairs, options: StageOptions,
                 device: torch.device, perceptual: PerceptualLoss | None) -> None:  # fmt: skip
        self.model, self.options, self.device = model, options, device
        self.topology = pairs.renderer.topology
        self.weights = point_weights().to(device)
        self.perceptual = perceptual
        self.critic = PatchDiscriminator().to(device)
        self.parameters = list(phase_parameters(model, options.phase))
        self.optimizer = torch.optim.AdamW(self.parameters, lr=options.rate, betas=(0.9, 0.99),
                                           weight_decay=0.01)  # fmt: skip
        self.critic_optimizer = torch.optim.AdamW(self.critic.parameters(), lr=4e-4,
                                                  betas=(0.5, 0.99))  # fmt: skip

    def step(self, number: int, batch: Batch, total: int) -> dict[str, Tensor]:
        """Losses, backward and one step of the optimizers."""
        rate = cosine_rate(number, peak=self.options.rate, warmup=100, total=total)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with autocast(self.device):
            losses: dict[str, Tensor] = {}
            if self.options.phase != "picture":
                losses |= self.geometry(batch)
            if self.options.phase != "geometry":
                losses |= self.picture(batch, number)
        loss = torch.stack(list(losses.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
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
        moved = place_up(
            model.warp.express(neutral, target.dynamics, source.identity), target.pose
        )
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

    def free_points(self, batch: Batch, identity: Tensor) -> Tensor:
        """The warps on made-up expressions without pictures; there z_dyn comes from e."""
        model = self.model
        start, wanted = batch["free_source"], batch["free_target"]
        identity = identity.detach()[torch.arange(len(start), device=start.device) % len(identity)]
        first = model.motion.embed(batch["free_source_expression"])
        second = model.motion.embed(batch["free_target_expression"])
        noise = 0.02 * torch.randn_like(first)
        neutral = model.warp.neutral(start, first + noise, identity)
        there = model.warp.express(neutral, second + noise, identity)
        back = model.warp.express(neutral, first + noise, identity)
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
        source = FaceCodes(*(c[:count] for c in codes))
        target = FaceCodes(*(c[count:] for c in codes))
        known = model.motion.embed(batch["target_expression"])
        use = torch.rand(count, 1, device=self.device) < 0.5
        dynamics = torch.where(use, known, target.dynamics)
        code = model.encode(batch["source_image"], batch["source_points"], source)
        hole = batch["hole"][:, None]
        out = model.decode(code, target.pose, dynamics, batch["flow"], hole)
        made = compose(batch["source_image"], out)
        wanted, points = batch["target_image"], batch["target_points"]
        weight = picture_weight(hole, points)
        near = mouth_crop(torch.cat([made, wanted]), points.repeat(2, 1, 1))
        losses = {
            "image": o.image * ((made - wanted).abs() * weight).mean(),
            "drawn": o.drawn * ((out.color - wanted).abs() * (hole * 8 + 0.1)).mean(),
            "visible": o.visible * visible_loss(out.visible, hole, batch["exact"]),
            "residual": 4 * ((out.flow - batch["flow"]).abs().mean((1, 2, 3)) * batch["exact"]).mean(),
        }
        if self.perceptual is not None and o.perceptual:
            losses["perceptual"] = o.perceptual * self.perceptual(near[:count], near[count:])
        if o.adversarial:
            losses["adversarial"] = o.adversarial * self.adversarial(near[:count], near[count:])
        if o.swap_every and number % o.swap_every == 0:
            losses |= self.swaps(batch, code, source, target)
        return losses

    def adversarial(self, made: Tensor, wanted: Tensor) -> Tensor:
        """One step of the critic, then the generator's term (on mouth crops)."""
        self.critic_optimizer.zero_grad(set_to_none=True)
        adversarial_losses(self.critic(wanted), self.critic(made.detach())).backward()
        self.critic_optimizer.step()
        return -self.critic(made).mean()

    def swaps(self, batch: Batch, code, source: FaceCodes, target: FaceCodes) -> dict[str, Tensor]:
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

    def drawn(self, code, pose: Tensor, dynamics: Tensor) -> Tensor:
        """Frames at any pose and dynamics, the surface moved by the model itself."""
        points, _ = self.model.move(code, pose, dynamics)
        moved = points.detach().float().cpu().numpy().astype(np.float64)
        own = place_up(
            self.model.warp.express(code.neutral, code.codes.dynamics, code.codes.identity),
            code.codes.pose,
        )
        sources = own.detach().float().cpu().numpy().astype(np.float64)
        poses = pose.detach().float().cpu().numpy()
        rests = code.codes.pose.detach().float().cpu().numpy()
        size = code.image.shape[-1]
        flows, holes = [], []
        for k in range(len(moved)):
            surface = PortraitSurface(self.topology, sources[k], rests[k])
            flow, label = surface.move(moved[k], poses[k], size)
            flows.append(flow.transpose(2, 0, 1))
            holes.append((label == MOUTH)[None])
        flow = torch.from_numpy(np.stack(flows)).to(self.device)
        hole = torch.from_numpy(np.stack(holes)).float().to(self.device)
        return compose(code.image, self.model.decode(code, pose, dynamics, flow, hole))


def phase_parameters(model: FaceAutoencoder, phase: str) -> Iterator[torch.nn.Parameter]:
    """What learns in a phase."""
    for name, parameter in model.named_parameters():
        shape = name.startswith(("motion.", "warp."))
        if parameter.requires_grad and (phase == "joint" or shape == (phase == "geometry")):
            yield parameter


def build_model(preset: str, mean: np.ndarray, topology_points: np.ndarray) -> FaceAutoencoder:
    """A new model with the mean face as the template of its warps."""
    model = FaceAutoencoder(PRESETS[preset])
    points = np.concatenate([mean, topology_points]).astype(np.float32)
    model.warp.set_template(torch.from_numpy(points))
    return model


def mean_irises(mean: np.ndarray) -> np.ndarray:
    """Iris points [10, 3] of the mean face: at the middle of the lids' corners."""
    centers = [(mean[a] + mean[b]) / 2 for a, b in ((33, 133), (362, 263))]
    return np.repeat(np.stack(centers), 5, axis=0)


def load_weights(model: FaceAutoencoder, path: Path) -> None:
    """Weights of an earlier phase (fp16 or fp32 safetensors), strictly."""
    model.load_state_dict({k: v.float() for k, v in load_file(str(path)).items()}, strict=True)


def to_device(batch: dict[str, Any], device: torch.device) -> Batch:
    """Tensors of one batch on the device."""
    return {k: torch.as_tensor(v)[0].to(device, non_blocking=True) for k, v in batch.items()}


def train(args: argparse.Namespace) -> int:
    """Run one phase; see the module."""
    options = StageOptions(phase=args.phase, minutes=args.minutes, steps=args.steps,
                           seed=args.seed, batch=args.batch)  # fmt: skip
    for item in args.set:
        key, value = item.split("=", 1)
        setattr(options, key, json.loads(value))
    torch.set_num_threads(args.threads)
    device = device_from_name(args.device)
    basis = load_basis(args.basis)
    pairs = FramePairs(load_pool(args.pool), basis, PRESETS[args.preset].image_size)
    model = build_model(args.preset, basis.mean, mean_irises(basis.mean))
    if args.start:
        load_weights(model, args.start)
    model.to(device)
    for part in (model.decoder, model.appearance, model.motion):
        part.to(memory_format=torch.channels_last)
    perceptual = PerceptualLoss(args.vgg).to(device) if args.vgg else None
    trainer = LatentTrainer(model, pairs, options, device, perceptual)
    state = TrainState(
        modules={"model": model, "critic": trainer.critic},
        optimizers={"model": trainer.optimizer, "critic": trainer.critic_optimizer},
        ema=Ema(model, 0.998), config={"stage": vars(options), "preset": args.preset},
    )  # fmt: skip
    feed: list[Iterator[Any]] = []

    def step(number: int) -> dict[str, Tensor]:
        if not feed:
            data = PairDataset(pairs, options, number)
            feed.append(iter(DataLoader(data, batch_size=1, num_workers=args.workers,
                                        prefetch_factor=4 if args.workers else None)))  # fmt: skip
        return trainer.step(number, to_device(next(feed[0]), device), args.total)

    loop = LoopOptions(steps=options.steps, minutes=options.minutes, batch=options.batch,
                       seed=options.seed, log_every=20, checkpoint_seconds=180)  # fmt: skip
    return run(step, state, args.out, loop)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--basis", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="weights to start from (safetensors)")
    parser.add_argument("--vgg", type=Path, help="VGG16 weights for the perceptual loss")
    parser.add_argument("--preset", default="compact", choices=sorted(PRESETS))
    parser.add_argument("--phase", default="geometry", choices=("geometry", "picture", "joint"))
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--total", type=int, default=4000, help="steps of the learning-rate cosine")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--set", nargs="*", default=[], help="loss weights: NAME=VALUE")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
