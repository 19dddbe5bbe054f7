"""A store -> STORE/report.html: what is in it, how it is spread, what was dropped and why.

One page without outside requests. Counts come from the manifest's lines; distributions and
pictures from a sample of the shards, drawn the same way every time.
"""

from __future__ import annotations

import html
import io
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PilImage

from openvasa.data.report_plots import Axis, Values, contact_sheet, histogram, legend
from openvasa.data.shards import Arrays, Line, hidden
from openvasa.data.store import KINDS, Store, all_lines
from openvasa.types import EMOTIONS, FPS, Image

MOST_SAMPLES = 300  # of each kind, for the distributions
MOST_PICTURES = 72
MOST_DROPPED = 1000  # rows of the table

_POSE_UNIT = np.degrees(1.0)
_AXES: tuple[tuple[Axis, Callable[[Line, Arrays], Any]], ...] = (
    (Axis("head yaw", "degrees, right positive", -45, 45), lambda _, a: _pose(a, 0)),
    (Axis("head pitch", "degrees, up positive", -30, 30), lambda _, a: _pose(a, 1)),
    (Axis("head roll", "degrees, clockwise positive", -30, 30), lambda _, a: _pose(a, 2)),
    (Axis("gaze yaw", "degrees, right positive", -40, 40), lambda _, a: _column(a, "gaze", 0)),
    (Axis("gaze pitch", "degrees, up positive", -30, 30), lambda _, a: _column(a, "gaze", 1)),
    (Axis("head distance", "relative to the rest pose", 0.5, 1.5), lambda n, a: _distance(n, a)),
    *(
        (Axis(name, "strength", 0, 1, 20), lambda line, a, i=i: _emotion(line, a, i))
        for i, name in enumerate(EMOTIONS)
    ),
)  # fmt: skip

_STYLE = Path(__file__).with_name("report.css")


def write_report(store: Path) -> Path:
    """Writes the page anew.

    Returns:
        Where it is.

    Raises:
        InputError: The folder is no store.
    """
    opened = Store(store)
    kept = [line for line in all_lines(store) if line["status"] == "kept"]
    dropped = [line for line in all_lines(store) if line["status"] != "kept"]
    parts = [
        _totals(kept, dropped), _by_kind(kept), _warnings(kept), _distributions(opened),
        _sheets(opened), _licences(kept), _reasons(dropped), _list_dropped(dropped),
    ]  # fmt: skip
    made = datetime.now().astimezone().isoformat(timespec="minutes")
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(store.resolve().name)}: what is in this store</title>"
        f"<style>{_STYLE.read_text()}</style><h1>{html.escape(store.resolve().name)}</h1>"
        f"<p>Written {html.escape(made)} by openvasa.</p>" + "".join(parts) + "</html>"
    )
    path = store / "report.html"
    hidden(path).write_text(page, encoding="utf-8")
    os.replace(hidden(path), path)
    return path


def seconds_of(line: Line) -> float:
    """How long a sample lasts; 0 for kinds that are pictures."""
    if "start" in line and "end" in line:
        return float(line["end"]) - float(line["start"])
    return float(line.get("frames", 0)) / FPS if line["kind"] == "performance" else 0.0


def _totals(kept: Sequence[Line], dropped: Sequence[Line]) -> str:
    hours = sum(map(seconds_of, kept)) / 3600
    people = len({(line["kind"], line["person"]) for line in kept})
    figures = (
        (f"{len(kept):,}", "samples kept"), (f"{people:,}", "people"), (f"{hours:.2f}", "hours"),
        (f"{len(dropped):,}", "inputs dropped"),
    )  # fmt: skip
    return '<div class="big">' + "".join(f"<p><b>{n}</b>{t}</p>" for n, t in figures) + "</div>"


def _by_kind(kept: Sequence[Line]) -> str:
    groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in kept:
        groups[line["kind"], line["split"]].append(line)
    rows = [
        (kind, split, len(lines), len({line["person"] for line in lines}),
         f"{sum(map(seconds_of, lines)) / 3600:.3f}")
        for (kind, split), lines in sorted(groups.items())
    ]  # fmt: skip
    return "<h2>What there is</h2>" + _table(("kind", "split", "samples", "people", "hours"), rows)


def _warnings(kept: Sequence[Line]) -> str:
    unstated = sum("not stated" in (line["licence"], line["consent"]) for line in kept)
    if not unstated:
        return ""
    return (
        f'<p class="warn">Licence or consent of {unstated} of {len(kept)} samples is not stated. '
        "Train on nobody who did not agree.</p>"
    )


