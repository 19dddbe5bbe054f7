"""Small plots as inline SVG: cases as dots, their mean and its interval, a row for each system."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_WIDTH, _ROW, _LEFT = 460, 20, 130
COLORS = ("#2a9d8f", "#c2599d", "#e9a23b", "#5b7fd6", "#777", "#b5532a", "#3a3a3a", "#7aa02c")


class Strip(NamedTuple):
    """One row: its name, all values, their mean, and the low and high end of its interval."""

    name: str
    values: Sequence[float]
    mean: float
    low: float
    high: float


def strip_plot(title: str, strips: Sequence[Strip]) -> str:
    """A figure of several rows on one axis, as HTML.

    Args:
        title: What is shown.
        strips: At least one, each with at least one finite value.
    """
    everything = np.concatenate([np.asarray(strip.values, np.float64) for strip in strips])
    low, high = float(everything.min()), float(everything.max())
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5

    def x(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return _LEFT + share * (_WIDTH - _LEFT - 12)

    parts = []
    for k, strip in enumerate(strips):
        y, color = (k + 0.5) * _ROW, COLORS[k % len(COLORS)]
        parts.append(f'<text x="0" y="{y + 4:.0f}">{html.escape(strip.name)}</text>')
        parts += [
            f'<circle cx="{x(v):.1f}" cy="{y + _jitter(i):.1f}" r="2" fill="{color}" '
            'fill-opacity=".35"/>'
            for i, v in enumerate(strip.values)
        ]
        parts.append(
            f'<line x1="{x(strip.low):.1f}" x2="{x(strip.high):.1f}" y1="{y}" y2="{y}" '
            f'stroke="{color}" stroke-width="2"/>'
            f'<line x1="{x(strip.mean):.1f}" x2="{x(strip.mean):.1f}" y1="{y - 7}" y2="{y + 7}" '
            f'stroke="{color}" stroke-width="2.5"/>'
        )
    bottom = len(strips) * _ROW
    parts.append(
        f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{bottom}" y2="{bottom}" stroke="currentColor"/>'
        f'<text x="{_LEFT}" y="{bottom + 13}">{low:.3g}</text>'
        f'<text x="{_WIDTH}" y="{bottom + 13}" text-anchor="end">{high:.3g}</text>'
    )
    label = html.escape(title)
    return (
        f'<figure><figcaption>{label}</figcaption><svg viewBox="0 0 {_WIDTH} {bottom + 16}" '
        f'role="img" aria-label="{label}">{"".join(parts)}</svg></figure>'
    )


def _jitter(number: int) -> float:
    """So that equal values do not hide each other."""
    return 5 * ((number * 0.618) % 1 - 0.5)
