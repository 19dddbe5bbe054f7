"""`openvasa train finetune`: videos of one person -> a model folder for that person."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openvasa.types import InputError
from openvasa.weights import DEFAULT_MODEL, load_model

if TYPE_CHECKING:
    from openvasa.bundle import Bundle
    from openvasa.train.finetune import Finetuned

WORSE = 0.01  # share by which no error on held-out frames may have grown

_DESCRIPTION = """\
Teaches a face model one person from videos in which they talk, and writes a model folder that
`openvasa animate --model FOLDER` and the other commands use. Only the face model changes; speech
drives it as before.

The face is followed through every video; the last fifth of each is held out, and the errors on
these frames are printed before and after. A model that got worse is not written. Ctrl-C stops; the
same command goes on. Use it only with the person's consent (USE_POLICY.md)."""

_EXAMPLES = """\
examples:
  openvasa train finetune ada1.mp4 ada2.mp4 -o ada
  openvasa animate ada.jpg speech.wav -o ada.mp4 --model ada"""


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    args = _parser().parse_args(argv)
    try:
        _finetune(args)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=_DESCRIPTION, epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("clips", nargs="+", type=Path, metavar="CLIP", help="videos of the same person talking")
    add("-o", "--output", type=Path, required=True, metavar="FOLDER",
        help="the model folder to write; one that is there is replaced when the new one is "
        "whole")  # fmt: skip
    add("--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"the model to begin with (default: {DEFAULT_MODEL})")  # fmt: skip
    add("--run", type=Path, metavar="FOLDER",
        help="where faces and checkpoints are kept (default: the output's name and "
        ".run)")  # fmt: skip
    add("--face", type=int, metavar="N",
        help="which face of each video's first picture, the largest first, where it shows "
        "several")  # fmt: skip
    add("--steps", type=int, default=150, metavar="N",
        help="how long; 150 take some five minutes on a core (default: 150)")  # fmt: skip
    add("--vgg", type=Path, metavar="FILE", help="VGG16 weights: a perceptual loss")
    add("--lpips", type=Path, metavar="FILE", help="LPIPS weights: one more figure to judge by")
    add("--set", nargs="*", default=[], metavar="NAME=VALUE", help="loss weights and the like")
    add("--even-if-worse", action="store_true", help="write the model in any case")
    return parser


def _finetune(args: argparse.Namespace) -> None:
    """Trains, judges and writes, or raises InputError."""
    from openvasa.train.finetune import FinetuneOptions, finetune

    for file in (args.vgg, args.lpips):
        if file is not None and not file.is_file():
            raise InputError(f"there is no file '{file}': check the name.")
    bundle = load_model(args.model)
    run = args.run or args.output.with_name(f"{args.output.name}.run")
    options = FinetuneOptions(
        steps=args.steps, face=args.face, settings=args.set, vgg=args.vgg, lpips=args.lpips
    )
    made = finetune(bundle, args.clips, run, options)
    print(f"before: {made.before.text()}\nafter:  {made.after.text()}")
    if made.steps < args.steps:
        print(f"stopped at step {made.steps}: run the same command to go on.")
        return
    if made.after.worse_than(made.before, WORSE) and not args.even_if_worse:
        raise InputError(
            "the model got worse on held-out frames and was not written: give more video, other "
            "--steps, or --even-if-worse."
        )
    _export(bundle, made, args.output, len(args.clips))
    print(f"{args.output}: use it with --model {args.output}")


def _export(bundle: Bundle, made: Finetuned, output: Path, clips: int) -> None:
    """Writes the bundle with its face model replaced."""
    import torch

    from openvasa.engine.backends import sizes
    from openvasa.engine.export import export_bundle
    from openvasa.engine.torch_backend import networks
    from openvasa.motion.config import MotionStats

    latent, motion = sizes(bundle)
    kept = networks(latent, motion)
    for name in ("denoiser", "audio"):
        weights = {key: torch.from_numpy(v) for key, v in bundle.tensors(name).items()}
        kept[name].load_state_dict(weights)
    stats = bundle.tensors("stats")
    export_bundle(
        output, name=output.name, networks={**kept, "autoencoder": made.model},
        latent=latent, motion=motion, stats=MotionStats(stats["mean"], stats["std"]),
        surface=bundle.tensors("surface"),
        notice=f"Fine-tuned from '{bundle.name}' on one person. {bundle.config.get('notice', '')}",
        sources=[*bundle.config.get("sources", []), f"videos of one person: {clips}"],
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
