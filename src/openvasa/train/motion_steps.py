"""Motion runs beside each other at several numbers of denoising steps.

    python -m openvasa.train.motion_steps RUN [RUN ...] --data STORE --readout faces.safetensors
        [--steps 50,10,6,4,2] -o steps.json

Two runs of one recipe that differ only in `network.schedule` (`rectified`: the straight paths of
flow matching; `cosine`: the paper's diffusion) are compared on the same clips, seeds and budget.
Prints a table and writes all figures of `MotionValidation.free_running`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from openvasa.data.motion_clips import load_store
from openvasa.train.motion_losses import Readout, read_readout
from openvasa.train.motion_stage import load_trained
from openvasa.train.motion_validation import ROLLOUTS, MotionValidation
from openvasa.types import InputError

SHOWN = ("lips", "lips_wrong", "spread", "shake", "head_spread", "head_shake", "seam", "blinks")
Figures = dict[str, float]


def compare(
    runs: Sequence[Path], data: Path, steps: Sequence[int], readout: Readout | None
) -> dict[str, dict[int, Figures]]:
    """Figures by run and number of steps; `seconds` is processor time a rollout.

    Raises:
        InputError: A run has no weights, or the store no validation clips.
    """
    clips = load_store(data, "validation")
    found: dict[str, dict[int, Figures]] = {}
    for run in runs:
        network, config, stats = load_trained(run)
        validation = MotionValidation(config, stats, clips, readout)
        found[f"{run.name} ({config.schedule})"] = own = {}
        for count in steps:
            started = time.process_time()
            own[count] = validation.free_running(network, count)
            own[count]["seconds"] = (time.process_time() - started) / ROLLOUTS
    return found


def table(found: dict[str, dict[int, Figures]]) -> str:
    """The figures of `SHOWN` as text, a line a run and number of steps."""
    names = (*SHOWN, "seconds")
    lines = [f"{'run':32s} steps " + " ".join(f"{name:>11s}" for name in names)]
    for run, by_steps in found.items():
        for count, figures in by_steps.items():
            cells = (f"{figures.get(name, float('nan')):11.3f}" for name in names)
            lines.append(f"{run:32s} {count:5d} " + " ".join(cells))
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="openvasa.train.motion_steps", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("runs", nargs="+", type=Path, help="folders of motion runs")
    parser.add_argument("--data", type=Path, required=True, help="store of motion clips")
    parser.add_argument("--readout", type=Path, help="the face model's weights")
    parser.add_argument("--steps", default="50,10,6,4,2", help="numbers of steps, with commas")
    parser.add_argument("-o", "--output", type=Path, help="JSON to write")
    asked = parser.parse_args(argv)
    torch.set_num_threads(1)
    try:
        steps = [int(part) for part in asked.steps.split(",")]
    except ValueError:
        parser.error("--steps takes whole numbers with commas between")
    try:
        readout = read_readout(asked.readout) if asked.readout else None
        found = compare(asked.runs, asked.data, steps, readout)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(found))
    if asked.output:
        asked.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
