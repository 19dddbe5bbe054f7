"""Gathers the people and recordings of a published list of cases from checkouts of their sources.

    python -m openvasa.metrics.gather_cases benchmark/cases.csv --sources SOURCES --out cases

The list names where each file comes from, under which license, and its hash. SOURCES holds what
docs/evaluation.md says to fetch: a checkout of a GitHub repository as owner+repository, an
unpacked package under its name, spoken sentences as `speech-eval`. Every file is checked by its
hash; videos lend their first picture as a portrait, and a recording whose `audio_change` is
"whispered" is made into a whisper. OUT/cases.csv is then a list for
`openvasa evaluate benchmark`. What is missing is told and left out. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PilImage
from PIL import ImageOps
from scipy.io import wavfile

from openvasa.media.audio import load_audio
from openvasa.metrics.video_clock import pictures
from openvasa.metrics.whispered import whispered
from openvasa.types import SAMPLE_RATE, InputError

KINDS = ("portrait", "audio", "video", "phones")
_FACTS = ("source", "licence", "hash", "crop", "change")  # of each kind, as `portrait_source`
WHISPERED = "whispered"
_VIDEOS = (".mpg", ".mkv", ".mp4")
Row = dict[str, str]


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m openvasa.metrics.gather_cases", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("list", type=Path, metavar="FILE")
    parser.add_argument("--sources", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    arguments = parser.parse_args(argv)
    try:
        rows, missing = gather(arguments.list, arguments.sources, arguments.out)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for sentence in missing:
        print(sentence, file=sys.stderr)
    print(f"{arguments.out / 'cases.csv'}: {len(rows)} cases; {len(missing)} left out.")
    return 0


def gather(listed: Path, sources: Path, out: Path) -> tuple[list[Row], list[str]]:
    """Copies the files of all cases and writes their list.

    Args:
        listed: The published list.
        sources: Checkouts and unpacked packages.
        out: Made if missing.

    Returns:
        The cases gathered, and a sentence for each that was not.

    Raises:
        InputError: The list is missing, or nothing could be gathered.
    """
    if not listed.is_file():
        raise InputError(f"there is no file '{listed}': give the published list of cases.")
    with listed.open(encoding="utf-8", newline="") as file:
        given = list(csv.DictReader(file))
    out.mkdir(parents=True, exist_ok=True)
    rows, missing = [], []
    for row in given:
        try:
            rows.append(_gathered(row, sources, out))
        except InputError as error:
            missing.append(f"{row['name']} is left out: {error}")
    if not rows:
        raise InputError(f"nothing of '{listed}' is in '{sources}': fetch its sources first.")
    _write(rows, out / "cases.csv")
    return rows, missing


def folder_of(source: str, sources: Path) -> Path:
    """Where a source lies: `github:owner/name@commit`, `pypi:name==version`, `openvasa:name`."""
    kind, _, rest = source.partition(":")
    name = rest.split("@")[0].split("==")[0]
    if kind not in ("github", "pypi", "openvasa") or not name:
        raise InputError(f"'{source}' names no source: write github:, pypi: or openvasa:.")
    return sources / name.replace("/", "+")


def check_hash(path: Path, wanted: str) -> None:
    """Compares a file with `sha256:...` or `git-blob:...`; nothing is compared with "".

    Raises:
        InputError: It is another file.
    """
    kind, _, digest = wanted.partition(":")
    data = path.read_bytes()
    if kind == "sha256":
        found = hashlib.sha256(data).hexdigest()
    elif kind == "git-blob":
        found = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    elif wanted:
        raise InputError(f"'{wanted}' is no hash: write sha256: or git-blob:.")
    else:
        return
    if found != digest:
        raise InputError(f"'{path}' is not the file that was listed: fetch the stated version.")


def _gathered(row: Row, sources: Path, out: Path) -> Row:
    facts = {f"{kind}_{fact}" for kind in KINDS for fact in _FACTS}
    kept = {key: value for key, value in row.items() if key not in (*KINDS, *facts)}
    for kind in KINDS:
        if not row.get(kind):
            continue
        path = folder_of(row[f"{kind}_source"], sources) / row[kind]
        if not path.is_file():
            raise InputError(f"there is no file '{path}'; fetch {row[f'{kind}_source']}.")
        check_hash(path, row.get(f"{kind}_hash", ""))
        kept[kind] = _placed(path, kind, row, out)
    return kept


def _placed(path: Path, kind: str, row: Row, out: Path) -> str:
    """Puts a file into its folder and returns its name relative to `out`."""
    crop = row.get(f"{kind}_crop", "")
    folder = out / f"{kind}s".replace("phoness", "phones").replace("audios", "audio")
    folder.mkdir(exist_ok=True)
    if kind == "portrait" and (crop or path.suffix in _VIDEOS):
        target = folder / f"{row['name']}.png"
        if not target.is_file():
            picture = _picture(path)
            if crop:
                picture = picture.crop([int(v) for v in crop.split()])  # type: ignore[arg-type]
            picture.save(target)
    elif change := row.get(f"{kind}_change", ""):
        if change != WHISPERED:
            raise InputError(f"'{change}' is no change: write {WHISPERED} or nothing.")
        target = folder / f"{row['name']}.wav"
        if not target.is_file():
            made = np.rint(whispered(load_audio(path)) * 32767).astype(np.int16)
            wavfile.write(target, SAMPLE_RATE, made)
    else:
        target = folder / (row["name"] + path.suffix)
        if not target.is_file():
            shutil.copyfile(path, target)
    return target.relative_to(out).as_posix()


def _picture(path: Path) -> PilImage.Image:
    if path.suffix in _VIDEOS:
        return next(PilImage.fromarray(image) for _, image in pictures(path, {0}))
    with PilImage.open(path) as stored:
        return ImageOps.exif_transpose(stored).convert("RGB")


def _write(rows: Sequence[Row], target: Path) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    part = target.with_name(".cases.csv.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    part.replace(target)


if __name__ == "__main__":
    sys.exit(main())
