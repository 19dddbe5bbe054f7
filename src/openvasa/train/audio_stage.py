"""Distills a large speech encoder into the compact causal one: sound in, mouth-ready features out.

96 of the 128 features copy the teacher's principal components; the other 32 are free, and all of
them serve two heads (mouth shape, phone) that are thrown away. `python -m
openvasa.train.audio_stage {prepare,train,probe,export} ...`. Knows nothing of faces.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import torch
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from openvasa.audio.network import AudioNetwork, export_audio, load_audio
from openvasa.train.audio_data import (
    MOUTHS,
    PHONES,
    Batch,
    Recording,
    batches,
    load,
    prepare,
    stable_share,
)
from openvasa.train.audio_probe import encode, probe
from openvasa.train.audio_targets import fit_meaning, fit_projection, project
from openvasa.train.audio_teacher import Teacher
from openvasa.train.checkpoint import TrainState, load_weights
from openvasa.train.ema import Ema
from openvasa.train.loop import LoopOptions, cosine_rate, run
from openvasa.types import AUDIO_DIM, Array, InputError


@dataclass(frozen=True, kw_only=True)
class AudioStageConfig:
    """How the audio encoder learns."""

    copied: int = 96  # features that follow the teacher's principal components
    layer: int = 3  # teacher layer whose output is copied: best mouth-shape probe of all seven
    batch: int = 12  # crops a step
    frames: int = 60  # length of a crop at 25 Hz
    rate: float = 2e-3  # peak learning rate
    steps: int = 1200
    mouth_weight: float = 1.0  # cross-entropy of the mouth-shape head
    phone_weight: float = 0.4  # cross-entropy of the phone head
    seed: int = 1


class Student(nn.Module):
    """The audio network with the two heads of training."""

    def __init__(self) -> None:
        """Make a student with fresh weights."""
        super().__init__()
        self.network = AudioNetwork()
        self.mouth = nn.Linear(AUDIO_DIM, len(MOUTHS))
        self.phone = nn.Linear(AUDIO_DIM, len(PHONES))

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features [B, T, 128], mouth logits [B, T, 7] and phone logits [B, T, P]."""
        features = self.network(mel)
        return features, self.mouth(features), self.phone(features)


def losses(
    student: Student, batch: Batch, projection: Mapping[str, Array], config: AudioStageConfig
) -> dict[str, Tensor]:
    """Named losses of one batch; `loss` is their weighted sum."""
    targets = torch.from_numpy(project(batch.targets, projection))
    features, mouth, phone = student(torch.from_numpy(batch.mel).transpose(1, 2))
    copied = features[..., : targets.shape[-1]]
    weight = torch.from_numpy(projection["weight"])
    mse = (weight * functional.smooth_l1_loss(copied, targets, reduction="none")).mean()
    cosine = 1.0 - functional.cosine_similarity(copied * weight, targets * weight, dim=-1).mean()
    known = torch.from_numpy(batch.labelled)
    # A frame whose mouth closes, however briefly, counts most: that is what people look at.
    soft = torch.from_numpy(batch.mouths)
    stress = 1.0 + soft[..., 1] + 0.5 * soft[..., 2]
    mouths = _known_mean(-(soft * mouth.log_softmax(-1)).sum(-1) * stress, known)
    phones = _known_mean(-(torch.from_numpy(batch.phones) * phone.log_softmax(-1)).sum(-1), known)
    total = mse + cosine + config.mouth_weight * mouths + config.phone_weight * phones
    return {"loss": total, "mse": mse, "cosine": cosine, "mouth": mouths, "phone": phones}


def _known_mean(value: Tensor, known: Tensor) -> Tensor:
    return (value.mean(1) * known).sum() / known.sum().clamp(min=1.0)


