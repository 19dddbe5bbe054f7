"""What `openvasa evaluate latent` does, in order, and the page and document it writes."""

from __future__ import annotations

import argparse
import base64
import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from openvasa.commands import (
    evaluate_latent_clips,
    evaluate_latent_heads,
    evaluate_latent_photos,
    evaluate_latent_sheets,
)
from openvasa.commands.evaluate_latent_cost import cost
from openvasa.commands.evaluate_latent_drawn import DrawnHead, drawn_head
from openvasa.commands.evaluate_latent_frames import Instruments
from openvasa.commands.evaluate_run import VIDEO_ENDINGS, bar, files_in, spread
from openvasa.data.head import load_basis
from openvasa.data.head_matte import Matting
from openvasa.data.head_truth import TruthRenderer
from openvasa.data.heads import Subject, held_out, subject
from openvasa.data.portraits import load_index
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.driving import read_driver
from openvasa.face.matte import SEGMENTER
from openvasa.metrics.case_results import write_whole
from openvasa.metrics.findings import Findings
from openvasa.metrics.judges import Judges
from openvasa.metrics.results import markdown_table
from openvasa.types import Image

PAIRED = ("london_neutral", "london_smiling")  # two photos of each person
SEEN = ("<!-- seen -->", "<!-- /seen -->")
MOST_BYTES = 400_000  # of a sheet beside a document
_STYLE = (
    "body{font:15px sans-serif;max-width:1200px;margin:2em auto}td{padding:.1em .7em}"
    "img{max-width:100%}"
)


def measure(arguments: argparse.Namespace) -> None:
    """Measures; writes DIR/latent.json, DIR/latent.html and the document."""
    tools, found, most = Instruments(Judges(arguments.judges)), Findings(), arguments.limit or 6
    animator, everybody = Animator.load(arguments.model), held_out(arguments.portraits)
    people = [subject(arguments.portraits, *at) for at in spread(everybody, 2 * most)]
    heads(animator, people[::2], tools, found)
    avatars = photographs(animator, people, arguments.portraits, tools, found)
    sheets = clips(arguments, animator, avatars, tools, found)
    cost(arguments.model, people[0].photo, found)
    if arguments.art:
        sheets["art"] = evaluate_latent_sheets.art(animator, arguments.art, tools, found)
    report(arguments, found, sheets)


def heads(
    animator: Animator, people: list[Subject], tools: Instruments, found: Findings
) -> None:  # fmt: skip
    """Against ground truth: heads drawn by the data engine."""
    engine = TruthRenderer(load_basis(), Matting(SEGMENTER))
    made: list[DrawnHead] = []
    for seed, one in enumerate(people):
        head = drawn_head(animator, engine, one, seed)
        if head is not None:
            made.append(head)
    for k, head in enumerate(bar(made, "drawn heads", len(made))):
        evaluate_latent_heads.swap(animator, head, made[(k + 1) % len(made)], tools, found)
        evaluate_latent_heads.apart(animator, head, tools, found)


def photographs(
    animator: Animator, people: list[Subject], portraits: Path, tools: Instruments, found: Findings
) -> list[Avatar]:
    """Codes one at a time and swapped, identity of hard frames, and sharpness."""
    avatars = [animator.prepare(one.photo) for one in people]
    for k, avatar in enumerate(bar(avatars, "photographs", len(avatars))):
        other = avatars[(k + 1) % len(avatars)]
        evaluate_latent_photos.apart(animator, avatar, tools, found)
        evaluate_latent_photos.swap_codes(animator, avatar, other, tools, found)
        evaluate_latent_photos.turned(animator, avatar, tools, found)
        evaluate_latent_photos.sharp(animator, avatar, found)
    if all((portraits / name / "index.npz").is_file() for name in PAIRED):
        evaluate_latent_photos.pairs(_two_photos(portraits, len(people)), tools, found)
    return avatars


def clips(
    arguments: argparse.Namespace, animator: Animator, avatars: list[Avatar], tools: Instruments,
    found: Findings,
) -> dict[str, Image]:  # fmt: skip
    """Real clips made again, by the earlier model too, and their motion on the photographs."""
    files = files_in(arguments.clips, VIDEO_ENDINGS) if arguments.clips else []
    files = spread(files, arguments.limit or 6)
    first = Animator.load(arguments.first) if arguments.first else None
    again, ours = evaluate_latent_clips.again, evaluate_latent_clips.OURS
    sheets: dict[str, Image] = {}
    for k, file in enumerate(bar(files, "clips", len(files))):
        frames, driver = evaluate_latent_clips.frames_of(file), read_driver(animator, file)
        again(animator, ours, frames, driver, tools, found)
        if first is not None:
            name = evaluate_latent_clips.FIRST
            again(first, name, frames, read_driver(first, file), tools, found)
        avatar = avatars[k % len(avatars)]
        for mode in ("relative", "absolute"):
            evaluate_latent_photos.cross(animator, avatar, frames, driver, mode, tools, found)
        if not sheets:
            sheets = evaluate_latent_sheets.motions(animator, spread(avatars, 3), driver)
    return sheets


