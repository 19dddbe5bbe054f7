"""One curve of a few points as an SVG file. Knows nothing of what it shows."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Final

_WIDTH, _HEIGHT = 480, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 30, 44
_COLOR: Final = "#2a9d8f"


def line_plot(
    title: str, across: str, up: str, points: Sequence[tuple[float, float]], *,
    logarithmic: bool = False,
) -> str:  # fmt: skip
    """A figure, the vertical axis from 0.

    Args:
        title: What is shown.
        across: Name and unit of the horizontal axis.
        up: Name and unit of the vertical axis.
        points: At least one (x, y), x > 0 and y >= 0.
        logarithmic: Whether x is.

    Returns:
        An SVG document.
    """
    scaled = [math.log(x) if logarithmic else x for x, _ in points]
    low, span = min(scaled), max(max(scaled) - min(scaled), 1e-9)
    top = max(max(y for _, y in points), 1e-9) * 1.15
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    floor = _TOP + height
    places = [
        (_LEFT + width * (0.04 + 0.92 * (s - low) / span), floor - height * y / top)
        for s, (_, y) in zip(scaled, points, strict=True)
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="18" font-size="13">{html.escape(title)}</text>',
        f'<path d="M{_LEFT} {_TOP}V{floor}H{_WIDTH - _RIGHT}" fill="none" stroke="#333"/>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">{html.escape(across)}</text>',
        f'<text transform="translate(13 {floor}) rotate(-90)">{html.escape(up)}</text>',
        f'<polyline fill="none" stroke="{_COLOR}" stroke-width="2" points="'
        + " ".join(f"{x:.1f},{y:.1f}" for x, y in sorted(places)) + '"/>',
    ]  # fmt: skip
    for (x, y), (value, height_of) in zip(places, points, strict=True):
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{_COLOR}"/>',
            f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{height_of:.3g}</text>',
            f'<text x="{x:.1f}" y="{floor + 14}" text-anchor="middle">{value:.4g}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])
