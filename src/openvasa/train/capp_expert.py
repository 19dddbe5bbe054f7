"""Trains our CAPP: does a head move as the sound suggests? (contrastive audio-pose pretraining).

    openvasa train capp-expert prepare VIDEOS... --data experts
    openvasa train capp-expert train --data experts --out runs/capp
    openvasa train capp-expert export --out runs/capp --to judges

VASA-1 describes it after CLIP: a pose network and a sound network whose vectors agree for the same
3 seconds. All clips of a step are of one person: across people, a voice would soon tell whose
head it is without any look at how it moves.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from openvasa.audio.mel import log_mel
from openvasa.data.pcm import from_pcm
from openvasa.metrics.capp import WINDOW
from openvasa.metrics.expert_networks import CappPose, CappSound
from openvasa.metrics.judges import OWN_CAPP
from openvasa.train import expert_data
from openvasa.train.checkpoint import TrainState, load_weights
from openvasa.train.ema import Ema
from openvasa.train.expert_augment import recorded_anew, retimed
from openvasa.train.expert_data import ExpertClip
from openvasa.train.expert_export import export_network
from openvasa.train.expert_loss import info_nce, shift_curves
from openvasa.train.loop import LoopOptions, cosine_rate, run, step_rng
from openvasa.types import SAMPLES_PER_FRAME

_MIRRORED = np.array([-1, 1, -1, -1, 1, 1], np.float32)  # yaw, roll and x change sign


@dataclass(frozen=True, kw_only=True)
class CappConfig:
    """How CAPP learns."""

    batch: int = 48  # clips a step, fewer where a person has fewer
    frames: int = 56  # of each
    rate: float = 2e-3  # peak learning rate
    steps: int = 300  # strangers' AUC falls after that
    reach: int = 12  # shifts told apart, frames to either side
    shift_weight: float = 0.5
    shift_scale: float = 10.0  # inverse temperature of that
    held_out: str = ""  # people, separated by commas, who only validate
    seed: int = 1


class CappExpert(nn.Module):
    """Both networks and the temperature."""

    def __init__(self) -> None:
        """Makes it with fresh weights."""
        super().__init__()
        self.pose, self.sound = CappPose(), CappSound()
        self.log_scale = nn.Parameter(torch.tensor(2.0))


class Batches:
    """Draws clips of one person and changes them."""

    def __init__(self, clips: list[ExpertClip], config: CappConfig) -> None:
        """Computes every clip's log-mel."""
        self.config = config
        self.people = [
            [(clip.pose, log_mel(from_pcm(clip.audio))) for clip in own]
            for own in expert_data.by_person(clips)
        ]
        weights = np.sqrt([len(own) for own in self.people])
        self.weights = weights / weights.sum()

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Pose [B, T, 6] less its mean and mel [B, 4 T, 80] of one step."""
        rng = step_rng(self.config.seed, step)
        own = self.people[rng.choice(len(self.people), p=self.weights)]
        poses, sounds = [], []
        for k in rng.permutation(len(own))[: self.config.batch]:
            pose, mel = retimed(own[k][0], own[k][1], self.config.frames, rng)
            if rng.random() < 0.5:
                pose = pose * _MIRRORED
            poses.append(pose - pose.mean(0))
            sounds.append(recorded_anew(mel, rng))
        return torch.from_numpy(np.stack(poses)), torch.from_numpy(np.stack(sounds))


def losses(
    expert: CappExpert, pose: Tensor, mel: Tensor, config: CappConfig
) -> dict[str, Tensor]:  # fmt: skip
    """Named losses of one batch; `loss` is their weighted sum."""
    moved, heard = expert.pose.frames(pose), expert.sound.frames(mel)
    scale = expert.log_scale.exp().clamp(max=50.0)
    whole = [functional.normalize(part.flatten(1), dim=1) for part in (moved, heard)]
    clips = info_nce(whole[0], whole[1], scale)
    # Frames weigh as they do in a whole vector: by their length relative to all.
    frames = [
        p / p.square().sum(2, keepdim=True).mean(1, keepdim=True).sqrt() for p in (moved, heard)
    ]
    curves = config.shift_scale * shift_curves(frames[0], frames[1], config.reach)
    truth = torch.full((len(curves),), config.reach)
    shifts = functional.cross_entropy(curves, truth)
    likeness = whole[0] @ whole[1].T
    auc = (likeness.diagonal()[:, None] > likeness).float().sum() / (len(pose) * (len(pose) - 1))
    total = clips + config.shift_weight * shifts
    return {"loss": total, "clips": clips, "shifts": shifts, "auc": auc}


@torch.no_grad()
def validate(expert: CappExpert, clips: list[ExpertClip]) -> dict[str, float]:
    """AUC of matched against mismatched first windows of each person, and their cosine."""
    expert.eval()
    shares, cosines = [], []
    for own in expert_data.by_person(clips):
        pose = torch.from_numpy(np.stack([c.pose[:WINDOW] - c.pose[:WINDOW].mean(0) for c in own]))
        sound = np.stack([from_pcm(clip.audio[: WINDOW * SAMPLES_PER_FRAME]) for clip in own])
        likeness = (expert.pose(pose) @ expert.sound(torch.from_numpy(sound)).T).numpy()
        matched = likeness.diagonal()[:, None]
        shares += list((matched > likeness).sum(1) / (len(own) - 1))
        cosines += list(likeness.diagonal())
    expert.train()
    return {"auc": float(np.mean(shares)), "cosine": float(np.mean(cosines))}


def train(data: Path, out: Path, config: CappConfig, minutes: float | None = None) -> CappExpert:
    """Trains, or goes on where the last call stopped.

    Args:
        data: What `prepare` made.
        out: The run's folder.
        config: How to train.
        minutes: Wall-clock limit of this call.

    Returns:
        The expert with averaged weights.

    Raises:
        InputError: `data` holds no clips.
    """
    clips = expert_data.load(data, WINDOW)
    held = config.held_out.split(",")
    batches = Batches([clip for clip in clips if clip.person not in held], config)
    strangers = [clip for clip in clips if clip.person in held]
    torch.manual_seed(config.seed)
    expert = CappExpert()
    optimizer = torch.optim.AdamW(expert.parameters(), lr=config.rate, weight_decay=0.1)
    ema = Ema(expert, 0.995)
    state = TrainState(
        modules={"expert": expert}, optimizers={"expert": optimizer}, ema=ema,
        config=asdict(config),
    )  # fmt: skip

    def step(number: int) -> dict[str, Tensor]:
        rate = cosine_rate(number, peak=config.rate, warmup=50, total=config.steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        named = losses(expert, *batches.draw(number), config)
        optimizer.zero_grad(set_to_none=True)
        named["loss"].backward()
        nn.utils.clip_grad_norm_(expert.parameters(), 5.0)
        optimizer.step()
        return {name: value.detach() for name, value in named.items()}

    def check(_: int) -> dict[str, float]:
        with ema.applied():
            return validate(expert, strangers)

    options = LoopOptions(
        steps=config.steps, minutes=minutes, batch=config.batch, seed=config.seed, log_every=50,
        validate_every=200,
    )  # fmt: skip
    run(step, state, out, options, check if strangers else None)
    expert.load_state_dict(ema.tensors())
    return expert.eval()


def export(out: Path, to: Path) -> None:
    """Writes the two graphs of a run, and prints how far they are from PyTorch.

    Raises:
        InputError: The run has no weights.
    """
    expert = CappExpert()
    load_weights(out / "ema.safetensors", expert)
    expert.eval()
    examples: list[tuple[nn.Module, tuple[int, ...]]] = [
        (expert.pose, (4, WINDOW, 6)), (expert.sound, (4, WINDOW * SAMPLES_PER_FRAME)),
    ]  # fmt: skip
    for name, (network, shape) in zip(OWN_CAPP, examples, strict=True):
        print(f"{name}: {export_network(network, shape, to / name):.2g} from PyTorch")


def main(argv: list[str] | None = None) -> int:
    """Command line of the stage."""
    return expert_data.stage(argv, __doc__ or "", CappConfig, train, export)


if __name__ == "__main__":
    sys.exit(main())
