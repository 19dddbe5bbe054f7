"""Everything measured -> docs/results.md. The text between the marks of `SEEN` is kept."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from openvasa import Bundle, __version__
from openvasa.bundle import CONFIG_FILE
from openvasa.metrics import tables
from openvasa.metrics.cases import SYSTEMS, PortraitCase
from openvasa.metrics.tables import Row, table

SEEN = ("<!-- seen -->", "<!-- /seen -->")
_PACKAGES = ("onnxruntime", "numpy", "av", "mediapipe", "ai-edge-litert", "opencv-python-headless")
_NAMES = {
    "ours": "ours", "shuffled": "ours, wrong audio", "puppet": "loudness puppet",
    "still": "still portrait",
}  # fmt: skip
_METER_NOTE = """\
`sync_r`: best correlation of lip opening and log energy (lag in frames, + is late); a puppet opened
by loudness is made to score highest here. `aperture`: 5th to 95th percentile of the lip opening by
face height. `silence`: opening in the quietest fifth by the mean opening (lower is better). `dP`:
mean change of the head angles a frame, degrees. `jitter`: high-frequency motion of stable points,
1/1000 of the face's height. `sharp`: variance of the Laplacian inside the face at 256 px."""
_LIPS_NOTE = """\
Closure: the gap between the inner lips falls below a quarter of the clip's 90th percentile within
two frames of the middle of a p, b or m. The same rule at open vowels (a, ɔ, æ) that have neither a
bilabial nor silence beside them says how much of that is chance. Width: pairs of an /i/ and an /u/
of one clip in which the lips are wider at the /i/ (half is chance). Rest: opening in pauses (0.2 s
or more) by the opening elsewhere. All phones are of text-to-speech, whose own timing is used, moved
45 ms earlier (`openvasa.data.timing`)."""
_CAVEATS = """\
- The meter and the sheets' choice of frames rest on one landmarker (MediaPipe). It was also the
  labeler of the training data, so it may be kinder to our mistakes than a stranger would be.
- Lip closure and width are measured on text-to-speech only; the real recordings have no timed
  phones.
- Identity is one recognizer's opinion (SFace), which also served to pick training pairs. The
  portrait's own pixels make up most of a frame, which favors this figure.
- The recordings are short; blinks and head ranges of one clip say little, their mean more."""


def write_results(
    target: Path, people: Sequence[PortraitCase], rows: Sequence[Row],
    facts: dict[str, dict[str, Any]], probes: dict[str, list[dict[str, Any]]], bundle: Bundle,
    seconds: float, real: Sequence[Row] = (),
) -> None:  # fmt: skip
    """Writes the report.

    Args:
        target: results.md; sheets lie beside it in images/results/.
        people: The portraits.
        rows: One for each case.
        facts: What is known of each portrait.
        probes: Effects of codes, conditions and controls.
        bundle: The model.
        seconds: How much of each recording was spoken.
        real: The meter's figures of videos of real people, for reference.
    """
    sections = [
        _head(bundle, rows, seconds), _seen(target), _systems(rows, real), _lips(rows),
        _identity(rows, people, facts), _probes(probes), _runs(rows, people),
        f"## Read with care\n\n{_CAVEATS}", _sheets(target, people),
    ]  # fmt: skip
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _head(bundle: Bundle, rows: Sequence[Row], seconds: float) -> str:
    failed = [row["name"] for row in rows if "error" in row]
    ours = [row for row in rows if row["system"] == "ours" and "error" not in row]
    frames = sum(row["meter"]["frames"] for row in ours)
    found = sum(row["meter"]["frames"] * row["meter"]["faces"] for row in ours)
    files = [
        (name, digest[:16]) for name, digest in sorted(bundle.config["files"].items())
    ]  # fmt: skip
    config = file_hash(bundle.path / CONFIG_FILE)[:16]
    parts = [f"{name} {_version(name)}" for name in _PACKAGES]
    return f"""\
# Results

Made by `python -m openvasa.metrics.first_results`; do not edit, except between the marks of the
section "What we saw". People and recordings are held out: never trained or tuned on (docs/data.md).

- Model: `{bundle.name}`, config.json sha256 `{config}`; each file below with the first 16 digits of
  its own.
- openvasa {__version__}, Python {platform.python_version()}, {", ".join(parts)}.
- {len({row["portrait"] for row in rows})} portraits, {len({row["recording"] for row in rows})} \
recordings (up to {seconds:g} s each), {len(rows)} videos in all, of which {len(ours)} are ours; \
runs that failed: {", ".join(failed) or "none"}.
- A face is found in {found:.0f} of the {frames} frames of our videos \
({100 * found / max(frames, 1):.2f} %).

{table(["file", "sha256"], [[f"`{n}`", f"`{d}`"] for n, d in files])}"""


def _seen(target: Path) -> str:
    """What someone wrote after looking, carried over from the last report."""
    old = target.read_text(encoding="utf-8") if target.is_file() else ""
    start, end = (old.find(mark) for mark in SEEN)
    kept = old[start + len(SEEN[0]) : end].strip() if 0 <= start < end else "Not looked at yet."
    return f"## What we saw\n\n{SEEN[0]}\n{kept}\n{SEEN[1]}"