def report(arguments: argparse.Namespace, found: Findings, sheets: Mapping[str, Image]) -> None:
    """Writes the page, the figures as JSON, and where asked the document with its sheets."""
    command = ["openvasa", *sys.argv[1:]]
    figures = json.dumps({"command": command, "figures": found.as_json()}, indent=1)
    write_whole(arguments.output / "latent.json", figures + "\n")
    write_whole(arguments.output / "latent.html", page(found, sheets))
    for section in found.sections():
        head, body = found.table(section)
        print(f"\n{section}\n" + "\n".join(" | ".join(row) for row in [head, *body]))
    if arguments.results is None:
        return
    target: Path = arguments.results
    folder = target.parent / "images"
    folder.mkdir(parents=True, exist_ok=True)
    for name, sheet in sheets.items():
        part = folder / f".latent_{name}.jpg.part"
        part.write_bytes(jpeg(sheet, MOST_BYTES))
        part.replace(folder / f"latent_{name}.jpg")
    write_whole(target, document(found, sheets, target))


def document(found: Findings, sheets: Mapping[str, Image], target: Path) -> str:
    """The tables and sheets in Markdown; what stands between the marks `SEEN` is kept."""
    old = target.read_text(encoding="utf-8") if target.is_file() else ""
    begin, end = (old.find(mark) for mark in SEEN)
    seen = old[begin + len(SEEN[0]) : end].strip() if 0 <= begin < end else "Nobody looked yet."
    parts = [
        "# Are identity, pose and dynamics apart?",
        "Written by `openvasa evaluate latent` (see [jobs.md](jobs.md)). A cell is the mean, with "
        "the 5th and 95th percentile of the single frames.",
        f"{SEEN[0]}\n{seen}\n{SEEN[1]}",
    ]
    for section in found.sections():
        parts += [f"## {section}", markdown_table(*found.table(section))]
    for name in sheets:
        title = evaluate_latent_sheets.MOTIONS.get(name, evaluate_latent_sheets.ART)
        parts += [f"## {title}" if name != "art" else "### The sheet",
                  f"![{title}](images/latent_{name}.jpg)"]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def page(found: Findings, sheets: Mapping[str, Image]) -> str:
    """The self-contained page."""
    parts = [f"<!doctype html><meta charset=utf-8><title>Latent space</title><style>{_STYLE}"
             "</style><h1>Are identity, pose and dynamics apart?</h1>"]  # fmt: skip
    parts += [f"<h2>{section}</h2>{found.as_html(section)}" for section in found.sections()]
    for name, sheet in sheets.items():
        title = evaluate_latent_sheets.MOTIONS.get(name, evaluate_latent_sheets.ART)
        held = base64.b64encode(jpeg(sheet, 2 * MOST_BYTES)).decode()
        parts.append(f"<h2>{title}</h2><img src='data:image/jpeg;base64,{held}'>")
    return "\n".join(parts) + "\n"


def jpeg(image: Image, most: int) -> bytes:
    """A picture as a JPEG file of at most so many bytes, as good as that allows."""
    for quality in (90, 80, 70, 60, 50, 40):
        held = io.BytesIO()
        Pillow.fromarray(image).save(held, "JPEG", quality=quality)
        if held.tell() <= most:
            break
    return held.getvalue()


def _two_photos(portraits: Path, most: int) -> list[tuple[Image, Image]]:
    """Both photos of held-out people who have two."""
    first, second = (load_index(portraits / name) for name in PAIRED)
    rows = {str(person): row for row, person in enumerate(second["person"])}
    both = [(int(row), rows[str(first["person"][row])])
            for row in np.flatnonzero(first["split"] == "eval")
            if str(first["person"][row]) in rows]  # fmt: skip
    return [
        (subject(portraits, PAIRED[0], a).photo, subject(portraits, PAIRED[1], b).photo)
        for a, b in spread(both, 2 * most)
    ]
