"""`openvasa train`: one stage of training, with the stage's own flags. Needs the extra `train`."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

# Each has `main(argv) -> exit code` and parses its own flags.
STAGES = {
    "audio": "openvasa.train.audio_stage",
    "autoencoder": "openvasa.train.autoencoder_stage",
    "capp-expert": "openvasa.train.capp_expert",
    "finetune": "openvasa.commands.train_finetune",
    "light": "openvasa.commands.train_light",
    "motion": "openvasa.train.motion_stage",
    "smoke": "openvasa.train.smoke",
    "sync-expert": "openvasa.train.sync_expert",
}

_DESCRIPTION = """\
Runs one stage of training; all that follows the stage's name is for the stage itself.

stages:
  audio        a large speech encoder -> the compact causal one
  autoencoder  portraits and clips -> the face latent model, a phase at a time
  finetune     videos of one person -> a model folder for that person
  light        pairs of photos of one person -> how skin lightens and darkens as it moves
  motion       motion tracks and audio features -> the motion model
  capp-expert  real videos -> the judge of head motion against sound
  sync-expert  real videos -> the judge of lips against sound
  smoke        every stage for a few steps on generated data, and a model at the end"""

_EXAMPLES = """\
`openvasa train STAGE --help` tells more; docs/training.md has the whole
chain from data to a model."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this verb."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    parser.add_argument("stage", metavar="STAGE", choices=STAGES, help=", ".join(STAGES))
    parser.add_argument(
        "words", metavar="ARGS", nargs=argparse.REMAINDER, help="the flags of the stage"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the stage; returns its exit code."""
    stage = import_module(STAGES[arguments.stage])
    program = sys.argv[0]
    sys.argv[0] = f"openvasa train {arguments.stage}"  # the name in the stage's help
    try:
        return int(stage.main(arguments.words))
    finally:
        sys.argv[0] = program