def _systems(rows: Sequence[Row], real: Sequence[Row]) -> str:
    same = tables.paired(rows, SYSTEMS)
    count = len(same["ours"])
    body = [[_NAMES[system], *tables.figures(found)] for system, found in same.items()]
    ours = [row for row in rows if row["system"] == "ours" and "error" not in row]
    body.append([f"ours, all {len(ours)} videos", *tables.figures(ours)])
    if real:
        body.append([f"{len(real)} videos of real people", *tables.figures(real)])
    return f"""\
## Ours beside what it must beat

The same {count} pairs of portrait and recording for all four; means over videos.

{table(["", *tables.figure_names()], body)}

{_METER_NOTE}"""


def _lips(rows: Sequence[Row]) -> str:
    head = ["", "closed at p, b, m", "closed at open vowels", "wider at /i/ than /u/", "rest",
            "clips that move"]  # fmt: skip
    timed = [row for row in rows if "lips" in row]
    body = [
        [_NAMES[system], *tables.lips(found)]
        for system, found in tables.paired(timed, SYSTEMS).items()
    ]
    ours = [row for row in timed if row["system"] == "ours"]
    body.append([f"ours, all {len(ours)} videos", *tables.lips(ours)])
    names = sorted({row["recording"] for row in ours})
    spoken = [[n, *tables.lips([r for r in ours if r["recording"] == n])] for n in names]
    return f"""\
## The lips know more than loudness

{table(head, body)}

{_LIPS_NOTE}

Ours by recording:

{table(head, spoken)}"""


def _identity(
    rows: Sequence[Row], people: Sequence[PortraitCase], facts: dict[str, dict[str, Any]]
) -> str:
    ours = [row for row in rows if row["system"] == "ours" and "error" not in row]
    persons = {person.name: person.person for person in people}
    body = [["hard frames against their portrait", *tables.spread(tables.likeness(ours))]]
    for group in dict.fromkeys(row["group"] for row in ours):
        found = [row for row in ours if row["group"] == group]
        body.append([f"... {group}", *tables.spread(tables.likeness(found))])
    body += [
        ["two photos of one person (London)", *tables.spread(tables.same_person(facts))],
        ["two different people", *tables.spread(tables.between_people(facts, persons))],
    ]
    return f"""\
## The person is still the person

Cosine of face-recognizer vectors (SFace). Hard frames: turned 10 degrees or more from the portrait,
or with the mouth open; at most 12 of a video.

{table(["", "count", "5th percentile", "median", "95th percentile"], body)}"""


def _probes(probes: dict[str, list[dict[str, Any]]]) -> str:
    def effects(key: str) -> list[list[str]]:
        return [
            [e["what"], f"{e['levels']:.2f}", f"{e['peak']:.0f}", f"{100 * e['share']:.1f} %",
             f"{e['pose']:.3f}", f"{e['dynamics']:.3f}"]
            for e in probes[key]
        ]  # fmt: skip

    head = [
        "mean change, of 255",
        "1 in 1000 changes by",
        "pixels changed by > 8",
        "pose, sd",
        "dynamics, sd",
    ]
    steering = [
        [s["what"], f"{s['first']:.1f}", f"{s['second']:.1f}", f"{s['right']} of {s['portraits']}"]
        for s in probes["steering"]
    ]
    return f"""\
## No part in name only

Each code of a portrait replaced by another person's, during a performance; inside the face.

{table(["swapped", *head], effects("codes"))}

Each condition of the motion model nulled, all others given (gaze 15, 8 degrees; distance 1.2;
happy). A performance is sampled, and feeds on itself: another seed shows how far two of them lie
apart.

{table(["nulled", *head], effects("conditions"))}

Opposite wishes, as the landmarker sees them; the last column counts the portraits for which the
first value is the larger, as it should be.

{table(["wishes", "first", "second", "right way"], steering)}"""


def _runs(rows: Sequence[Row], people: Sequence[PortraitCase]) -> str:
    traits = {person.name: person.traits for person in people}
    ours = [row for row in rows if row["system"] == "ours" and "error" not in row]
    body = [
        [row["portrait"], traits[row["portrait"]] or tables.NONE, row["recording"],
         *tables.figures([row]), _median(row)]
        for row in ours
    ]  # fmt: skip
    head = ["portrait", "traits", "recording", *tables.figure_names(), "identity, median"]
    groups = [
        [group, *tables.figures([row for row in ours if row["group"] == group])]
        for group in dict.fromkeys(row["group"] for row in ours)
    ]
    return f"""\
## All our videos

{table(["", *tables.figure_names()], groups)}

{table(head, body)}"""


def _median(row: Row) -> str:
    values = row.get("likeness", [])
    return f"{np.median(values):.3f}" if values else tables.NONE


def _sheets(target: Path, people: Sequence[PortraitCase]) -> str:
    folder = target.parent / "images" / "results"
    shown = [p.name for p in people if (folder / f"{p.name}.jpg").is_file()]
    pictures = [f"**{name}**\n\n![{name}](images/results/{name}.jpg)" for name in shown]
    overview = "![Each portrait beside a frame](images/results/overview.jpg)"
    if not (folder / "overview.jpg").is_file():
        overview = "None were made."
    intro = "Each portrait beside frames of its video, found by the landmarker's own figures."
    return "\n\n".join(["## Contact sheets", intro, overview, *pictures])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(absent)"
