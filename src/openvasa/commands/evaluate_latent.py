"""`openvasa evaluate latent`: identity, pose and dynamics swapped between people, and measured."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add(kinds: Any) -> argparse.ArgumentParser:
    """Adds `latent` to what `evaluate` knows; all but the flags that its kinds share."""
    parser: argparse.ArgumentParser = kinds.add_parser(
        "latent", help="whether identity, pose and dynamics are apart, and how true a face moves"
    )
    parser.add_argument("portraits", type=Path, metavar="FOLDER",
                        help="made by openvasa.data.portraits; held-out people are "
                        "used")  # fmt: skip
    parser.add_argument("--clips", type=Path, metavar="FOLDER",
                        help="videos of one person each: drivers, and people to be made "
                        "again")  # fmt: skip
    parser.add_argument("--art", type=Path, metavar="FOLDER", help="paintings, drawings, statues")
    parser.add_argument("--model", default="compact", metavar="NAME", help="a model (compact)")
    parser.add_argument("--first", metavar="NAME", help="an earlier model, beside it")
    parser.add_argument("--results", type=Path, metavar="FILE.md",
                        help="write the tables as a document too, and its sheets into "
                        "images/")  # fmt: skip
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Measures; writes DIR/latent.json, DIR/latent.html and the document."""
    from openvasa.commands.evaluate_latent_run import measure  # it needs torch

    measure(arguments)
