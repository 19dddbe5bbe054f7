"""Stage two: motion tracks and audio features -> the motion denoiser.

python -m openvasa.train.motion_stage --data STORE --out RUN [--recipe recipes/motion.yaml]
    [--minutes M] [--readout faces.safetensors] [--warm ema.safetensors]

Needs a store of motion clips (data.motion_clips). Running it again resumes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from torch import Tensor

from openvasa.data.head import load_basis
from openvasa.data.motion_augment import roughen_past, send_astray
from openvasa.data.motion_clips import MotionBatch, MotionClips, load_store
from openvasa.motion.conditions import cut_audio_end, drop_conditions
from openvasa.motion.config import MotionConfig, MotionStats, config_from_dict
from openvasa.motion.denoiser import MotionDenoiser, create_denoiser, export_denoiser
from openvasa.motion.schedule import create_schedule, shifted
from openvasa.train import loop
from openvasa.train.checkpoint import EMA_NAME, TrainState, load_weights
from openvasa.train.ema import Ema
from openvasa.train.motion_losses import (
    LossWeights,
    MotionLoss,
    Readout,
    expression_matrix,
    read_readout,
    seen_lips,
)
from openvasa.train.motion_recipe import MotionRecipe, read_recipe
from openvasa.train.motion_validation import MotionValidation
from openvasa.train.speech_start import fit_speech
from openvasa.types import POSE_DIM, Array, InputError

STATS_NAME = "motion_stats.safetensors"
BUNDLE_STATS = "stats.safetensors"
SPEECH_BATCHES = 400  # for the regression from sound to lips

Tensors = dict[str, Tensor]


class MotionStage:
    """One training run: data, network and the step that `loop.run` repeats."""

    def __init__(
        self,
        recipe: MotionRecipe,
        clips: MotionClips,
        readout: Readout | None,
        stats: MotionStats | None = None,
    ) -> None:
        """Makes an untrained network.

        Args:
            recipe: All choices.
            clips: To learn from.
            readout: Of expressions from dynamics.
            stats: Normalization, else the clips'.
        """
        self.recipe = recipe
        self.clips = clips
        self.config = config_from_dict(recipe.network)
        self.schedule = create_schedule(self.config.schedule)
        self.device = loop.device_from_name("auto")
        self.stats = stats or clips.stats(recipe.sources)
        torch.manual_seed(recipe.seed)
        self.network = create_denoiser(self.config).to(self.device)
        for buffer, values in zip(
            (self.network.audio_mean, self.network.audio_std),
            clips.audio_stats(recipe.sources),
            strict=True,
        ):
            buffer.copy_(torch.from_numpy(values))
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), weight_decay=recipe.weight_decay, fused=True
        )
        matrix = lips = None
        if readout is not None:
            dynamics = clips.motion[:, POSE_DIM:]
            found = expression_matrix(readout, self.stats.std, dynamics, recipe.lips, recipe.lids)
            matrix = torch.from_numpy(found).to(self.device)
            shapes = load_basis().expression
            lips = seen_lips(readout, self.stats, dynamics, shapes).to(self.device)
        weights = LossWeights(
            **{item.name: getattr(recipe, item.name) for item in fields(LossWeights)}
        )
        self.loss = MotionLoss(weights, matrix, lips)

    def state(self) -> TrainState:
        """What is checkpointed."""
        return TrainState(
            modules={"denoiser": self.network},
            optimizers={"denoiser": self.optimizer},
            ema=Ema(self.network, self.recipe.decay),
            config={"network": asdict(self.config), "recipe": asdict(self.recipe)},
        )

    def step(self, number: int) -> dict[str, Tensor | float]:
        """Draws a batch, hides what is dropped, predicts x0, learns from the error."""
        recipe, rng = self.recipe, loop.step_rng(self.recipe.seed, number)
        batch = self._windows(rng)
        batch = replace(
            batch,
            keep=drop_conditions(batch.keep, rng, recipe.drop),
            audio=cut_audio_end(batch.audio, self.config.window, rng, recipe.cut_audio),
        )
        batch = roughen_past(send_astray(batch, rng, recipe.drift), rng, recipe.prefix_noise)
        time = shifted(rng.random(recipe.batch, dtype=np.float32), recipe.time_shift)
        tensors = self._noised(batch, time, rng)
        target = tensors.pop("target")
        self.network.train()
        with loop.autocast(self.device):
            x0 = self.network(**tensors)
        losses = self.loss(x0.float(), target, tensors["keep"][:, 0])
        rate = loop.cosine_rate(number, peak=recipe.rate, warmup=recipe.warmup, total=recipe.steps)
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), recipe.clip_norm)
        self.optimizer.step()
        return {**losses, "gradient": norm}

    def start_speech(self) -> None:
        """Gives a network without one its regression from sound to lips."""
        rng, whole = loop.step_rng(self.recipe.seed, 10**9), np.ones(self.recipe.batch, np.float32)
        batches = (self._noised(self._windows(rng), whole, rng) for _ in range(SPEECH_BATCHES))
        if not self.network.speech.weight.any():
            fit_speech(self.network.eval(), batches)

    def _windows(self, rng: np.random.Generator) -> MotionBatch:
        recipe, config = self.recipe, self.config
        return self.clips.windows(
            rng, recipe.batch, config.window, config.prefix, self.stats, recipe.sources,
            recipe.short_past,
        )  # fmt: skip

    def _noised(self, batch: MotionBatch, time: Array, rng: np.random.Generator) -> Tensors:
        """The network's inputs and `target`."""
        eps = rng.standard_normal(batch.target.shape, dtype=np.float32)
        noisy = self.schedule.mix(batch.target, eps, time)
        return {
            name: torch.from_numpy(value).to(self.device, non_blocking=True)
            for name, value in {"noisy": noisy, "time": time, **vars(batch)}.items()
        }


