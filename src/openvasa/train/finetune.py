"""Fine-tunes a face model on videos of one person, from the weights of a model folder.

The run's folder holds what was followed (`faces/`, `train.npz`, `held_out.npz`) beside the usual
checkpoints, so that a stopped run goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from openvasa.bundle import Bundle
from openvasa.data.frame_pairs import FramePairs, load_pool, save_pool
from openvasa.data.head import SHIPPED, load_basis
from openvasa.latent.autoencoder import FaceAutoencoder
from openvasa.latent.config import latent_config
from openvasa.metrics.lpips import Lpips
from openvasa.train.autoencoder_stage import PairDataset, set_options, to_device
from openvasa.train.checkpoint import TrainState
from openvasa.train.ema import Ema
from openvasa.train.latent_trainer import StageOptions
from openvasa.train.loop import LoopOptions, run
from openvasa.train.perceptual import PerceptualLoss
from openvasa.train.person_clips import Person, follow_person
from openvasa.train.person_trainer import Figures, PersonTrainer
from openvasa.types import InputError

CLIPS_FILE = "clips.json"
REAL = 0.8  # share of pairs that are two frames of the videos; the rest is rendered


@dataclass(frozen=True, kw_only=True)
class FinetuneOptions:
    """How to fine-tune.

    Attributes:
        steps: Steps in all.
        face: Which face of each video, see `follow_person`.
        settings: NAME=VALUE changes of `StageOptions`.
        vgg: Weights for the perceptual loss.
        lpips: Weights of the perceptual distance, to judge by.
    """

    steps: int
    face: int | None = None
    settings: Sequence[str] = ()
    vgg: Path | None = None
    lpips: Path | None = None


class Finetuned(NamedTuple):
    """What came of it.

    Attributes:
        model: The face model with averaged weights.
        before: Errors of the model that it began with, on held-out frames.
        after: Its own.
        steps: Steps done in all.
    """

    model: FaceAutoencoder
    before: Figures
    after: Figures
    steps: int


def finetune(bundle: Bundle, clips: Sequence[Path], out: Path,
             options: FinetuneOptions) -> Finetuned:  # fmt: skip
    """Follows, trains and judges.

    Args:
        bundle: The model to begin with.
        clips: Videos of the person.
        out: The run's folder.
        options: How.

    Raises:
        InputError: A video is of no use (`follow_person`), the run's folder belongs to other
            videos, or a setting does not exist.
    """
    config = latent_config(bundle.section("latent"))
    basis = load_basis(SHIPPED)
    stage = StageOptions(phase="person", batch=4, points_batch=24, rate=3e-4, steps=options.steps)
    set_options(stage, options.settings)
    person = _person(bundle, clips, out, options, config.image_size)
    train = FramePairs(person.train, basis, config.image_size, real=REAL)
    held_out = FramePairs(person.held_out, basis, config.image_size)
    model = FaceAutoencoder(config)
    weights = {name: torch.from_numpy(v) for name, v in bundle.tensors("autoencoder").items()}
    model.load_state_dict(weights)
    perceptual = PerceptualLoss(options.vgg) if options.vgg else None
    lpips = Lpips(options.lpips) if options.lpips else None
    device = torch.device("cpu")
    trainer = PersonTrainer(model, train.mesh, stage, device, perceptual)
    before = trainer.judge_frames(train, held_out, lpips)
    print(f"before: {before.text()}", flush=True)
    state = TrainState(
        modules={"model": model, "critic": trainer.critic},
        optimizers={"model": trainer.optimizer, "critic": trainer.critic_optimizer},
        ema=Ema(model, 0.98), config={"stage": vars(stage)},
    )  # fmt: skip
    feed: list[Iterator[Any]] = []

    def step(number: int) -> dict[str, Tensor]:
        if not feed:
            feed.append(iter(DataLoader(PairDataset(train, stage, number), batch_size=1,
                                        generator=torch.Generator())))  # fmt: skip
        return trainer.step(number, to_device(next(feed[0]), device), options.steps)

    loop = LoopOptions(steps=options.steps, batch=stage.batch, log_every=10,
                       checkpoint_seconds=60)  # fmt: skip
    done = run(step, state, out, loop)
    assert state.ema is not None
    model.load_state_dict(state.ema.tensors())
    return Finetuned(model, before, trainer.judge_frames(train, held_out, lpips), done)


def _person(bundle: Bundle, clips: Sequence[Path], out: Path, options: FinetuneOptions,
            size: int) -> Person:  # fmt: skip
    """The person's faces, followed now or by the part of this run that was stopped."""
    for clip in clips:
        if not clip.is_file():
            raise InputError(f"there is no video at '{clip}': check the name.")
    about = {
        "model": bundle.config["files"]["autoencoder.safetensors"], "face": options.face,
        "clips": [[clip.name, clip.stat().st_size] for clip in clips],
    }  # fmt: skip
    known = out / CLIPS_FILE
    if known.is_file():
        if json.loads(known.read_text(encoding="utf-8")) != about:
            raise InputError(
                f"'{out}' belongs to other videos or another model: give another --run folder."
            )
        return Person(load_pool(out / "train.npz"), load_pool(out / "held_out.npz"))
    print("following the face", flush=True)
    person = follow_person(clips, out / "faces", load_basis(SHIPPED), size, options.face)
    save_pool(out / "train.npz", person.train)
    save_pool(out / "held_out.npz", person.held_out)
    known.write_text(json.dumps(about), encoding="utf-8")  # last: what it names is whole
    print(
        f"{len(person.train.files)} faces to learn from, {len(person.held_out.files)} held out",
        flush=True,
    )
    return person
