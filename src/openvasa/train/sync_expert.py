"""Trains our sync expert: do these 5 frames of a mouth belong to these 0.2 s of sound?

    openvasa train sync-expert prepare VIDEOS... --data experts
    openvasa train sync-expert train --data experts --out runs/sync
    openvasa train sync-expert export --out runs/sync --to judges

The windows are SyncNet's (Chung and Zisserman 2016); the loss is contrastive. Wrong partners are
all other windows of the same clip, those a frame away among them, and of other clips and people.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from openvasa.audio.clock import COLUMNS_PER_FRAME
from openvasa.audio.mel import log_mel
from openvasa.data.pcm import from_pcm
from openvasa.metrics.expert_networks import SyncPicture, SyncSound
from openvasa.metrics.judges import OWN_SYNC
from openvasa.metrics.mouth_crop import MOUTH_SIDE
from openvasa.metrics.sync import REACH, WINDOW, sync_score
from openvasa.train import expert_data
from openvasa.train.checkpoint import TrainState, load_weights
from openvasa.train.ema import Ema
from openvasa.train.expert_augment import filmed_anew, recorded_anew
from openvasa.train.expert_data import ExpertClip
from openvasa.train.expert_export import export_network
from openvasa.train.expert_loss import info_nce, shift_curves
from openvasa.train.loop import LoopOptions, cosine_rate, run, step_rng
from openvasa.types import Array


@dataclass(frozen=True, kw_only=True)
class SyncConfig:
    """How the sync expert learns."""

    batch: int = 8  # clips a step
    frames: int = 40  # of each, a window fewer than 4 of which starts in each
    rate: float = 2e-3  # peak learning rate
    steps: int = 2400
    shift_weight: float = 1.0  # of finding the shift of a whole clip
    shift_scale: float = 15.0  # inverse temperature of that
    held_out: str = ""  # people, separated by commas, who only validate
    seed: int = 1


class SyncExpert(nn.Module):
    """Both networks and the temperature."""

    def __init__(self) -> None:
        """Makes it with fresh weights."""
        super().__init__()
        self.picture, self.sound = SyncPicture(), SyncSound()
        self.log_scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, luma: Tensor, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors of all windows, both [B, T - 4, D].

        Args:
            luma: [B, T, 96, 96].
            mel: [B, 4 T, 80].
        """
        heard = mel.unfold(1, WINDOW * COLUMNS_PER_FRAME, COLUMNS_PER_FRAME)
        vectors = self.sound(heard.flatten(0, 1))
        return self.picture.clip(luma), vectors.reshape(len(mel), -1, vectors.shape[1])


class Batches:
    """Draws clips, people evenly, and changes them."""

    def __init__(self, clips: list[ExpertClip], config: SyncConfig) -> None:
        """Computes every clip's log-mel."""
        self.config = config
        self.people = [
            [(clip.mouths, log_mel(from_pcm(clip.audio))) for clip in own]
            for own in expert_data.by_person(clips)
        ]

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Brightness [B, T, 96, 96] and mel [B, 4 T, 80] of one step."""
        rng = step_rng(self.config.seed, step)
        size, per = self.config.frames, COLUMNS_PER_FRAME
        pictures, sounds = [], []
        for _ in range(self.config.batch):
            own = self.people[rng.integers(len(self.people))]
            mouths, mel = own[rng.integers(len(own))]
            start = int(rng.integers(len(mouths) - size + 1))
            pictures.append(filmed_anew(mouths[start : start + size], rng))
            sounds.append(recorded_anew(mel[start * per : (start + size) * per], rng))
        luma = torch.from_numpy(np.stack(pictures)).float() / 255
        return luma, torch.from_numpy(np.stack(sounds))


def losses(
    expert: SyncExpert, luma: Tensor, mel: Tensor, config: SyncConfig
) -> dict[str, Tensor]:  # fmt: skip
    """Named losses of one batch; `loss` is their weighted sum."""
    seen, heard = expert(luma, mel)
    scale = expert.log_scale.exp().clamp(max=50.0)
    windows = info_nce(seen.flatten(0, 1), heard.flatten(0, 1), scale)
    curves = config.shift_scale * shift_curves(seen, heard, REACH)
    truth = torch.full((len(curves),), REACH)
    shifts = functional.cross_entropy(curves, truth)
    found = (curves.argmax(1) == REACH).float().mean()
    total = windows + config.shift_weight * shifts
    return {"loss": total, "windows": windows, "shifts": shifts, "found": found}


@torch.no_grad()
def validate(expert: SyncExpert, clips: list[ExpertClip]) -> dict[str, float]:
    """Confidence, distance and share of offsets found, of whole clips as they are."""
    expert.eval()
    scores = [sync_score(*vectors(expert, clip)) for clip in clips]
    expert.train()
    offsets = np.abs([score.offset for score in scores])
    return {
        "exact": float((offsets == 0).mean()), "within_1": float((offsets <= 1).mean()),
        "confidence": float(np.mean([score.confidence for score in scores])),
        "distance": float(np.mean([score.distance for score in scores])),
    }  # fmt: skip


def vectors(expert: SyncExpert, clip: ExpertClip) -> tuple[Array, Array]:
    """Vectors of a clip's windows, both f32 [T - 4, D]."""
    margin = (clip.mouths.shape[1] - MOUTH_SIDE) // 2
    inner = clip.mouths[:, margin : margin + MOUTH_SIDE, margin : margin + MOUTH_SIDE]
    mel = torch.from_numpy(log_mel(from_pcm(clip.audio)))
    seen, heard = expert(torch.from_numpy(inner)[None].float() / 255, mel[None])
    return seen[0].numpy(), heard[0].numpy()


def train(data: Path, out: Path, config: SyncConfig, minutes: float | None = None) -> SyncExpert:
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
    clips = expert_data.load(data, max(config.frames, WINDOW + 2 * REACH))
    held = config.held_out.split(",")
    batches = Batches([clip for clip in clips if clip.person not in held], config)
    strangers = [clip for clip in clips if clip.person in held]
    torch.manual_seed(config.seed)
    expert = SyncExpert()
    expert.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster on a CPU
    optimizer = torch.optim.AdamW(expert.parameters(), lr=config.rate, weight_decay=0.05)
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
        steps=config.steps, minutes=minutes, batch=config.batch, seed=config.seed, log_every=20,
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
    expert = SyncExpert()
    load_weights(out / "ema.safetensors", expert)
    expert.eval()
    side = MOUTH_SIDE
    examples: list[tuple[nn.Module, tuple[int, ...]]] = [
        (expert.picture, (4, 3, WINDOW, side, side)),
        (expert.sound, (4, 80, WINDOW * COLUMNS_PER_FRAME)),
    ]
    for name, (network, shape) in zip(OWN_SYNC, examples, strict=True):
        print(f"{name}: {export_network(network, shape, to / name):.2g} from PyTorch")


def main(argv: list[str] | None = None) -> int:
    """Command line of the stage."""
    return expert_data.stage(argv, __doc__ or "", SyncConfig, train, export)


if __name__ == "__main__":
    sys.exit(main())
