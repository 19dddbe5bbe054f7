"""How close performances come to real clips: distances before and after the fit, as a table.

    python -m openvasa.data.performance_report --store STORE --speech DIR

A distance is Wasserstein's, in standard deviations of the real samples. The floor is that of one
real speaker from all others, the median over speakers: nearer than that nobody needs to be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from openvasa.data.head import load_basis
from openvasa.data.performance_figures import (
    QUANTITIES,
    Figures,
    Piece,
    blinks_a_minute,
    figures,
    real_pieces,
)
from openvasa.data.performance_fit import act, distance, some_speech, training_clips
from openvasa.data.performance_law import SHIPPED, PerformanceLaw, read_law
from openvasa.data.store import Store
from openvasa.types import InputError


def floor(people: dict[str, list[Piece]]) -> dict[str, float]:
    """Distance of one person from all others, the median over people, by quantity.

    Args:
        people: Pieces by person; with one person there is no floor.
    """
    apart: dict[str, list[float]] = {name: [] for name in QUANTITIES}
    for person, own in people.items():
        others = figures(p for name, pieces in people.items() if name != person for p in pieces)
        mine = figures(own)
        for name in QUANTITIES:
            apart[name].append(distance(others[name], mine[name]))
    return {n: float(np.nanmedian(v)) if np.isfinite(v).any() else np.nan for n, v in apart.items()}


def table(people: dict[str, list[Piece]], before: Figures, after: Figures) -> str:
    """A Markdown table of medians and distances.

    Args:
        people: Real pieces by person.
        before: Figures of performances under the law that nothing was fitted to.
        after: Under the fitted law.
    """
    real = figures(p for pieces in people.values() for p in pieces)
    lowest = floor(people)
    lines = [
        "| quantity | real, median | before | fitted | distance before | fitted | speakers' own |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in QUANTITIES:
        row = [_median(f[name]) for f in (real, before, after)]
        row += [f"{distance(real[name], f[name]):.2f}" for f in (before, after)]
        lines.append(f"| {name} | {' | '.join(row)} | {lowest[name]:.2f} |")
    rates = [f"{blinks_a_minute(f):.1f}" for f in (real, before, after)]
    lines.append(f"| blinks a minute | {' | '.join(rates)} | | | |")
    return "\n".join(lines)


def _median(values: np.ndarray) -> str:
    return f"{np.median(values):.3f}" if len(values) else "none"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m openvasa.data.performance_report", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--store", type=Path, required=True, help="a store with real clips")
    parser.add_argument("--speech", type=Path, required=True, help="folder of speech npz files")
    parser.add_argument("--law", type=Path, default=SHIPPED, help="the fitted law")
    parser.add_argument("--utterances", type=int, default=40)
    asked = parser.parse_args(arguments)
    try:
        basis = load_basis()
        people = real_pieces(training_clips(Store(asked.store)), basis)
        sayings, lag = some_speech(asked.speech, asked.utterances)
        before, after = (
            act(sayings, basis, lag, law) for law in (PerformanceLaw(), read_law(asked.law))
        )
        print(table(people, before, after))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
