"""`openvasa prepare-data`: videos of talking people -> a store for training. Needs `train`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from openvasa.types import InputError

EXIT_INTERRUPTED = 130  # Ctrl-C, as shells count it

_DESCRIPTION = """\
Cuts videos into clips of one talking face and labels them: shots, face tracks, crop, 478
landmarks, head pose, expression, gaze, distance, emotion, sound at 16 kHz, and whether sound and
picture fit together. What cannot be used is recorded with the reason and never stops the run.
Run again with the same store it goes on where it stopped; new videos are added."""

_EXAMPLES = """\
The manifest is CSV with a header (or JSON lines): file, source, licence, consent, and where
known person, language, pixel_aspect. Files are relative to it. Clips of one person are never
split between training and validation, so say who is who.

examples:
  openvasa prepare-data interviews/ -o store --licence "CC BY 4.0" --consent "signed, 2026"
  openvasa prepare-data --manifest videos.csv -o store --workers 8

It writes STORE/shards (WebDataset tars), STORE/manifest.jsonl (a line for every clip and every
dropped input) and STORE/report.html. docs/data.md tells more."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this verb."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    add = parser.add_argument
    add("videos", nargs="*", type=Path, metavar="VIDEOS", help="videos, or folders of videos")
    add("-o", "--output", type=Path, required=True, metavar="STORE",
        help="the store's folder; made if missing")  # fmt: skip
    add("--manifest", type=Path, metavar="FILE", help="whose the videos are; see below")
    add("--licence", default=None, metavar="TEXT", help="of videos the manifest does not name")
    add("--consent", default=None, metavar="TEXT", help="of videos the manifest does not name")
    add("--person", choices=("file", "folder"), default="file",
        help="where nobody is named: each file, or each folder, is one person "
        "(default: file)")  # fmt: skip
    add("--identity", type=Path, metavar="FILE",
        help="SFace network (.onnx): clips that look alike become one person")  # fmt: skip
    add("--pixel-aspect", type=_between(0.25, 4), default=1.0, metavar="RATIO",
        help="width of a pixel per height, if the files do not say (PAL: 1.0667)")  # fmt: skip
    add("--size", type=_between(64, 1024, int), default=256, metavar="PIXELS",
        help="side of the stored crops (default: 256)")  # fmt: skip
    add("--min-seconds", type=_between(0.4, 600), default=2.0, metavar="S",
        help="shortest clip (default: 2)")  # fmt: skip
    add("--max-seconds", type=_between(1, 600), default=20.0, metavar="S",
        help="longest clip (default: 20)")  # fmt: skip
    add("--min-face", type=_between(16, 4096, int), default=64, metavar="PIXELS",
        help="lowest face, forehead to chin (default: 64)")  # fmt: skip
    add("--workers", type=_between(1, 100_000, int), default=1, metavar="N",
        help="videos at a time; more than one needs the extra `cluster` (default: 1)")  # fmt: skip
    add("--cluster", metavar="ADDRESS",
        help="a running Ray cluster that sees the same folders, such as ray://head:10001 or "
        "auto")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Prepares; returns the exit code."""
    from openvasa.data.prepare import prepare
    from openvasa.data.real_video import VideoInput, VideoOptions
    from openvasa.data.store_report import write_report
    from openvasa.data.video_inputs import NOT_STATED, gather

    if arguments.min_seconds > arguments.max_seconds:
        raise InputError("--min-seconds must not be more than --max-seconds.")
    if arguments.identity and not arguments.identity.is_file():
        raise InputError(f"there is no file '{arguments.identity}': give the SFace .onnx file.")
    defaults = VideoInput(
        path=Path(), source="", licence=arguments.licence or NOT_STATED,
        consent=arguments.consent or NOT_STATED, pixel_aspect=arguments.pixel_aspect,
    )  # fmt: skip
    videos = gather(
        arguments.videos, arguments.manifest, defaults,
        folders_are_people=arguments.person == "folder",
    )  # fmt: skip
    options = VideoOptions(
        size=arguments.size, min_seconds=arguments.min_seconds, max_seconds=arguments.max_seconds,
        min_face=arguments.min_face, identity=arguments.identity,
    )  # fmt: skip
    started = time.monotonic()
    try:
        with _Bar(len(videos)) as bar:
            made = prepare(
                arguments.output, videos, options, arguments.workers, arguments.cluster, bar.add
            )
            bar.skip(len(videos) - made)
    except KeyboardInterrupt:
        print("openvasa: stopped; run the same command again to go on.", file=sys.stderr)
        return EXIT_INTERRUPTED
    page = write_report(arguments.output)
    took = time.monotonic() - started
    print(
        f"{made} videos prepared in {took:.0f} s ({len(videos) - made} were there already): "
        f"{bar.kept} clips, {bar.seconds / 60:.1f} minutes kept; {bar.dropped} pieces dropped."
    )
    unstated = sum(NOT_STATED in (video.licence, video.consent) for video in videos)
    if unstated:
        print(
            f"Of {unstated} videos licence or consent is not stated: train on nobody who did not "
            "agree; say it with --manifest, or --licence and --consent."
        )
    print(f"What was dropped and why: {page}")
    return 0


class _Bar:
    """A progress bar over videos that also tells what was kept."""

    def __init__(self, total: int) -> None:
        from tqdm import tqdm

        self.kept = self.dropped = 0
        self.seconds = 0.0
        self._bar = tqdm(total=total, unit="video", desc="prepare", smoothing=0.05)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def add(self, done: object) -> None:
        """Counts one finished video."""
        from openvasa.data.prepare import Progress

        assert isinstance(done, Progress)
        self.kept, self.dropped = self.kept + done.kept, self.dropped + done.dropped
        self.seconds += done.seconds
        self._bar.set_postfix_str(
            f"{self.kept} clips, {self.seconds / 60:.1f} min, {self.dropped} dropped", refresh=False
        )
        self._bar.update()

    def skip(self, count: int) -> None:
        """Counts videos that were there already."""
        self._bar.update(count)


def _between(low: float, high: float, kind: type[int] | type[float] = float):  # type: ignore[no-untyped-def]
    """A parser of numbers within bounds."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"'{text}' is not a number") from error
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be from {low:g} to {high:g}, not {text}")
        return value

    return parse
