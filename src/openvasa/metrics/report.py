"""A finished run -> report.json and a table for the terminal."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from openvasa import Bundle, __version__
from openvasa.bundle import CONFIG_FILE
from openvasa.metrics.case_results import write_whole
from openvasa.metrics.catalog import BY_KEY, FIGURES
from openvasa.metrics.judges import Judges
from openvasa.metrics.scoring import Scored
from openvasa.metrics.summary import REAL, Estimate, estimates, set_figures, shown

_PACKAGES = ("numpy", "scipy", "onnxruntime", "ai-edge-litert", "av", "torch",
             "opencv-python-headless")  # fmt: skip
TRACKER = "the shipped mesh (MediaPipe), which also labeled the training data"


@dataclass
class Report:
    """Everything one run found.

    Attributes:
        made_with: Command, seed, versions, weights and judges.
        systems: Judged cases by system, in the order of the table.
        figures: Means by system and key.
        sets: Distances of whole sets by system.
        notes: What was left out or decides nothing.
        extra: More tables, as the corruption run adds.
    """

    made_with: dict[str, Any]
    systems: dict[str, list[Scored]]
    figures: dict[str, dict[str, Estimate]]
    sets: dict[str, dict[str, Any]]
    notes: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


def assemble(
    scored: Sequence[Scored], made_with: dict[str, Any], notes: Sequence[str], seed: int
) -> Report:
    """Puts judged cases together."""
    systems: dict[str, list[Scored]] = {}
    for one in scored:
        systems.setdefault(one.case.system, []).append(one)
    if REAL in systems:  # last, as what the others are measured by
        systems[REAL] = systems.pop(REAL)
    sets = set_figures(systems, seed)
    told = [*notes, *(note for one in scored for note in one.notes)]
    told += [sentence for found in sets.values() for sentence in found["cautions"]]
    failed = [one for one in scored if one.error]
    told += [f"{one.case.system}/{one.case.name} is not judged: {one.error}" for one in failed]
    figures = {name: estimates(rows, seed) for name, rows in systems.items()}
    return Report(made_with, systems, figures, sets, told)


def provenance(
    command: Sequence[str], seed: int, judges: Judges, bundle: Bundle | None
) -> dict[str, Any]:
    """What a run was made with.

    Args:
        command: The words of the command.
        seed: Of performances and of the bootstrap.
        judges: The networks that judge.
        bundle: The model that made the videos, if this run made any.
    """
    made: dict[str, Any] = {
        "command": " ".join(command),
        "seed": seed,
        "openvasa": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "face_tracker": TRACKER,
        "judges": judges.hashes,
    }
    if bundle is not None:
        config = hashlib.sha256((bundle.path / CONFIG_FILE).read_bytes()).hexdigest()
        made["model"] = {"name": bundle.name, CONFIG_FILE: config, **bundle.config["files"]}
    return made


def write_report(report: Report, target: Path) -> None:
    """Writes report.json."""
    content = {
        "made_with": report.made_with,
        "notes": report.notes,
        "systems": {
            name: {
                "figures": {key: found._asdict() for key, found in figures.items()},
                "sets": report.sets[name],
            }
            for name, figures in report.figures.items()
        },
        "cases": [_case(one) for rows in report.systems.values() for one in rows],
        **report.extra,
    }
    write_whole(target, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def terminal_table(report: Report) -> str:
    """Figures down, systems across; means with half the interval's width."""
    head, body = figure_rows(report)
    widths = [max(len(row[k]) for row in [head, *body]) for k in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [head, *body]
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def set_rows(report: Report) -> list[list[str]]:
    """FID, FVD and CAPP's AUC of each system, with their counts."""
    rows = []
    for key, title in (("fid", "FID"), ("fvd", "FVD, 25 frames")):
        cells = [_distance(found, key) for found in report.sets.values()]
        if any(cell != "–" for cell in cells):
            rows.append([f"{title} (lower)", *cells])
    aucs = [found.get("capp_auc") for found in report.sets.values()]
    if any(aucs):
        rows.append([
            "CAPP AUC, matched / mismatched (higher)",
            *(f"{a[0]:.2f} [{a[1]:.2f}, {a[2]:.2f}]" if a else "–" for a in aucs),
        ])  # fmt: skip
    return rows


def figure_rows(report: Report) -> tuple[list[str], list[list[str]]]:
    """Head and body of the table: figures down, systems across."""
    names = list(report.systems)
    head = ["figure (better)", *names]
    body = []
    for figure in FIGURES:
        cells = [_cell(report.figures[name].get(figure.key), figure.key) for name in names]
        if any(cell != "–" for cell in cells):
            unit = f", {figure.unit}" if figure.unit else ""
            body.append([f"{figure.title}{unit} ({figure.better.value})", *cells])
    return head, body + set_rows(report)


def _cell(found: Estimate | None, key: str) -> str:
    if found is None:
        return "–"
    half = (found.high - found.low) / 2
    return f"{shown(key, found.mean)} ±{half:.{BY_KEY[key].digits}f}"


def _distance(found: dict[str, Any], key: str) -> str:
    count = found[f"{key}_{'pictures' if key == 'fid' else 'windows'}"]
    return f"{found[key]:.1f} (n={count})" if key in found else "–"


def _case(one: Scored) -> dict[str, Any]:
    case = one.case
    about: dict[str, Any] = {"name": case.name, "system": case.system, "video": str(case.video)}
    if case.portrait is not None:
        about["portrait"] = str(case.portrait)
    if case.tags:
        about["tags"] = case.tags
    return about | ({"error": one.error} if one.error else {"values": one.values})


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
