"""What was measured of each case, one small JSON file a case and group, so that runs resume.

A file tells what it was made with (video, networks, options); with anything changed it is made
again. Files are written whole or not at all. Knows nothing of metrics.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any

Values = dict[str, float]


class ResultFolder:
    """The folder of one case."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, group: str, made_with: str) -> dict[str, Any] | None:
        """What was measured; None where nothing was, or with something else."""
        file = self.folder / f"{group}.json"
        try:
            held = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(held, dict) or held.get("made_with") != made_with:
            return None
        return dict(held["values"])

    def write(self, group: str, made_with: str, values: dict[str, Any]) -> None:
        """Commits a group's values; what is no number (NaN) is left out."""
        kept = {
            key: value for key, value in values.items()
            if not (isinstance(value, float) and not math.isfinite(value))
        }  # fmt: skip
        text = json.dumps({"made_with": made_with, "values": kept}, indent=1)
        write_whole(self.folder / f"{group}.json", text)


def write_whole(path: Path, text: str) -> None:
    """Writes a text file by renaming a hidden one beside it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def fingerprint(*parts: object) -> str:
    """A short text that changes with any of its parts (files: by size and time of change)."""
    told = [_told(part) for part in parts]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _told(part: object) -> object:
    if isinstance(part, Path):
        try:
            stat = part.stat()
        except OSError:
            return [part.name, "missing"]
        return [part.name, stat.st_size, stat.st_mtime_ns]
    if part is None or isinstance(part, str | int | float | bool):
        return part
    if isinstance(part, dict):
        return {str(key): _told(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_told(item) for item in part]
    raise TypeError(f"cannot take the fingerprint of {type(part).__name__}")