def _distributions(store: Store) -> str:
    found: dict[str, dict[str, list[Any]]] = {axis.name: {} for axis, _ in _AXES}
    kinds = [kind for kind in KINDS if store.keys(kind)]
    for kind in kinds:
        for key in _some(store.keys(kind), MOST_SAMPLES):
            sample = store.read(key)
            for axis, read in _AXES:
                values = read(sample.about, sample.arrays)
                if values is not None:
                    found[axis.name].setdefault(kind, []).append(np.ravel(values))
    plots = "".join(
        histogram(axis, {kind: np.concatenate(v) for kind, v in found[axis.name].items()})
        for axis, _ in _AXES
    )
    if not plots:
        return ""
    return f'<h2>How it is spread</h2><p>{legend(kinds)}</p><div class="grid">{plots}</div>'


def _sheets(store: Store) -> str:
    out = ""
    for kind in KINDS:
        keys = _some(store.keys(kind), MOST_PICTURES)
        pictures = [p for p in (_picture(store.read(key).arrays) for key in keys) if p is not None]
        if pictures:
            out += f"<h3>{kind}: {len(pictures)} of {len(store.keys(kind))}</h3>"
            out += contact_sheet(pictures)
    return "<h2>What it looks like</h2>" + out if out else ""


def _licences(kept: Sequence[Line]) -> str:
    groups: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in kept:
        groups[line["licence"], line["consent"], line["kind"]].append(line)
    rows = [
        (*names, len(lines), f"{sum(map(seconds_of, lines)) / 3600:.3f}")
        for names, lines in sorted(groups.items(), key=lambda item: -len(item[1]))
    ]
    return "<h2>Licences</h2>" + _table(("licence", "consent", "kind", "samples", "hours"), rows)


def _reasons(dropped: Sequence[Line]) -> str:
    counts = Counter(_general(str(line["reason"])) for line in dropped)
    return "<h2>Why inputs were dropped</h2>" + (
        _table(("reason", "inputs"), counts.most_common()) if counts else "<p>None was.</p>"
    )


def _list_dropped(dropped: Sequence[Line]) -> str:
    if not dropped:
        return ""
    rows = [
        (line["source"], f"{line['start']:.1f} to {line['end']:.1f} s" if "start" in line else "",
         line["reason"])
        for line in dropped[:MOST_DROPPED]
    ]  # fmt: skip
    rest = len(dropped) - len(rows)
    more = f"<p>and {rest} more; the manifest has them all.</p>" if rest else ""
    table = _table(("source", "where", "reason"), rows)
    return f"<details><summary>Every dropped input</summary>{table}{more}</details>"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    numbers = ("samples", "people", "hours", "inputs")
    marks = [' class="n"' if name in numbers else "" for name in head]
    top = "".join(f"<th{m}>{html.escape(n)}</th>" for m, n in zip(marks, head, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{m}>{html.escape(str(c))}</td>"
                         for m, c in zip(marks, row, strict=True)) + "</tr>"
        for row in rows
    )  # fmt: skip
    return f'<div class="scroll"><table><tr>{top}</tr>{body}</table></div>'


def _some(keys: Sequence[str], most: int) -> list[str]:
    """At most so many, evenly picked."""
    places = np.unique(np.linspace(0, len(keys) - 1, min(most, len(keys))).round().astype(int))
    return [keys[i] for i in places] if keys else []


def _general(reason: str) -> str:
    """A reason without its numbers and details, so that like ones are counted together."""
    short = reason.split(":")[0]
    return "".join("#" if c.isdigit() else c for c in short).replace("##", "#").replace("##", "#")


def _picture(arrays: Arrays) -> Image | None:
    """The middle one of a sample's JPEG pictures."""
    if "jpeg" not in arrays or "offsets" not in arrays or len(arrays["offsets"]) < 2:
        return None
    offsets = arrays["offsets"]
    middle = (len(offsets) - 1) // 2
    blob = arrays["jpeg"][offsets[middle] : offsets[middle + 1]].tobytes()
    return np.asarray(PilImage.open(io.BytesIO(blob)).convert("RGB"))


def _column(arrays: Arrays, name: str, index: int) -> Values | None:
    array = arrays.get(name)
    return None if array is None else array.reshape(-1, array.shape[-1])[:, index].astype("f8")


def _pose(arrays: Arrays, index: int) -> Values | None:
    angles = _column(arrays, "pose", index)
    return None if angles is None else angles * _POSE_UNIT


def _distance(line: Line, arrays: Arrays) -> Any:
    """Of real clips against their own median, for the distance of a stranger is not known."""
    if line["kind"] == "real":
        scale = _column(arrays, "pose", 5)
        return None if scale is None else np.exp(np.median(scale) - scale)
    return line.get("distance", arrays.get("distance"))


def _emotion(line: Line, arrays: Arrays, index: int) -> Any:
    given = line["emotion"] if isinstance(line.get("emotion"), dict) else arrays.get("emotion")
    if given is None:
        return None
    value = given.get(EMOTIONS[index]) if isinstance(given, dict) else np.ravel(given)[index]
    return None if value is None else float(value)
