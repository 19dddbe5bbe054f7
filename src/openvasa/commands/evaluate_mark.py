"""`openvasa evaluate mark`: what the invisible mark withstands, on any unmarked videos."""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

from openvasa.commands.evaluate_run import VIDEO_ENDINGS, bar, files_in, spread
from openvasa.types import InputError

_FRAMES = 50  # of each video: as many as vote together


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the folder."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="videos without the mark")


def run(arguments: argparse.Namespace) -> None:
    """Writes mark.json and mark.md, and prints the table."""
    import json
    from dataclasses import asdict

    from openvasa.media.video import read_video
    from openvasa.metrics.case_results import write_whole
    from openvasa.metrics.mark_attacks import Outcome, as_text, attack_clip

    videos = spread(files_in(arguments.folder, VIDEO_ENDINGS), arguments.limit)
    if not videos:
        raise InputError(f"there is no video in '{arguments.folder}': name a folder of videos.")
    outcomes: list[Outcome] = []
    for video in bar(videos, "attacking", len(videos)):
        outcomes += attack_clip(list(islice(read_video(video), _FRAMES)), video.stem)
        told = json.dumps([asdict(one) for one in outcomes], indent=1) + "\n"
        write_whole(arguments.output / "mark.json", told)
    write_whole(arguments.output / "mark.md", as_text(outcomes) + "\n")
    print(as_text(outcomes))
