"""Figures as they are found, by section, row and column, and the tables made of them."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

import numpy as np

Key = tuple[str, str, str]


@dataclass
class Findings:
    """Any number of values for each cell of each section's table.

    Attributes:
        values: By section, row and column, in the order in which they were first found.
    """

    values: dict[Key, list[float]] = field(default_factory=dict)

    def add(self, section: str, row: str, **columns: float) -> None:
        """Adds one value to some cells of a row; `_` in a column's name stands for a space."""
        for column, value in columns.items():
            key = section, row, column.replace("_", " ")
            if np.isfinite(value):
                self.values.setdefault(key, []).append(float(value))

    def sections(self) -> list[str]:
        """Names of all sections, in order."""
        return list(dict.fromkeys(section for section, _, _ in self.values))

    def table(self, section: str) -> tuple[list[str], list[list[str]]]:
        """Head and rows of a section's table: mean, and 5th to 95th percentile of several."""
        keys = [key for key in self.values if key[0] == section]
        rows = dict.fromkeys(row for _, row, _ in keys)
        columns = list(dict.fromkeys(column for _, _, column in keys))
        body = [
            [row, *(_cell(self.values.get((section, row, column), [])) for column in columns)]
            for row in rows
        ]
        return ["", *columns], body

    def as_json(self) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
        """Section -> row -> column -> mean, median, 5th and 95th percentile and count."""
        out: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
        for (section, row, column), values in self.values.items():
            out.setdefault(section, {}).setdefault(row, {})[column] = _summary(values)
        return out

    def as_html(self, section: str) -> str:
        """A section's table for a page."""
        head, body = self.table(section)
        lines = ["".join(f"<td>{html.escape(cell)}" for cell in row) for row in [head, *body]]
        return "<table>" + "".join(f"<tr>{line}" for line in lines) + "</table>"


def _summary(values: list[float]) -> dict[str, float]:
    low, middle, high = np.percentile(values, [5, 50, 95])
    found = {"mean": np.mean(values), "median": middle, "p5": low, "p95": high}
    return {name: round(float(value), 4) for name, value in found.items()} | {"n": len(values)}


def _cell(values: list[float]) -> str:
    if not values:
        return "–"
    one = _summary(values)
    digits = 1 if abs(one["mean"]) >= 20 else 2 if abs(one["mean"]) >= 1 else 3
    text = f"{one['mean']:.{digits}f}"
    spread = f" ({one['p5']:.{digits}f} to {one['p95']:.{digits}f})"
    return text + (spread if len(values) > 1 else "")
