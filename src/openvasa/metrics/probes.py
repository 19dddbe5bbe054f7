"""What each code, condition and control of a model changes, and how alike its portraits are.

    openvasa evaluate benchmark cases.csv -o out --probes

Figures of videos cannot tell whether a part of a model is one in name only. Here each code is
swapped (`codes`), each condition nulled (`codes`), opposite wishes are asked for (`steering`), and
cosines between portraits of one person and of two give identity figures their scale.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openvasa import Animator, Avatar
from openvasa.bundle import CONFIG_FILE
from openvasa.media.audio import load_audio
from openvasa.metrics.benchmark import BenchmarkCase
from openvasa.metrics.case_results import ResultFolder, fingerprint
from openvasa.metrics.codes import code_effects, condition_effects
from openvasa.metrics.identity import Recognizer
from openvasa.metrics.judges import SFACE, Judges
from openvasa.metrics.portrait_facts import portrait_facts
from openvasa.metrics.steering import steer
from openvasa.types import SAMPLE_RATE, Array

Found = dict[str, list[dict[str, Any]]]
Cells = list[list[str]]

PROBED, STEERED = 3, 6  # portraits whose codes are swapped; who are steered
SECONDS = 3.0  # of each recording
_VERSION = 1  # count up when a probe changes its meaning
_EFFECT = ("mean change, of 255", "1 in 1000 changes by", "pixels changed by > 8", "pose, sd",
           "dynamics, sd")  # fmt: skip


def probe(
    animator: Animator, cases: Sequence[BenchmarkCase], folder: Path, judges: Judges = Judges()
) -> Found:
    """Probes a model on some portraits of a list; what was found before is kept.

    Args:
        animator: The model.
        cases: The list; portraits are taken evenly from it.
        folder: Where `probes.json` is kept.
        judges: Networks that judge; without SFace nothing is told of likeness.

    Returns:
        Rows by table: `codes`, `conditions`, `steering`, `likeness`.
    """
    held = ResultFolder(folder)
    names = [case.name for case in cases]
    used = fingerprint(_VERSION, animator.bundle.path / CONFIG_FILE, names, judges.has(SFACE))
    known = held.read("probes", used)
    if known is None:
        few, said = _speaking(animator, _evenly(cases, PROBED))
        more, heard = _speaking(animator, _evenly(cases, STEERED))
        known = {
            "codes": [asdict(effect) for effect in code_effects(animator, few, said)],
            "conditions": [asdict(effect) for effect in condition_effects(animator, few, said)],
            "steering": [asdict(wish) for wish in steer(animator, more, heard)],
        }
        held.write("probes", used, known)
    return {**known, "likeness": list(_likeness(cases, judges))}


def as_tables(found: Found) -> Iterator[tuple[str, list[str], Cells]]:
    """What was found as tables: a sentence on each, its head and its body."""
    swapped = "Each code of a portrait replaced by another person's, during a performance; "
    yield swapped + "inside the face.", ["swapped", *_EFFECT], _effects(found["codes"])
    nulled = "Each condition of the motion model nulled, all others given (gaze 15, 8 degrees; "
    nulled += "distance 1.2; happy). A performance is sampled and feeds on itself: another seed "
    nulled += "shows how far two of them lie apart."
    yield nulled, ["nulled", *_EFFECT], _effects(found["conditions"])
    wishes = "Opposite wishes, as the shipped mesh sees them; the last column counts the portraits "
    wishes += "for which the first value is the larger, as it should be."
    yield (
        wishes,
        ["wishes", "first", "second", "right way"],
        [
            [
                w["what"],
                f"{w['first']:.1f}",
                f"{w['second']:.1f}",
                f"{w['right']} of {w['portraits']}",
            ]
            for w in found["steering"]
        ],
    )
    if found["likeness"]:
        alike = "What identity figures are to be measured by: SFace's cosine between portraits."
        yield (
            alike,
            ["pairs", "count", "5th percentile", "median", "95th percentile"],
            [
                [
                    row["what"],
                    str(row["count"]),
                    *(f"{row[key]:.3f}" for key in ("p5", "p50", "p95")),
                ]
                for row in found["likeness"]
            ],
        )


def as_html(found: Found) -> str:
    """The tables for a report's page."""
    parts = ["<h2>No part in name only</h2>"]
    for sentence, head, body in as_tables(found):
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in [head, *body]
        )
        parts.append(f"<p>{html.escape(sentence)}</p><table>{rows}</table>")
    return "\n".join(parts)


def _effects(rows: Sequence[dict[str, Any]]) -> Cells:
    return [
        [row["what"], f"{row['levels']:.2f}", f"{row['peak']:.0f}", f"{row['share']:.1%}",
         f"{row['pose']:.3f}", f"{row['dynamics']:.3f}"]
        for row in rows
    ]  # fmt: skip


def _evenly(cases: Sequence[BenchmarkCase], count: int) -> list[BenchmarkCase]:
    chosen = np.linspace(0, len(cases) - 1, min(count, len(cases))).round().astype(int)
    return [cases[k] for k in chosen]


def _speaking(
    animator: Animator, cases: Sequence[BenchmarkCase]
) -> tuple[list[Avatar], list[Array]]:
    avatars = [animator.prepare(case.portrait) for case in cases]
    return avatars, [load_audio(case.audio)[: round(SECONDS * SAMPLE_RATE)] for case in cases]


def _likeness(cases: Sequence[BenchmarkCase], judges: Judges) -> Iterator[dict[str, Any]]:
    """Cosines between portraits of one person and of two, by the tag `person`."""
    if not judges.has(SFACE):
        return
    network = Recognizer(judges.path(SFACE))
    known: dict[bytes, tuple[str, NDArray[np.float32]]] = {}
    for case in cases:
        photo = case.portrait.read_bytes()  # one photo may have several cases
        if photo not in known:
            facts = portrait_facts(case.portrait)
            vector = network(facts.image, facts.points)
            known[photo] = case.tags.get("person", case.name), vector
    pairs = [(a[0] == b[0], float(a[1] @ b[1])) for a, b in combinations(known.values(), 2)]
    for what, same in (("two photos of one person", True), ("two people", False)):
        cosines = [cosine for alike, cosine in pairs if alike is same]
        if cosines:
            low, middle, high = (float(v) for v in np.percentile(cosines, [5, 50, 95]))
            yield {"what": what, "count": len(cosines), "p5": low, "p50": middle, "p95": high}
