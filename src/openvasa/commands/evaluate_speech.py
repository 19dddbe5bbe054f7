"""`openvasa evaluate speech`: whether lips close, round and rest where phones say, by language.

Lips are read off the points that the model's warp makes, shut where the picture shuts them, so that
no detector stands between.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from openvasa.commands.evaluate_controls import warped
from openvasa.engine.animator import Animator
from openvasa.metrics.case_results import write_whole
from openvasa.metrics.lips import LipCounts, measure_lips, settled
from openvasa.metrics.phones import Phones, read_phones
from openvasa.types import Array, InputError
from openvasa.weights import DEFAULT_MODEL

SEEDS = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this evaluation."""
    add = parser.add_argument
    add("speech", type=Path, metavar="FOLDER",
        help="npz files of speech with phones, as 'python -m openvasa.data.speech lips' "
        "writes")  # fmt: skip
    add("--portrait", type=Path, action="append", required=True, metavar="FILE",
        help="whose lips; may be repeated")  # fmt: skip
    add("--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})")  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Measures, writes speech.json and prints a line a language.

    Raises:
        InputError: A portrait, the model or the folder is not usable.
    """
    from openvasa.commands.evaluate_run import bar

    files = sorted(arguments.speech.glob("*.npz"))[: arguments.limit or None]
    if not files:
        raise InputError(f"{arguments.speech} holds no npz files of speech; say some first.")
    animator = Animator.load(arguments.model)
    people = [animator.prepare(path) for path in arguments.portrait]
    found: dict[str, Counted] = {}
    for file in bar(files, "speech", len(files)):
        language, sound, phones = read_speech(file)
        for avatar in people:
            for seed in range(SEEDS):
                motion = animator.animate(avatar, sound, seed=seed).motion
                face = warped(animator, avatar, motion)
                found.setdefault(language, Counted()).add(
                    measure_lips(face, phones), settled(face.gap, phones)
                )
    table = {language: counted.figures() for language, counted in sorted(found.items())}
    written = {"command": ["openvasa", *sys.argv[1:]], "languages": table}
    write_whole(arguments.output / "speech.json", json.dumps(written, indent=1) + "\n")
    for language, figures in table.items():
        print(language, "  ".join(f"{name} {value:.3g}" for name, value in figures.items()))


class Counted:
    """What was counted of one language."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.lips, self.pauses = LipCounts(), np.zeros(2)

    def add(self, lips: LipCounts, pauses: tuple[int, int]) -> None:
        """One performance: lips, and the pauses in time and in all."""
        self.lips, self.pauses = self.lips + lips, self.pauses + pauses

    def figures(self) -> dict[str, float]:
        """Shares, each followed by what it is of; a share of nothing is left out."""
        counts = {**asdict(self.lips), "in_time": self.pauses[0], "pauses": self.pauses[1]}
        shares = {
            "closed_at_pbm": ("closures", "bilabials"),
            "closed_at_open_vowels": ("vowel_closures", "vowels"),
            "i_wider_than_u": ("wider", "pairs"),
            "gap_in_pauses": ("rest", "rests"),
            "rests_in_time": ("in_time", "pauses"),
        }
        figures: dict[str, float] = {}
        for name, (part, whole) in shares.items():
            if counts[whole]:
                figures |= {name: float(counts[part] / counts[whole]), whole: float(counts[whole])}
        return figures


def read_speech(path: Path) -> tuple[str, Array, Phones]:
    """Language, sound f32 [N] at 16 kHz and phones of one file.

    Raises:
        InputError: The file is another one.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            language, sound = str(stored["lang"]), stored["audio"].astype(np.float32)
    except (KeyError, ValueError, OSError) as error:
        raise InputError(f"{path} is no speech with phones; write it with data.speech.") from error
    return language, sound, read_phones(path)
