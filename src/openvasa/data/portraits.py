"""Portrait collections -> labeled 512 px crops and one index per collection.

    python -m openvasa.data.portraits --task FILE --out DIR
        [--faker DIR] [--london DIR] [--generated DIR] [--openpeople DIR] [--size 512]

Writes OUT/COLLECTION/crops/NAME.jpg and OUT/COLLECTION/index.npz; running it again labels only what
is new. Pictures that cannot be used are named with the reason in OUT/COLLECTION/dropped.json.
Keys of an index, N portraits:

    names        str [N]           the crop is crops/NAME.jpg
    person       str [N]           same person in another collection has the same name here
    split        str [N]           "train" or "eval" (docs/data.md)
    landmarks    f32 [N, 478, 3]   crop units (x right, y down, z toward the camera negative)
    scores       f32 [N, 52]       in [0, 1], order `openvasa.data.labels.SCORE_NAMES`
    box          f32 [N, 3]        the crop in the photo: center x, center y, side in its pixels
    valid        f32 [N, 4]        left, top, right, bottom (crop units): beyond, edges repeat
    sex, ethnicity  str [N]        as the collection says; "" where it does not
    age          i64 [N]           years; -1 where unknown
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from openvasa.data.crop_pictures import encode_jpeg
from openvasa.data.labels import Landmarker, valid_region
from openvasa.data.portrait_sources import (
    Portrait,
    list_faker,
    list_generated,
    list_london,
    list_openpeople,
)
from openvasa.face.align import crop_box, cut, to_crop_units
from openvasa.media.image import load_photo
from openvasa.types import Image, InputError

ADULT = 18
JPEG_QUALITY = 97
SAVE_EVERY = 200  # portraits between two writes of the index


def label_portrait(
    portrait: Portrait, landmarker: Landmarker, crops: Path, size: int
) -> dict[str, Any] | str:
    """Label one portrait at full resolution and write its crop.

    Args:
        portrait: Which.
        landmarker: Finds the face.
        crops: Folder for the crop.
        size: Its side in pixels.

    Returns:
        The row of the index, or why there is none.
    """
    if 0 <= portrait.age < ADULT:
        return f"{portrait.age} years old, want {ADULT}"
    try:
        photo = load_photo(portrait.path)
    except InputError as error:
        return str(error)
    labels = landmarker.label(photo)
    if labels is None:
        return "no face found"
    box = crop_box(labels.landmarks)
    _write(crops / f"{portrait.name}.jpg", encode_jpeg(cut(photo, box, size), JPEG_QUALITY))
    return {
        "names": portrait.name,
        "person": portrait.person,
        "split": portrait.split,
        "landmarks": to_crop_units(labels.landmarks, box),
        "scores": labels.scores,
        "box": np.array(box, np.float32),
        "valid": valid_region(box, *photo.shape[:2]),
        "sex": portrait.sex,
        "age": portrait.age,
        "ethnicity": portrait.ethnicity,
    }


def label_collection(
    portraits: list[Portrait], landmarker: Landmarker, folder: Path, size: int
) -> int:
    """Label what a collection's index does not hold yet.

    Args:
        portraits: The whole collection.
        landmarker: Finds the faces.
        folder: OUT/COLLECTION.
        size: Side of the crops in pixels.

    Returns:
        How many portraits the index now holds.

    Raises:
        InputError: The collection is empty.
    """
    if not portraits:
        raise InputError(f"no portraits for {folder.name}: give the folder that holds them")
    (folder / "crops").mkdir(parents=True, exist_ok=True)
    index, dropped = folder / "index.npz", folder / "dropped.json"
    rows = _rows(index) if index.is_file() else []
    reasons: dict[str, str] = {}
    known = {row["names"] for row in rows}  # dropped ones are tried again: some were half written
    new = [portrait for portrait in portraits if portrait.name not in known]
    for count, portrait in enumerate(tqdm(new, folder.name, mininterval=5), start=1):
        row = label_portrait(portrait, landmarker, folder / "crops", size)
        if isinstance(row, str):
            reasons[portrait.name] = row
        else:
            rows.append(row)
        if count == len(new) or count % SAVE_EVERY == 0:
            _write_index(index, rows)
            _write(dropped, json.dumps(reasons, indent=1).encode())
    return len(rows)


def load_index(folder: Path | str) -> dict[str, NDArray[Any]]:
    """Read the index of one collection.

    Args:
        folder: OUT/COLLECTION.

    Returns:
        The arrays of the module's table.
    """
    with np.load(Path(folder) / "index.npz") as file:
        return dict(file)


def load_crop(folder: Path | str, name: str) -> Image:
    """Read one crop.

    Args:
        folder: OUT/COLLECTION.
        name: From the index.

    Returns:
        u8 [size, size, 3].
    """
    return load_photo(Path(folder) / "crops" / f"{name}.jpg")


def _rows(index: Path) -> list[dict[str, Any]]:
    columns = load_index(index.parent)
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _write_index(index: Path, rows: list[dict[str, Any]]) -> None:
    """All rows as columns, in one step."""
    if not rows:
        return
    partial = index.with_name(f".{index.name}.{os.getpid()}")
    with partial.open("wb") as file:
        columns: dict[str, Any] = {key: np.array([row[key] for row in rows]) for key in rows[0]}
        np.savez(file, **columns)
    os.replace(partial, index)


def _write(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(data)
    os.replace(partial, path)


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments; those of the process if None.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m openvasa.data.portraits")
    for name in ("faker", "london", "generated", "openpeople"):
        parser.add_argument(f"--{name}", type=Path, help="its folder; left out, it is skipped")
    parser.add_argument("--task", required=True, type=Path, help="face_landmarker.task")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--size", type=int, default=512, help="side of the crops in pixels")
    options = parser.parse_args(argv)
    collections: dict[str, list[Portrait]] = {}
    try:
        if options.faker:
            collections["faker"] = list(list_faker(options.faker))
        if options.london:
            for pose in ("neutral", "smiling"):
                collections[f"london_{pose}"] = list(list_london(options.london, pose))
        if options.generated:
            collections["generated"] = list(list_generated(options.generated))
        if options.openpeople:
            collections["openpeople"] = list(list_openpeople(options.openpeople))
        landmarker = Landmarker(options.task)
        with landmarker:
            for name, portraits in collections.items():
                held = label_collection(portraits, landmarker, options.out / name, options.size)
                print(f"{name}: {held} of {len(portraits)} portraits labeled", flush=True)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
