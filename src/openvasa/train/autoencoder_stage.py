"""Stage one: trains the face latent model on pairs of frames.

`python -m openvasa.train.autoencoder_stage --pool pool.npz --out RUN
[--phase geometry|warps|picture|joint] [--basis head.safetensors] [--minutes M]`

`geometry` learns the codes and the warps from pictures and control points, `warps` only the
warps, on made-up expressions without pictures (fast), `picture` the appearance volume and the
decoder, on photographs of people who part their lips, `joint` everything. A phase starts from the
weights that `--start` names, of the phase before it; run again with the same `--out` it resumes. A
CPU trains the phases one after the other, a GPU may go straight to `joint`. On several GPUs,
`torchrun --nproc-per-node N -m openvasa.train.autoencoder_stage ...` runs the same with N times the
batch.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from openvasa.data.frame_pairs import FramePairs, load_pool
from openvasa.data.head import SHIPPED, load_basis
from openvasa.latent.autoencoder import FaceAutoencoder
from openvasa.latent.config import PRESETS
from openvasa.train import ranks
from openvasa.train.checkpoint import TrainState, load_weights
from openvasa.train.ema import Ema
from openvasa.train.latent_trainer import PHASES, Batch, LatentTrainer, StageOptions
from openvasa.train.loop import LoopOptions, device_from_name, run
from openvasa.train.perceptual import PerceptualLoss
from openvasa.types import InputError


class PairDataset(Dataset[dict[str, np.ndarray]]):
    """Pairs by number, so that a resumed run goes on where it stopped.

    N ranks share out what one rank would draw with N times the batch.
    """

    def __init__(self, pairs: FramePairs, options: StageOptions, first: int) -> None:
        """Serve this rank's batches of the steps from `first` on."""
        self.pairs, self.options, self.first = pairs, options, first
        self.rank, self.ranks = ranks.rank(), ranks.count()

    def __len__(self) -> int:
        """Steps left."""
        return max(1, self.options.steps - self.first)

    def __getitem__(self, step: int) -> dict[str, np.ndarray]:
        """The batch of one step."""
        step = (step + self.first) * self.ranks + self.rank
        made: dict[str, np.ndarray] = {}
        if self.options.phase != "warps":
            made |= self.pairs.batch(self.options.seed, step, self.options.batch)
        if self.options.phase != "picture":
            made |= self.pairs.points_batch(self.options.seed, step, self.options.points_batch)
        return made


def build_model(preset: str, mean: np.ndarray) -> FaceAutoencoder:
    """A new model with the mean face [468, 3] as the template of its warps."""
    model = FaceAutoencoder(PRESETS[preset])
    points = np.concatenate([mean, mean_irises(mean)]).astype(np.float32)
    model.warp.set_template(torch.from_numpy(points))
    return model


def mean_irises(mean: np.ndarray) -> np.ndarray:
    """Iris points [10, 3] of the mean face: at the middle of the lids' corners."""
    centers = [(mean[a] + mean[b]) / 2 for a, b in ((33, 133), (362, 263))]
    return np.repeat(np.stack(centers), 5, axis=0)


def to_device(batch: dict[str, Any], device: torch.device) -> Batch:
    """Tensors of one batch on the device."""
    return {k: torch.as_tensor(v)[0].to(device, non_blocking=True) for k, v in batch.items()}


def set_options(options: StageOptions, items: Sequence[str]) -> None:
    """Apply NAME=VALUE settings.

    Raises:
        InputError: A name does not exist, or a value is neither a number nor true or false.
    """
    known = sorted(field.name for field in fields(StageOptions))
    for item in items:
        key, _, value = item.partition("=")
        if key not in known:
            raise InputError(f"there is no setting '{key}'; there are {', '.join(known)}")
        try:
            setattr(options, key, json.loads(value))
        except json.JSONDecodeError as error:
            raise InputError(f"'{item}' is not NAME=NUMBER or NAME=true") from error


def train(args: argparse.Namespace) -> int:
    """Run one phase; see the module. Returns the steps done in all."""
    options = StageOptions(phase=args.phase, minutes=args.minutes, steps=args.steps,
                           seed=args.seed, batch=args.batch)  # fmt: skip
    set_options(options, args.set)
    torch.manual_seed(options.seed)
    torch.set_num_threads(args.threads)
    device = device_from_name(args.device)
    basis = load_basis(args.basis)
    pairs = FramePairs(load_pool(args.pool), basis, PRESETS[args.preset].image_size,
                       real=1.0 if args.phase == "picture" else 0.3,
                       parted=args.phase in ("picture", "joint"))  # fmt: skip
    model = build_model(args.preset, basis.mean)
    if args.start:
        load_weights(args.start, model)
    model.to(device)
    for part in (model.decoder, model.appearance, model.motion):
        part.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    perceptual = PerceptualLoss(args.vgg).to(device) if args.vgg else None
    trainer = LatentTrainer(model, pairs.mesh, options, device, perceptual)
    state = TrainState(
        modules={"model": model, "critic": trainer.critic},
        optimizers={"model": trainer.optimizer, "critic": trainer.critic_optimizer},
        ema=Ema(model, 0.998), config={"stage": vars(options), "preset": args.preset},
    )  # fmt: skip
    feed: list[Iterator[Any]] = []

    def step(number: int) -> dict[str, Tensor]:
        if not feed:
            data = PairDataset(pairs, options, number)
            # Its own generator: starting it, as a resumed run must, draws a random number.
            feed.append(iter(DataLoader(data, batch_size=1, num_workers=args.workers,
                                        prefetch_factor=4 if args.workers else None,
                                        generator=torch.Generator())))  # fmt: skip
        return trainer.step(number, to_device(next(feed[0]), device), args.total)

    loop = LoopOptions(steps=options.steps, minutes=options.minutes, batch=options.batch,
                       seed=options.seed, log_every=20, checkpoint_seconds=180)  # fmt: skip
    return run(step, state, args.out, loop)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--basis", type=Path, default=SHIPPED, help="another parametric head")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="weights to start from (safetensors)")
    parser.add_argument("--vgg", type=Path, help="VGG16 weights for the perceptual loss")
    parser.add_argument("--preset", default="compact", choices=sorted(PRESETS))
    parser.add_argument("--phase", default="geometry", choices=PHASES)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--total", type=int, default=4000, help="steps of the learning-rate cosine")
    parser.add_argument("--batch", type=int, default=8, help="pairs a step and rank")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--set", nargs="*", default=[], help="loss weights and the like: NAME=VALUE"
    )
    args = parser.parse_args(argv)
    try:
        with ranks.joined():
            train(args)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