def train(
    data: Path,
    out: Path,
    config: AudioStageConfig,
    minutes: float | None,
    successor_to: Path | None = None,
) -> Student:
    """Train, or go on where the last call stopped; new recordings in `data` are taken up.

    Args:
        data: Folder of prepared recordings.
        out: The run's folder.
        config: How to train.
        minutes: Wall-clock limit of this call.
        successor_to: An earlier encoder's audio.safetensors. Training then starts from it, and all
            features keep their meaning, so that a motion model made for it goes on working.

    Returns:
        The student with averaged weights.

    Raises:
        InputError: If `data` holds no recordings.
    """
    recordings = [r for r in load(sorted(data.glob("*.npz"))) if r.split == "train"]
    if not recordings:
        raise InputError(f"{data} holds no prepared recordings: run the prepare step first.")
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    student = Student()
    if successor_to:
        student.network = load_audio(successor_to).train()
    stored = out / "projection.safetensors"
    if not stored.exists():
        if successor_to:
            said = [encode(student.network, r.samples) for r in recordings]
            save_file(fit_meaning(recordings, said), stored)
        else:
            save_file(fit_projection(recordings, config.copied), stored)
    projection = load_file(stored)
    optimizer = torch.optim.AdamW(student.parameters(), lr=config.rate, weight_decay=0.02)
    state = TrainState(
        modules={"student": student}, optimizers={"student": optimizer},
        ema=Ema(student, 0.995), config=asdict(config),
    )  # fmt: skip

    def step(number: int) -> dict[str, Tensor]:
        batch = next(batches(recordings, config.batch, config.frames, config.seed, number))
        rate = cosine_rate(number, peak=config.rate, warmup=60, total=config.steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        named = losses(student, batch, projection, config)
        optimizer.zero_grad(set_to_none=True)
        named["loss"].backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        return {name: value.detach() for name, value in named.items()}

    options = LoopOptions(
        steps=config.steps, minutes=minutes, batch=config.batch, seed=config.seed, log_every=25
    )
    run(step, state, out, options)
    assert state.ema is not None
    student.load_state_dict(state.ema.tensors())
    return student.eval()


def whiten(network: AudioNetwork, recordings: list[Recording]) -> None:
    """Fold a mean of 0 and a deviation of 1 over these recordings into the last layer."""
    sample = recordings[:: max(1, len(recordings) // 64)]  # 64 of them settle two moments
    with torch.no_grad():
        made = torch.cat([torch.from_numpy(encode(network, r.samples)) for r in sample])
        mean, spread = made.mean(0), made.std(0).clamp(min=1e-3)
        network.out.weight.div_(spread[:, None])
        network.out.bias.sub_(mean).div_(spread)


def prepare_all(sources: list[Path], teacher: Path, out: Path, keep: float, layer: int) -> None:
    """Prepare every sound, video or utterance file below some folders; safe to repeat.

    Broken files are named and left out.

    Args:
        sources: Folders; files ending in .wav, .mpg, .mkv or .npz are taken.
        teacher: The teacher's model.bin.
        out: Where prepared recordings go.
        keep: Share of the files taken, drawn by name.
        layer: The teacher's layer.
    """
    model = Teacher(teacher)
    out.mkdir(parents=True, exist_ok=True)
    kinds = {".wav", ".mpg", ".mkv", ".npz"}
    files = [f for s in sources for f in sorted(s.iterdir()) if f.suffix in kinds]
    for file in files:
        if stable_share(file.stem) < keep:
            try:
                prepare(f"{file.parent.name}_{file.stem}", file, out, model, layer)
            except av.FFmpegError as error:
                print(f"skipped {file.name}: its sound cannot be read ({error})", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Command line of the stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    first = verbs.add_parser("prepare")
    first.add_argument("sources", type=Path, nargs="+")
    first.add_argument("--teacher", type=Path, required=True)
    first.add_argument("--keep", type=float, default=1.0)
    second = verbs.add_parser("train")
    second.add_argument("--minutes", type=float)
    second.add_argument("--steps", type=int, default=AudioStageConfig.steps)
    second.add_argument("--rate", type=float, default=AudioStageConfig.rate, help="its peak")
    second.add_argument("--threads", type=int, default=1)
    second.add_argument("--successor-to", type=Path, metavar="FILE", help="audio.safetensors whose"
                        " features keep their meaning; training starts from it")  # fmt: skip
    finish = verbs.add_parser("finish", help="whiten, export and probe a trained run")
    for verb in (first, second, finish):
        verb.add_argument("--data", type=Path, required=True, help="prepared recordings")
    for verb in (second, finish):
        verb.add_argument("--out", type=Path, required=True, help="the run's folder")
    args = parser.parse_args(argv)
    if args.verb == "prepare":
        layer = AudioStageConfig.layer
        prepare_all(args.sources, args.teacher, args.data, args.keep, layer)
    elif args.verb == "train":
        torch.set_num_threads(args.threads)
        config = AudioStageConfig(steps=args.steps, rate=args.rate)
        train(args.data, args.out, config, args.minutes, args.successor_to)
    else:
        finish_run(args.data, args.out)
    return 0


def finish_run(data: Path, out: Path) -> dict[str, dict[str, float]]:
    """Whiten and export the averaged weights of a run and print the probe."""
    student = Student()
    load_weights(out / "ema.safetensors", student)
    recordings = load(sorted(data.glob("*.npz")))
    whiten(student.eval().network, [r for r in recordings if r.split == "train"])
    export_audio(student.network, out)
    report = probe(student.network, recordings)
    (out / "probe.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))
    return report


if __name__ == "__main__":
    sys.exit(main())
