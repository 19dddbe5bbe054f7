"""Rows of measured cases -> the figures and Markdown tables of a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from openvasa.metrics.lips import LipCounts
from openvasa.metrics.track import Floats

Row = dict[str, Any]
NONE = "–"
# Figures of the meter: (key, heading, digits).
FIGURES = (
    ("sync_r", "sync_r", 3), ("sync_lag", "lag", 1), ("aperture", "aperture", 4),
    ("silence", "silence", 2), ("dP", "dP", 3), ("blinks_min", "blinks/min", 1),
    ("jitter", "jitter", 2), ("sharp", "sharp", 0), ("faces", "faces", 3),
)  # fmt: skip


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figures(rows: Sequence[Row]) -> list[str]:
    """Means of the meter's figures over cases; what a still picture lacks is a dash."""
    out = []
    for key, _, digits in FIGURES:
        values = [float(row["meter"][key]) for row in rows if _known(row, key)]
        out.append(f"{np.mean(values):.{digits}f}" if values else NONE)
    pose = [row["meter"]["pose_range"] for row in rows if "pose_range" in row["meter"]]
    turn = " / ".join(f"{v:.1f}" for v in np.mean(pose, axis=0)) if pose else NONE
    return [*out, turn]


def figure_names() -> list[str]:
    """Headings for `figures`."""
    return [*(heading for _, heading, _ in FIGURES), "yaw / pitch / roll range"]


def lips(rows: Sequence[Row]) -> list[str]:
    """Closure, closure at open vowels, width of /i/ over /u/, rest, moving clips."""
    counts = reduce(add, (LipCounts(**row["lips"]) for row in rows if "lips" in row), LipCounts())
    rest = f"{counts.rest / counts.rests:.2f}" if counts.rests and counts.moving else NONE
    wider = _share(counts.wider, counts.pairs) if counts.moving else NONE
    return [
        _share(counts.closures, counts.bilabials), _share(counts.vowel_closures, counts.vowels),
        wider, rest, f"{counts.moving} of {counts.clips}",
    ]  # fmt: skip


def paired(rows: Sequence[Row], systems: Sequence[str]) -> dict[str, list[Row]]:
    """Rows of each system, of those cases only that every system finished."""
    by_system = {
        system: {(r["portrait"], r["recording"]): r for r in rows
                 if r["system"] == system and "error" not in r}
        for system in systems
    }  # fmt: skip
    shared = set.intersection(*(set(found) for found in by_system.values()))
    return {
        system: [row for key, row in found.items() if key in shared]
        for system, found in by_system.items()
    }


def likeness(rows: Sequence[Row]) -> Floats:
    """All hard frames of these cases, cosine."""
    values = [value for row in rows for value in row.get("likeness", [])]
    return np.asarray(values, np.float64)


def spread(values: Floats) -> list[str]:
    """Count, 5th percentile, median, 95th percentile."""
    if len(values) == 0:
        return ["0", NONE, NONE, NONE]
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    return [str(len(values)), f"{low:.3f}", f"{middle:.3f}", f"{high:.3f}"]


def between_people(facts: dict[str, dict[str, Any]], persons: dict[str, str]) -> Floats:
    """Likeness of every two portraits of different people.

    Args:
        facts: By portrait; each with its unit `vector`.
        persons: Who is in which portrait.
    """
    names = sorted(facts)
    return np.array([
        float(facts[a]["vector"] @ facts[b]["vector"])
        for i, a in enumerate(names) for b in names[:i] if persons[a] != persons[b]
    ])  # fmt: skip


def same_person(facts: dict[str, dict[str, Any]]) -> Floats:
    """Likeness of a person's two photos."""
    pairs = [(fact["vector"], fact["other"]) for fact in facts.values() if "other" in fact]
    return np.array([float(a @ b) for a, b in pairs])


def _known(row: Row, key: str) -> bool:
    meter = row["meter"]
    if key not in meter:
        return False
    return not (key in ("sync_r", "sync_lag") and meter["sync_r"] <= -1)


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} % of {whole}" if whole else NONE
