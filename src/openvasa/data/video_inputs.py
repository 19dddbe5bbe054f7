"""Which videos to prepare: files, folders, and a manifest that says whose they are.

The manifest is CSV with a header, or JSON lines. Its columns: `file` (relative to the manifest),
`source`, `licence`, `consent`, and where wanted `person`, `language`, `pixel_aspect` and `split`.
Opens no video.
"""

from __future__ import annotations

import csv
import difflib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from openvasa.data.real_video import VideoInput
from openvasa.types import InputError

NOT_STATED = "not stated"
COLUMNS = ("file", "source", "licence", "consent", "person", "language", "pixel_aspect", "split")
SPLITS = ("train", "validation", "eval")
ALIASES = {"license": "licence", "path": "file", "video": "file", "speaker": "person"}
SUFFIXES = frozenset(
    ".3gp .avi .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .mxf .ogv .ts .webm .wmv".split()
)


def gather(
    paths: Sequence[Path], manifest: Path | None, defaults: VideoInput, *, folders_are_people: bool
) -> list[VideoInput]:
    """Every video once, in the order of its name.

    Args:
        paths: Videos, and folders that are searched for videos by their suffix.
        manifest: Says of each video what it is; its videos are prepared too.
        defaults: Licence, consent and the like where the manifest says nothing; the path is unused.
        folders_are_people: The folder of a video names its person where the manifest does not.

    Raises:
        InputError: A path does not exist, a folder holds no video, the manifest cannot be read, or
            there is no video at all.
    """
    rows = {row.path: row for row in read_manifest(manifest, defaults)} if manifest else {}
    found = dict(rows)
    for path in _expand(paths):
        if path not in found:
            found[path] = replace(defaults, path=path, source=str(path))
    if not found:
        raise InputError("there is no video: name files, folders or a --manifest.")
    if folders_are_people:
        found = {p: v if v.person else replace(v, person=p.parent.name) for p, v in found.items()}
    return [found[path] for path in sorted(found)]


def read_manifest(path: Path, defaults: VideoInput) -> Iterator[VideoInput]:
    """The videos a manifest names; what a row leaves out is taken from the defaults.

    Raises:
        InputError: It cannot be read, a row names no file, or a column looks like a misspelling.
    """
    for number, row in enumerate(_rows(path), start=1):
        given = {k: str(v).strip() for k, v in row.items() if str(v or "").strip()}
        if "file" not in given:
            raise InputError(f"{path.name}, row {number}: `file` must name a video.")
        file = _tidy(path.parent / given.pop("file"))
        try:
            aspect = float(given.pop("pixel_aspect", defaults.pixel_aspect))
        except ValueError as error:
            raise InputError(f"{path.name}, row {number}: pixel_aspect is no number.") from error
        if not 0.25 <= aspect <= 4:
            raise InputError(f"{path.name}, row {number}: pixel_aspect must be from 0.25 to 4.")
        if given.get("split", SPLITS[0]) not in SPLITS:
            raise InputError(f"{path.name}, row {number}: split must be {', '.join(SPLITS)}.")
        stated: dict[str, Any] = {"source": str(file)} | given
        yield replace(defaults, path=file, pixel_aspect=aspect, **stated)


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the manifest '{path}': {error}.") from error
    try:
        if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            rows = list(csv.DictReader(text.splitlines(), strict=True))
    except (ValueError, csv.Error) as error:
        raise InputError(
            f"the manifest '{path}' is neither CSV nor JSON lines: {error}."
        ) from error
    return [_known_columns(path, row) for row in rows]


def _known_columns(path: Path, row: Any) -> dict[str, Any]:
    """A row without columns of no meaning here.

    Raises:
        InputError: It is no row, or a column nearly has a known name.
    """
    if not isinstance(row, dict) or None in row:
        raise InputError(f"the manifest '{path}' has a row that does not fit its columns.")
    named = {ALIASES.get(str(name), str(name)): value for name, value in row.items()}
    for name in named:
        if name not in COLUMNS and (near := difflib.get_close_matches(name, COLUMNS, n=1)):
            raise InputError(f"the manifest '{path}' has '{name}': did you mean '{near[0]}'?")
    return {name: value for name, value in named.items() if name in COLUMNS}


def _expand(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are, folders as the videos in them."""
    for path in paths:
        if path.is_dir():
            videos = sorted(
                file for file in path.rglob("*")
                if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
                and file.is_file()
            )  # fmt: skip
            if not videos:
                raise InputError(f"the folder '{path}' holds no video.")
            yield from map(_tidy, videos)
        elif path.exists():
            yield _tidy(path)
        else:
            raise InputError(f"there is no file '{path}'.")


def _tidy(path: Path) -> Path:
    """One spelling of a path, so that a video named twice is one video."""
    return path.resolve()
