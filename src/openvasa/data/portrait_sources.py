"""Which portraits there are: one listing per collection, with what it says about each person.

Decides who is held out for evaluation. Opens no picture.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FAKER_HELD_OUT = 20  # of each sex, the first numbers
LONDON_HELD_OUT = 30  # people, the last ids
GENERATED_HELD_OUT = 900_000  # seeds from here on


class Portrait(NamedTuple):
    """One picture of a collection and what the collection says about it; age -1 = unknown."""

    path: Path
    name: str
    person: str
    split: str
    sex: str = ""
    age: int = -1
    ethnicity: str = ""


def list_faker(folder: Path) -> Iterator[Portrait]:
    """The CC0 portraits of faker-js/assets-person-portrait.

    Args:
        folder: A checkout of it.

    Yields:
        100 women and 100 men; ages from the prompts they were made with.
    """
    for sex in ("female", "male"):
        for path in sorted((folder / sex / "512").glob("[0-9]*.jpg"), key=lambda p: int(p.stem)):
            metadata = folder / sex / "metadata" / f"{path.stem}.json"
            prompt = json.loads(metadata.read_text())["prompt"] if metadata.is_file() else ""
            found = re.search(r"(\d+)-year-old \w+ from (.+)", prompt)
            age, country = (int(found[1]), found[2]) if found else (-1, "")
            split = "eval" if int(path.stem) < FAKER_HELD_OUT else "train"
            name = f"{sex}_{int(path.stem):03d}"
            yield Portrait(path, name, name, split, sex, age, country)


def list_london(folder: Path, pose: str) -> Iterator[Portrait]:
    """The London people of debruine/webmorphR.stim.

    Args:
        folder: A checkout of it.
        pose: "neutral" or "smiling".

    Yields:
        One portrait per person.
    """
    held_out = set(sorted(_london_ids(folder / "inst" / "neutral_front"))[-LONDON_HELD_OUT:])
    with (folder / "data-raw" / "london_info.csv").open() as file:
        people = {row["face_id"]: row for row in csv.DictReader(file)}
    photos = _london_ids(folder / "inst" / f"{pose}_front")
    for person, path in sorted(photos.items()):
        row = people.get(person, {})
        age = row.get("face_age", "")
        yield Portrait(
            path=path,
            name=person,
            person=person,
            split="eval" if person in held_out else "train",
            sex=row.get("face_gender", ""),
            age=int(float(age)) if age.replace(".", "").isdigit() else -1,
            ethnicity=row.get("face_eth", ""),
        )


def _london_ids(folder: Path) -> dict[str, Path]:
    """Person -> photo; the archive also holds `._*` files, which are no pictures."""
    return {path.stem[:3]: path for path in folder.glob("[0-9]*.jpg")}


def list_generated(folder: Path) -> Iterator[Portrait]:
    """Faces of a generator, named by their seed.

    Args:
        folder: SEED.png files.

    Yields:
        One portrait per seed; nothing is known about these people, for there are none.
    """
    paths = [path for path in folder.glob("*.png") if path.stem.isdigit()]
    for path in sorted(paths, key=lambda p: int(p.stem)):
        split = "eval" if int(path.stem) >= GENERATED_HELD_OUT else "train"
        yield Portrait(path, path.stem, path.stem, split)


def list_openpeople(folder: Path) -> Iterator[Portrait]:
    """The synthetic people of the openpeople package: for demonstration, never for training.

    Args:
        folder: Its `data/curated` folder.

    Yields:
        A studio portrait and a selfie per person; the youngest age of their range.
    """
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        about = json.loads((person / "metadata.json").read_text())["character_details"]
        about = about["demographics"]
        age = int(re.findall(r"\d+", about["age_range"])[0])
        for kind in ("studio_portrait", "amateur_selfie"):
            path = person / "assets" / f"{kind}.jpg"
            name = f"{person.name}_{kind}"
            yield Portrait(path, name, person.name, "eval", about["sex"], age, about["ethnicity"])
