"""Every stage of training for a few steps on generated data, and a model at the end.

    python -m openvasa.train.smoke --out DIR [--recipe recipes/smoke.yaml]

Needs no data. DIR gets the generated portraits and clips, a run folder for each stage and `model`,
a bundle that `openvasa animate --model DIR/model` takes. It shows that an installation can train;
what it trains is good for nothing else.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from safetensors.torch import load_file, save_file

from openvasa.audio.network import AudioNetwork
from openvasa.data.frame_pairs import save_pool
from openvasa.data.head import index_of, save_basis
from openvasa.data.motion_clips import MotionClip, split_of, write_clip
from openvasa.data.motion_store import Encode, audio_encoder
from openvasa.data.toy_head import toy_basis, toy_pool
from openvasa.train import autoencoder_stage, motion_recipe, motion_stage
from openvasa.types import EXPRESSION_DIM, SAMPLES_PER_FRAME, Array, InputError

SOURCE = "toy"


@dataclass(frozen=True, kw_only=True)
class SmokeRecipe:
    """How little is done.

    Attributes:
        people: Generated portraits.
        pictures: Side of each in pixels.
        preset: Size of the face model.
        steps: Of each phase of stage one.
        batch: Pairs of pictures a step of stage one.
        clips: Generated clips for stage two; one in five is held out for validation.
        frames: Length of each.
        motion: Settings of `MotionRecipe`.
    """

    people: int = 4
    pictures: int = 96
    preset: str = "tiny"
    steps: int = 3
    batch: int = 2
    clips: int = 24
    frames: int = 60
    motion: dict[str, Any] = field(
        default_factory=lambda: {
            "network": {"preset": "tiny"},
            "batch": 8,
            "steps": 5,
            "warmup": 2,
            "validate_every": 0,
        }  # fmt: skip
    )


def read_recipe(path: Path | None) -> SmokeRecipe:
    """The recipe in a YAML file, over the defaults.

    Raises:
        InputError: The file is missing or names what does not exist.
    """
    if path is None:
        return SmokeRecipe()
    if not path.is_file():
        raise InputError(f"There is no recipe at {path}; give the path of a YAML file.")
    values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    known = {item.name for item in fields(SmokeRecipe)}
    if unknown := set(values) - known:
        raise InputError(f"Unknown names {sorted(unknown)} in {path}; known: {sorted(known)}.")
    return SmokeRecipe(**values)


def train_faces(out: Path, recipe: SmokeRecipe) -> Path:
    """Stage one: `geometry`, then `picture`; returns the weights."""
    basis = toy_basis()
    save_basis(out / "head.safetensors", vars(basis))
    pool = toy_pool(out / "portraits", basis, people=recipe.people, size=recipe.pictures)
    save_pool(out / "pool.npz", pool)
    weights: Path | None = None
    for phase in ("geometry", "picture"):
        run = out / phase
        code = autoencoder_stage.main([
            "--pool", str(out / "pool.npz"), "--basis", str(out / "head.safetensors"),
            "--out", str(run), "--phase", phase, "--preset", recipe.preset,
            "--steps", str(recipe.steps), "--batch", str(recipe.batch), "--workers", "0",
            "--device", "cpu", "--set", "points_batch=6", "swap_every=2",
            *(["--start", str(weights)] if weights else []),
        ])  # fmt: skip
        if code:
            raise InputError(f"the phase {phase} failed; its message stands above")
        weights = run / "ema.safetensors"
    assert weights is not None
    return weights


def babble(rng: np.random.Generator, frames: int, anchor: Array, encode: Encode) -> MotionClip:
    """Noise that swells, and a jaw that opens with it."""
    loud = np.convolve(rng.random(frames + 4), np.ones(5) / 5, "valid") ** 2
    noise = rng.standard_normal(frames * SAMPLES_PER_FRAME)
    sound = (0.3 * noise * np.repeat(loud, SAMPLES_PER_FRAME)).astype(np.float32)
    expression = np.zeros((frames, EXPRESSION_DIM), np.float32)
    expression[:, index_of("jawOpen")] = loud
    nod = 0.1 * np.sin(0.2 * np.arange(frames)[:, None] + rng.uniform(0, 6, 6))
    return MotionClip(
        pose=nod.astype(np.float32), dynamics=expression @ anchor.T, audio=encode(sound)[:frames],
        gaze=np.zeros(2, np.float32), distance=np.ones((), np.float32),
        emotion=np.zeros(6, np.float32), known=np.ones(3, np.float32),
    )  # fmt: skip


def train_motion(out: Path, recipe: SmokeRecipe, faces: Path) -> Path:
    """Stage two on generated clips; returns the run folder."""
    torch.manual_seed(0)
    save_file(AudioNetwork().state_dict(), str(out / "audio.safetensors"))
    encode = audio_encoder(out / "audio.safetensors")
    anchor = load_file(str(faces))["motion.embed.weight"].float().numpy()
    names = [f"clip{k}" for k in range(1000)]
    held = [name for name in names if split_of(SOURCE, name) == "validation"]
    learned = [name for name in names if split_of(SOURCE, name) == "train"]
    fifth = max(1, recipe.clips // 5)
    for number, name in enumerate([*held[:fifth], *learned[: recipe.clips - fifth]]):
        clip = babble(np.random.default_rng([2, number]), recipe.frames, anchor, encode)
        write_clip(out / "clips", SOURCE, name, "take", clip)
    chosen = out / "motion.yaml"
    chosen.write_text(yaml.safe_dump(recipe.motion), encoding="utf-8")
    motion_stage.train(out / "clips", out / "motion", motion_recipe.read_recipe(chosen))
    return out / "motion"


def export(out: Path, faces: Path, motion: Path) -> Path:
    """The bundle, by the command that users have; returns its folder.

    Raises:
        InputError: The command failed.
    """
    command = [
        sys.executable, "-m", "openvasa", "export", "--autoencoder", str(faces),
        "--motion", str(motion), "--audio", str(out / "audio.safetensors"),
        "--head", str(out / "head.safetensors"), "--name", "smoke", "-o", str(out / "model"),
    ]  # fmt: skip
    if subprocess.run(command, check=False).returncode:
        raise InputError("`openvasa export` failed; its message stands above")
    return out / "model"


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--recipe", type=Path, help="YAML of what differs from the defaults")
    args = parser.parse_args(argv)
    try:
        recipe = read_recipe(args.recipe)
        args.out.mkdir(parents=True, exist_ok=True)
        faces = train_faces(args.out, recipe)
        model = export(args.out, faces, train_motion(args.out, recipe, faces))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    parity = json.loads((model / "config.json").read_text(encoding="utf-8")).get("parity")
    print(f"{model}: a model that means nothing; largest differences {parity}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
