"""Small pictures for a page: histograms as SVG, contact sheets as JPEG; all inline."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from openvasa.types import Image

Values = NDArray[np.float64]
_WIDTH, _HEIGHT = 260, 90
_COLORS = {"real": "#2a9d8f", "performance": "#e9a23b", "person": "#5b7fd6", "head": "#c2599d"}


@dataclass(frozen=True)
class Axis:
    """What a histogram shows: its name, unit, and the range of its bins."""

    name: str
    unit: str
    low: float
    high: float
    bins: int = 30


def histogram(axis: Axis, values: dict[str, Values]) -> str:
    """One small plot, a line for each kind, each scaled to its own area.

    Args:
        axis: What is shown; values beyond its range are counted in the outermost bins.
        values: By kind.

    Returns:
        An HTML figure, or "" where there is nothing to show.
    """
    given = {kind: v[np.isfinite(v)] for kind, v in values.items() if np.isfinite(v).any()}
    if not given:
        return ""
    edges = np.linspace(axis.low, axis.high, axis.bins + 1)
    shares = {}
    for kind, v in given.items():
        counts = np.histogram(np.clip(v, axis.low, axis.high), edges)[0]
        shares[kind] = counts / counts.sum()
    top = max(float(share.max()) for share in shares.values())
    lines = "".join(
        _steps(share / top, _COLORS.get(kind, "#888")) for kind, share in shares.items()
    )
    notes = "; ".join(
        f"{kind} {np.median(v):.3g} ({np.percentile(v, 5):.3g} to {np.percentile(v, 95):.3g})"
        for kind, v in given.items()
    )
    title = html.escape(f"{axis.name}, {axis.unit}" if axis.unit else axis.name)
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT + 14}" role="img" aria-label="{title}">'
        f'{lines}<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}" stroke="currentColor"/>'
        f'<text x="0" y="{_HEIGHT + 12}">{axis.low:g}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 12}" text-anchor="end">{axis.high:g}</text></svg>'
        f"<figcaption><b>{title}</b><br>median (5 to 95 %): {html.escape(notes)}</figcaption>"
        "</figure>"
    )


def legend(kinds: Sequence[str]) -> str:
    """Which color is which kind."""
    return " ".join(
        f'<span class="key" style="background:{_COLORS.get(kind, "#888")}"></span>{kind}'
        for kind in kinds
    )


def contact_sheet(pictures: Sequence[Image], side: int = 96, columns: int = 12) -> str:
    """Pictures in a grid, as one inline JPEG.

    Args:
        pictures: u8 [H, W, 3] each.
        side: Of a tile, in pixels.
        columns: Tiles in a row.

    Returns:
        An HTML image, or "" without pictures.
    """
    if not pictures:
        return ""
    rows = -(-len(pictures) // columns)
    sheet = PilImage.new("RGB", (min(columns, len(pictures)) * side, rows * side), "#777")
    for i, picture in enumerate(pictures):
        tile = PilImage.fromarray(picture).resize((side, side), PilImage.Resampling.LANCZOS)
        sheet.paste(tile, (i % columns * side, i // columns * side))
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=85)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{len(pictures)} pictures" src="data:image/jpeg;base64,{data}">'


def _steps(share: Values, color: str) -> str:
    """A filled staircase of heights in [0, 1]."""
    width = _WIDTH / len(share)
    points = [(0.0, float(_HEIGHT))]
    for i, height in enumerate(share):
        y = _HEIGHT * (1 - 0.95 * height)
        points += [(i * width, y), ((i + 1) * width, y)]
    points.append((float(_WIDTH), float(_HEIGHT)))
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polygon points="{path}" fill="{color}" fill-opacity=".25" stroke="{color}" '
        'stroke-width="1.2"/>'
    )
