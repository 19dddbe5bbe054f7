"""Damaged videos against their clean copies -> by how much each figure notices each damage.

The drop of a figure is the mean change from clean to damaged, paired by video, over the spread of
the clean videos and of the change taken together. Where one way is better, getting worse counts as
positive; where real is best, any change does. So 1 is as much as people differ among themselves.
Ratios are taken as logarithms: half as sharp is as far as twice as sharp.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from openvasa.metrics.catalog import FIGURES, Better
from openvasa.metrics.corruptions import CLEAN, MADE_FOR
from openvasa.metrics.scoring import Scored

_FLOOR = 1e-9
_SHOWN = 3  # figures named beside the one made for a damage


class Row(NamedTuple):
    """One damage: the drop of every figure, which is largest, and whether it was made for it."""

    damage: str
    drops: dict[str, float]
    largest: str
    right: bool
    videos: int


def drops(scored: Sequence[Scored]) -> list[Row]:
    """The table, one row a damage, in the order of `MADE_FOR`.

    Args:
        scored: Clean and damaged videos; `system` is the damage, names pair them.
    """
    by_system: dict[str, dict[str, dict[str, float]]] = {}
    for one in scored:
        if not one.error:
            by_system.setdefault(one.case.system, {})[one.case.name] = one.values
    clean = by_system.get(CLEAN, {})
    rows = []
    for damage, made in MADE_FOR.items():
        hurt = by_system.get(damage, {})
        shared = sorted(set(clean) & set(hurt))
        found = _drops([clean[name] for name in shared], [hurt[name] for name in shared])
        if found:
            largest = max(found, key=lambda key: found[key])
            rows.append(Row(damage, found, largest, largest in made, len(shared)))
    return rows


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For report.json."""
    return [
        {"damage": row.damage, "largest": row.largest, "right": row.right, "videos": row.videos,
         "made_for": list(MADE_FOR[row.damage]),
         "drops": {key: round(value, 3) for key, value in row.drops.items()}}
        for row in rows
    ]  # fmt: skip


def as_text(rows: Sequence[Row]) -> str:
    """For the terminal: the figure made for each damage, and the largest drops."""
    lines = ["damage              made for it                     largest drops"]
    for row in rows:
        ranked = sorted(row.drops.items(), key=lambda item: -item[1])[:_SHOWN]
        told = ", ".join(f"{key} {value:.1f}" for key, value in ranked)
        own = [(key, row.drops[key]) for key in MADE_FOR[row.damage] if key in row.drops]
        best = max(own, key=lambda item: item[1], default=("none is given", float("nan")))
        mark = "yes" if row.right else "NO "
        lines.append(f"{row.damage:<18}  {best[0]:<22} {best[1]:5.1f}  {mark}  {told}")
    return "\n".join(lines)


def as_html(rows: Sequence[Row]) -> str:
    """For the page: damages down, figures across, the figure made for a damage in bold."""
    keys = [figure.key for figure in FIGURES if any(figure.key in row.drops for row in rows)]
    titles = {figure.key: figure.title for figure in FIGURES}
    head = "".join(f"<th>{html.escape(row.damage)}</th>" for row in rows)
    body = []
    for key in keys:
        cells = []
        for row in rows:
            value = row.drops.get(key)
            text = "–" if value is None else f"{value:.1f}"
            if key in MADE_FOR[row.damage]:
                text = f"<b>{text}</b>"
            mark = ' style="outline:2px solid #2a9d8f"' if key == row.largest else ""
            cells.append(f"<td{mark}>{text}</td>")
        body.append(f"<tr><td>{html.escape(titles[key])}</td>{''.join(cells)}</tr>")
    return (
        "<h2>Standardized drop from the clean video</h2><p>Bold: made for this damage; framed: the "
        "largest drop.</p><div style='overflow-x:auto'><table><tr><th></th>"
        f"{head}</tr>{''.join(body)}</table></div>"
    )


def _drops(clean: list[dict[str, float]], hurt: list[dict[str, float]]) -> dict[str, float]:
    found = {}
    for figure in FIGURES:
        key = figure.key
        pairs = [
            (a[key], b[key]) for a, b in zip(clean, hurt, strict=True) if key in a and key in b
        ]
        if len(pairs) < 3:
            continue
        values = np.array(pairs)
        if figure.unit == "ratio":
            values = np.log(np.maximum(values, _FLOOR))
        found[key] = _drop(values[:, 0], values[:, 1], figure.better)
    return found


def _drop(
    before: NDArray[np.float64], after: NDArray[np.float64], better: Better
) -> float:  # fmt: skip
    change = after - before
    spread = float(np.sqrt((before.var(ddof=1) + change.var(ddof=1)) / 2))
    moved = float(change.mean())
    if abs(moved) < _FLOOR:
        return 0.0
    sign = {Better.HIGHER: -1.0, Better.LOWER: 1.0, Better.REAL: float(np.sign(moved))}[better]
    return sign * moved / max(spread, _FLOOR)