def train(
    data: Path,
    out: Path,
    recipe: MotionRecipe,
    minutes: float | None = None,
    readout: Readout | None = None,
    warm: Path | None = None,
) -> int:
    """Runs or resumes the stage.

    Args:
        data: A store of motion clips.
        out: The run's folder; gets checkpoints, ema.safetensors, motion_stats.safetensors.
        recipe: All choices.
        minutes: Wall-clock limit of this call.
        readout: Of expressions from dynamics, for the loss in expression space.
        warm: Averaged weights of another run to start from, its normalization beside them.

    Returns:
        Steps done in all.

    Raises:
        InputError: Clips, weights or a normalization that are asked for are missing.
    """
    begun = (out / "checkpoints").is_dir()  # then its normalization stays, whatever is given now
    known = out if begun else None if warm is None else warm.parent
    stats = None if known is None else read_stats(known)
    stage = MotionStage(recipe, load_store(data, "train"), readout, stats)
    if warm is not None:
        load_weights(warm, stage.network)
    if not begun:
        stage.start_speech()
    out.mkdir(parents=True, exist_ok=True)
    save_file({"mean": stage.stats.mean, "std": stage.stats.std}, out / STATS_NAME)
    (out / "recipe.json").write_text(json.dumps(asdict(recipe), indent=2) + "\n", encoding="utf-8")
    print(
        f"{sum(p.numel() for p in stage.network.parameters()) / 1e6:.2f} M parameters, "
        f"{len(stage.clips.clips)} clips, {len(stage.clips.motion)} frames, {stage.device}"
    )
    state = stage.state()
    held_out = MotionValidation(stage.config, stage.stats, load_store(data, "validation"), readout)

    def validate(_step: int) -> dict[str, float]:
        assert state.ema is not None
        with state.ema.applied():
            return held_out(stage.network)

    options = loop.LoopOptions(
        steps=recipe.steps, minutes=minutes, batch=recipe.batch, seed=recipe.seed,
        validate_every=recipe.validate_every,
    )  # fmt: skip
    return loop.run(stage.step, state, out, options, validate)


def load_trained(run: Path) -> tuple[MotionDenoiser, MotionConfig, MotionStats]:
    """A run's averaged network, its configuration and its normalization, ready to export.

    Raises:
        InputError: When the run has not written its weights yet.
    """
    path = run / EMA_NAME
    if not path.is_file():
        raise InputError(f"{run} holds no {EMA_NAME}; train the motion stage first.")
    with safe_open(path, framework="numpy") as file:
        stored = json.loads(file.metadata()["config"])
    config = config_from_dict(stored["network"])
    network = create_denoiser(config)
    load_weights(path, network)
    return network.eval(), config, read_stats(run)


def read_stats(folder: Path) -> MotionStats:
    """The normalization that lies beside weights, in a run's folder or a bundle.

    Raises:
        InputError: There is none.
    """
    for name in (STATS_NAME, BUNDLE_STATS):
        if (folder / name).is_file():
            tensors = load_file(folder / name)  # bundles have half precision
            return MotionStats(*(tensors[part].astype(np.float32) for part in ("mean", "std")))
    raise InputError(f"{folder} holds no {STATS_NAME}: give weights in the folder of their run.")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line of the stage."""
    parser = argparse.ArgumentParser(prog="openvasa.train.motion_stage", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="store of motion clips")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--recipe", type=Path, help="YAML of what differs from the defaults")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--steps", type=int, help="steps in all, over the recipe's")
    parser.add_argument("--readout", type=Path, help="the face model's weights")
    parser.add_argument("--warm", type=Path, help="ema.safetensors to start from")
    parser.add_argument("--export", type=Path, help="afterwards write this .onnx")
    arguments = parser.parse_args(argv)
    changes = {} if arguments.steps is None else {"steps": arguments.steps}
    try:
        readout = read_readout(arguments.readout) if arguments.readout else None
        recipe = read_recipe(arguments.recipe, **changes)
        train(arguments.data, arguments.out, recipe, arguments.minutes, readout, arguments.warm)
        if arguments.export:
            network, config, _ = load_trained(arguments.out)
            export_denoiser(network, config, arguments.export)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
