"""`openvasa verify`: is this file AI-generated, and has anybody changed it?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from openvasa.types import InputError

if TYPE_CHECKING:
    from openvasa.provenance.verdict import Verdict

_DESCRIPTION = """\
Looks for signed content credentials (C2PA) in each FILE, and for openvasa's mark in its pixels.
Works on videos and pictures, also on clips, screenshots and re-encoded copies."""

_EXAMPLES = """\
examples:
  openvasa verify talking.mp4
  openvasa verify downloads/*.mp4 --json
  openvasa verify talking.mp4 --page verdict.html

exit codes, the highest of all files:
  0  marked: AI-generated
  1  no mark found, which does not prove that a camera took it
  2  broken or tampered with
  3  cannot be read"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this verb."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    add = parser.add_argument
    add("files", metavar="FILE", type=Path, nargs="+", help="a video or a picture")
    add("--json", action="store_true", help="write the verdicts as JSON instead")
    add("--page", metavar="OUT.html", type=Path,
        help="also write a page with the verdicts, which needs no other file")  # fmt: skip
    add("--trust", metavar="PEM", type=Path, action="append", default=[],
        help="certificates of signers to trust; may be given often (always trusted: this "
        "computer's own)")  # fmt: skip
    add("--hint", action="store_true",
        help="of videos in which no mark is found, also say whether the face looks drawn: "
        "research that took 8 of 14 real web videos for drawn, and no part of the "
        "verdict")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Verifies; returns the exit code."""
    if arguments.page is not None and not arguments.page.parent.is_dir():
        raise InputError(f"the folder '{arguments.page.parent}' does not exist: create it first.")
    trusted = _trusted(arguments.trust)
    from openvasa.provenance.verdict import judge

    verdicts, hints = [], list[Hint | None]()
    for file in arguments.files:
        with _bar(file) as progress:
            verdicts.append(judge(file, trusted, progress))
        hints.append(_hint(verdicts[-1]) if arguments.hint else None)
        if not arguments.json:
            print(told(verdicts[-1], hints[-1]), flush=True)
    if arguments.json:
        parts = [as_json(*both) for both in zip(verdicts, hints, strict=True)]
        print(json.dumps(parts, indent=1, ensure_ascii=False))
    if arguments.page is not None:
        from openvasa.provenance.verdict_page import write_page

        write_page(verdicts, arguments.page)
    return max(int(one.outcome) for one in verdicts)


WARNING = "research, no evidence: took 8 of 14 real web videos for drawn"


class Hint(NamedTuple):
    """What `metrics.synthesis_traces` says: no evidence, and no part of the verdict."""

    looks_drawn: bool
    score: float


def told(verdict: Verdict, hint: Hint | None = None) -> str:
    """The verdict in a few lines, and the hint if there is one."""
    from openvasa.provenance.origin import shown_id
    from openvasa.provenance.verdict import chance

    lines = [str(verdict.file), f"  {verdict.sentence}"]
    lines += [f"  {detail}" for detail in verdict.details]
    if (found := verdict.credentials) is not None:
        about = [part for part in (found.state.value, found.signer, found.made) if part]
        lines.append(f"  credentials  {' · '.join(about)}")
    if (mark := verdict.mark) is not None:
        if mark.present:
            about = [
                "found",
                "id unreadable" if mark.payload is None else f"id {shown_id(mark.payload)}",
                f"by chance {chance(mark)}",
            ]
            if ranges := [f"{a:.1f}-{b:.1f}" for a, b in verdict.marked_ranges]:
                about.append(f"seconds {', '.join(ranges)}")
        else:
            about = ["not found"]
        lines.append(f"  pixel mark   {' · '.join(about)}")
    if hint is not None:
        says = "looks drawn" if hint.looks_drawn else "does not look drawn"
        lines.append(f"  hint         {says} ({hint.score:.2f}) · {WARNING}")
    return "\n".join(lines)


def as_json(verdict: Verdict, hint: Hint | None = None) -> dict[str, Any]:
    """The verdict for programs; the hint is no part of it."""
    content: dict[str, Any] = {
        "file": str(verdict.file),
        "outcome": verdict.outcome.name.lower(),
        "exit_code": int(verdict.outcome),
        "sentence": verdict.sentence,
        "details": list(verdict.details),
        "seconds": verdict.seconds,
        "credentials": None,
        "mark": None if verdict.mark is None else asdict(verdict.mark),
        "tampering": None if verdict.tampering is None else asdict(verdict.tampering),
        "hint": None if hint is None else hint._asdict(),
    }
    if verdict.credentials is not None:
        credentials = asdict(verdict.credentials)
        del credentials["frames"]  # a digest of every frame: `tampering` says what they tell
        content["credentials"] = credentials
    return content


def _hint(verdict: Verdict) -> Hint | None:
    """Of a video in which no mark was found and which shows a face."""
    from openvasa.metrics.synthesis_traces import load_traces, video_traces
    from openvasa.provenance.verdict import Outcome

    if verdict.outcome is not Outcome.NOT_FOUND or not verdict.seconds:
        return None
    figures = video_traces(verdict.file)
    if figures is None:
        return None
    model = load_traces()
    score = model(figures)
    return Hint(bool(score >= model.threshold[0]), score)


def _trusted(files: list[Path]) -> list[bytes]:
    """PEM of certificates that count as known: those given and this computer's own."""
    from cryptography import x509

    from openvasa.provenance.identity import local_root

    own = local_root()
    trusted = [] if own is None else [own]
    for file in files:
        try:
            pem = file.read_bytes()
            x509.load_pem_x509_certificates(pem)
        except (OSError, ValueError) as error:
            raise InputError(f"'{file}' holds no certificate in PEM: give another file.") from error
        trusted.append(pem)
    return trusted


@contextmanager
def _bar(file: Path) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal."""
    from tqdm import tqdm

    with tqdm(desc=file.name, unit=" frames", disable=None, leave=False, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
