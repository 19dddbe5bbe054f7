"""A finished run -> a document such as docs/results.md. The text between the marks is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image as PilImage
from PIL import ImageDraw

from openvasa.bundle import CONFIG_FILE
from openvasa.metrics.benchmark import OURS
from openvasa.metrics.case_results import write_whole
from openvasa.metrics.catalog import BY_KEY
from openvasa.metrics.picture_figures import TILE
from openvasa.metrics.probes import as_tables
from openvasa.metrics.report import Report, figure_rows
from openvasa.metrics.scoring import Scored
from openvasa.metrics.summary import estimates, shown, worst_first

SEEN = ("<!-- seen -->", "<!-- /seen -->")
_GROUPED = ("collection", "language", "voice", "kind", "traits")  # tags by which ours are told
_FEWEST = 2  # cases of a group
_OF_GROUPS = (
    "openvasa_sync_confidence", "lip_map_confidence", "bilabial_closure", "aperture",
    "pose_intensity", "jitter", "blink_rate", "identity", "identity_low", "sharpness",
)  # fmt: skip
_SHEETS = 24  # videos on the contact sheet
_HASH = 16  # digits of a hash that are shown
_CAPTION = 14  # pixels under each row of the sheet


def write_results(report: Report, target: Path) -> None:
    """Writes the document, and a contact sheet as `images/NAME.jpg` beside it.

    Args:
        report: The run.
        target: The .md file; what stands between its marks `<!-- seen -->` and `<!-- /seen -->`,
            written by whoever looked at the videos, is kept.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    sections = [_head(report), *_model(report), _seen(target), "## Figures"]
    sections.append("Means over cases, ± half the width of the 95 % bootstrap interval.")
    sections.append(markdown_table(*figure_rows(report)))
    sections += [*_groups(report), *_probes(report), "## Read with care"]
    sections.append("\n".join(f"- {note}" for note in report.notes) or "Nothing was left out.")
    sections += _sheet(report, target)
    write_whole(target, "\n\n".join(sections) + "\n")


def markdown_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table; all columns but the first are set to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])


def _head(report: Report) -> str:
    made = report.made_with
    # Folders of whoever ran it tell nobody anything.
    command = " ".join(word.rsplit("/", 1)[-1] if word.startswith(("/", "..")) else word
                       for word in made["command"].split())  # fmt: skip
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in report.systems.items())
    ours = [one for one in report.systems.get(OURS, []) if not one.error]
    frames = sum(one.values["frames"] for one in ours)
    found = sum(one.values["frames"] * one.values["faces"] for one in ours)
    failed = [f"{one.case.system}/{one.case.name}" for rows in report.systems.values()
              for one in rows if one.error]  # fmt: skip
    versions = ", ".join(f"{name} {number}" for name, number in made["packages"].items())
    return f"""\
# Results

Written by `{command}`; do not edit, except between the marks of the section "What we saw". What the
figures mean and whom the benchmark shows: [evaluation.md](evaluation.md). People and recordings are
held out: never trained or tuned on.

- openvasa {made["openvasa"]}, Python {made["python"]}, {versions}; seed {made["seed"]}.
- Videos: {counts}; not judged: {", ".join(failed) or "none"}.
- A face is found in {found:.0f} of the {frames:.0f} frames of our videos.
- Face tracker: {made["face_tracker"]}. Judges: {", ".join(made["judges"]) or "none"}."""


def _model(report: Report) -> Iterator[str]:
    model = report.made_with.get("model")
    if model is None:
        return
    yield f"The model is `{model['name']}`; the first {_HASH} digits of the sha256 of its files:"
    files = sorted((name, digest) for name, digest in model.items() if name != "name")
    files.sort(key=lambda pair: pair[0] != CONFIG_FILE)  # the one that names all others first
    yield markdown_table(["file", "sha256"], [[f"`{n}`", f"`{d[:_HASH]}`"] for n, d in files])


def _seen(target: Path) -> str:
    """What someone wrote after looking, carried over from the last document."""
    old = target.read_text(encoding="utf-8") if target.is_file() else ""
    start, end = (old.find(mark) for mark in SEEN)
    kept = old[start + len(SEEN[0]) : end].strip() if 0 <= start < end else "Not looked at yet."
    return f"## What we saw\n\n{SEEN[0]}\n{kept}\n{SEEN[1]}"


def _groups(report: Report) -> Iterator[str]:
    """Our figures by what cases are tagged with."""
    groups: dict[tuple[str, str], list[Scored]] = defaultdict(list)
    for one in report.systems.get(OURS, []):
        for tag in _GROUPED:
            for value in one.case.tags.get(tag, "").split(","):
                if value.strip():
                    groups[tag, value.strip()].append(one)
    found = {
        group: estimates(rows, report.made_with["seed"])
        for group, rows in sorted(groups.items(), key=lambda item: _GROUPED.index(item[0][0]))
        if len(rows) >= _FEWEST
    }
    keys = [key for key in _OF_GROUPS if any(key in known for known in found.values())]
    if not keys:
        return
    yield "## Ours by kind of case"
    head = ["", "cases", *(BY_KEY[key].title for key in keys)]
    yield markdown_table(head, [
        [f"{tag}: {value}", str(len(groups[tag, value])),
         *(shown(key, known[key].mean) if key in known else "–" for key in keys)]
        for (tag, value), known in found.items()
    ])  # fmt: skip


def _probes(report: Report) -> Iterator[str]:
    probes: dict[str, Any] | None = report.extra.get("probes")
    if probes is not None:
        yield "## No part in name only"
        for sentence, head, body in as_tables(probes):
            yield sentence
            yield markdown_table(head, body)


def _sheet(report: Report, target: Path) -> Iterator[str]:
    """The worst half of the sheet's videos, and the rest evenly from the better ones."""
    ranked = [one for one, _ in worst_first(report.systems.get(OURS, []))
              if (one.folder / "sheet.jpg").is_file()]  # fmt: skip
    half = _SHEETS // 2
    better = ranked[half:]
    chosen = ranked[:half] + better[:: max(1, -(-len(better) // half))]
    if not chosen:
        return
    high = TILE + _CAPTION
    rows = []
    for one in chosen:
        with PilImage.open(one.folder / "sheet.jpg") as stored:
            rows.append(stored.convert("RGB"))
    sheet = PilImage.new("RGB", (max(row.width for row in rows), high * len(rows)), "white")
    draw = ImageDraw.Draw(sheet)
    for k, (one, row) in enumerate(zip(chosen, rows, strict=True)):
        sheet.paste(row, (0, k * high))
        draw.text((3, k * high + TILE), one.case.name, fill="black")
    picture = target.parent / "images" / f"{target.stem}.jpg"
    picture.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(picture, quality=80, optimize=True)
    yield "## Contact sheet"
    yield (
        f"The {min(half, len(chosen))} worst of our videos by their figures, then others, evenly "
        "chosen. Portrait; lips most closed and most open; head turned most to either side; lids "
        "most shut."
    )
    yield f"![Contact sheet](images/{picture.name})"
