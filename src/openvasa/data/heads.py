"""Portraits -> rendered heads at drawn poses, expressions, gaze, distance and light, in a store.

    python -m openvasa.data.heads --portraits DIR -o STORE [--views 8] [--seed 0] [--basis FILE]
        [--segmenter FILE] [--size 256] [--device cpu] [--collections faker ...] [--limit N]

One sample a portrait and seed, kind "head". Its pictures are JPEG; depth, flow, segments, matte
and surface coordinates are not stored, for `redraw` makes the same bits again. Arrays of V views:

    jpeg, offsets   u8 [bytes], i64 [V + 1]   view t is jpeg[offsets[t]:offsets[t + 1]]
    pose            f32 [V, 6]                z_pose
    expression      f32 [V, 45]               e; the last two are the gaze
    light           f32 [V, 9, 3]             see `head_light`
    landmarks       f32 [V, 478, 3]           crop units, image convention
    gaze            f32 [V, 2]                degrees from the camera, right and up positive
    distance        f32 [V]                   relative to the portrait's
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from openvasa.data.crop_pictures import encode_jpeg
from openvasa.data.head import SHIPPED, FittedHead, fit, load_basis
from openvasa.data.head_light import draw_light
from openvasa.data.head_matte import Matting
from openvasa.data.head_truth import Textures, Truth, TruthRenderer
from openvasa.data.packing import pack
from openvasa.data.portraits import load_crop, load_index
from openvasa.data.random_faces import random_expression
from openvasa.data.shards import Sample
from openvasa.data.store import clean_name, create, done_units, split_of, write_unit
from openvasa.face.align import soften_beyond
from openvasa.types import CropBox, Image, InputError

KIND = "head"
YAW, PITCH, ROLL = np.deg2rad([35.0, 20.0, 20.0])  # absolute, either way
REACH = np.deg2rad([38.0, 24.0, 30.0])  # from a frontal photo's: further, it shows too little
SHORTER = 0.5  # a turned photo shows less: of its own angle, this share is taken off
DISTANCE = 0.22  # log scale around the portrait's, either way
OWN_LIGHT = 0.3  # share of views in the portrait's own light
JPEG_QUALITY = 95
FINE = 10_000  # steps a crop unit, where `soften_beyond` counts pixels
EVALUATED = ("faker", "london_neutral")  # collections with held-out people
# Collection -> (licence, consent) as docs/data.md has them.
TERMS = {
    "faker": ("CC0-1.0", "synthetic"), "london_neutral": ("CC-BY-4.0", "signed"),
    "london_smiling": ("CC-BY-4.0", "signed"), "openpeople": ("MIT", "synthetic"),
    "generated": ("non-commercial", "synthetic"),
}  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """One portrait of a collection: key COLLECTION/NAME, crop and landmarks [478, 3]."""

    key: str
    person: str
    split: str
    photo: Image
    landmarks: np.ndarray


def subject(portraits: Path, collection: str, row: int) -> Subject:
    """Read one portrait; what lies beyond its photo is softened.

    Args:
        portraits: Folder that `openvasa.data.portraits` made.
        collection: Its folder in there.
        row: Of the index.
    """
    index = load_index(portraits / collection)
    name, valid = str(index["names"][row]), index["valid"][row].astype(float)
    photo = load_crop(portraits / collection, name)
    left, top, right, bottom = np.rint(valid * FINE).astype(int)
    box = CropBox(float(-left), float(-top), 2.0 * FINE)
    photo = soften_beyond(photo, box, int(bottom - top), int(right - left))
    kind = "london" if collection.startswith("london") else collection
    return Subject(f"{collection}/{name}", f"{kind}/{index['person'][row]}",
                   str(index["split"][row]), photo,
                   index["landmarks"][row].astype(np.float64))  # fmt: skip


def held_out(portraits: Path) -> list[tuple[str, int]]:
    """Collection and row of every person to evaluate with, one photo each.

    Args:
        portraits: Folder that `openvasa.data.portraits` made.

    Raises:
        InputError: There is none.
    """
    rows = [(name, int(row)) for name in EVALUATED if (portraits / name / "index.npz").is_file()
            for row in np.flatnonzero(load_index(portraits / name)["split"] == "eval")]  # fmt: skip
    if not rows:
        raise InputError(f"'{portraits}' holds no held-out people: run openvasa.data.portraits.")
    return rows


@dataclass(frozen=True)
class Recipe:
    """What V views show: z_pose [V, 6], e [V, 45], light [V, 9, 3], all f32."""

    pose: np.ndarray
    expression: np.ndarray
    light: np.ndarray


def draw_recipe(head: FittedHead, own_light: np.ndarray, seed: list[int], views: int) -> Recipe:
    """Draw views: the same seed draws the same.

    Args:
        head: The portrait's.
        own_light: [9, 3] the portrait's.
        seed: Numbers.
        views: How many.
    """
    rng = np.random.default_rng(seed)
    own, limit = head.pose[:3], np.array([YAW, PITCH, ROLL])
    reach = np.maximum(REACH - SHORTER * np.abs(own), 0.0)
    low, high = np.clip(own - reach, -limit, limit), np.clip(own + reach, -limit, limit)
    angles = rng.uniform(low, high, (views, 3))
    place = head.pose[3:5] + np.clip(rng.normal(0, 0.03, (views, 2)), -0.08, 0.08)
    scale = head.pose[5] + rng.uniform(-DISTANCE, DISTANCE, (views, 1))
    seen = head.expression[None]
    expression = [random_expression(rng, seen) for _ in range(views)]
    light = [own_light if rng.random() < OWN_LIGHT else draw_light(rng) for _ in range(views)]
    return Recipe(
        np.concatenate([angles, place, scale], 1).astype(np.float32),
        np.stack(expression).astype(np.float32), np.stack(light).astype(np.float32),
    )  # fmt: skip


def draw(renderer: TruthRenderer, textures: Textures, recipe: Recipe, size: int) -> Truth:
    """Render a recipe with everything known about it."""
    return renderer.render(textures, recipe.pose, recipe.expression, size, recipe.light)


def redraw(sample: Sample, portraits: Path, renderer: TruthRenderer) -> Truth:
    """Draw a stored sample again, bit for bit, to have its depth, segments and flow.

    Args:
        sample: Of kind "head".
        portraits: The folder it was made from.
        renderer: As it was made: same basis, segmenter and device.

    Raises:
        InputError: The portrait is gone or has changed.
    """
    collection, name = sample.about["portrait"].split("/", 1)
    names = load_index(portraits / collection)["names"].tolist()
    if name not in names:
        raise InputError(f"{sample.about['portrait']} is not in {portraits}: label it again")
    found = subject(portraits, collection, names.index(name))
    if _digest(found.photo) != sample.about["crop_sha256"]:
        raise InputError(f"{found.key} has changed since {sample.key} was made: make it again")
    textures = renderer.prepare(found.photo, fit(renderer.scene.basis, found.landmarks))
    arrays = sample.arrays
    recipe = Recipe(arrays["pose"], arrays["expression"], arrays["light"])
    return draw(renderer, textures, recipe, sample.about["size"])


def make(renderer: TruthRenderer, found: Subject, seed: int, views: int, size: int) -> Sample:
    """All views of one portrait as a sample."""
    head = fit(renderer.scene.basis, found.landmarks)
    textures = renderer.prepare(found.photo, head)
    entropy = int(hashlib.sha256(found.key.encode()).hexdigest()[:12], 16)
    recipe = draw_recipe(head, textures.portrait.light, [seed, entropy], views)
    truth = draw(renderer, textures, recipe, size)
    files = [encode_jpeg(picture, JPEG_QUALITY) for picture in to_bytes(truth)]
    collection = found.key.split("/")[0]
    licence, consent = TERMS.get(collection, ("unknown", "unknown"))
    about = {
        "source": collection, "licence": licence, "consent": consent, "person": found.person,
        "split": "eval" if found.split == "eval" else split_of(found.person), "status": "kept",
        "reason": "", "portrait": found.key, "crop_sha256": _digest(found.photo), "seed": seed,
        "size": size, "frames": views,
    }  # fmt: skip
    return Sample(unit_name(found.key, seed), KIND, about, {
        "jpeg": np.frombuffer(b"".join(files), np.uint8),
        "offsets": np.cumsum([0, *map(len, files)]).astype(np.int64),
        "pose": recipe.pose, "expression": recipe.expression, "light": recipe.light,
        "landmarks": truth.landmarks,
        # Where the eyes look from the camera: the head's angles and the eyes' in it.
        "gaze": np.rad2deg(recipe.pose[:, :2] + recipe.expression[:, -2:]),
        "distance": np.exp(np.float32(head.pose[5]) - recipe.pose[:, 5]),
    })  # fmt: skip


def to_bytes(truth: Truth) -> Image:
    """The pictures, u8 [V, S, S, 3]."""
    return (truth.image * 255).round().to(torch.uint8).cpu().numpy()


def unit_name(key: str, seed: int) -> str:
    """Name of the unit and key of the sample for one portrait and seed."""
    return clean_name(f"{key}-{seed}")


def wanted(portraits: Path, collections: list[str], limit: int | None) -> Iterator[tuple[str, int]]:
    """(collection, row) of every portrait to draw.

    Raises:
        InputError: There is none.
    """
    rows = [(name, row) for name in collections if (portraits / name / "index.npz").is_file()
            for row in range(len(load_index(portraits / name)["names"]))]  # fmt: skip
    if not rows:
        raise InputError(f"no labeled portraits in {portraits}: run openvasa.data.portraits first")
    yield from rows[:limit]


def _lost(collection: str, name: str, reason: str) -> dict[str, str]:
    """The line of a portrait that cannot be read."""
    licence, consent = TERMS.get(collection, ("unknown", "unknown"))
    return {"source": f"{collection}/{name}", "licence": licence, "consent": consent,
            "person": "", "split": "", "status": "dropped", "reason": reason}  # fmt: skip


def _digest(photo: Image) -> str:
    return hashlib.sha256(photo.tobytes()).hexdigest()


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m openvasa.data.heads")
    parser.add_argument(
        "--portraits", type=Path, required=True, help="from openvasa.data.portraits"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="the store")
    parser.add_argument("--basis", type=Path, default=SHIPPED, help="the head; that which ships")
    parser.add_argument("--segmenter", type=Path, help="selfie_segmentation.tflite")
    parser.add_argument("--collections", nargs="+", default=list(TERMS))
    parser.add_argument("--views", type=int, default=8, help="a portrait")
    parser.add_argument("--size", type=int, default=256, help="side of the pictures in pixels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="no more portraits than this")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    options = parser.parse_args(argv)
    try:
        renderer = TruthRenderer(load_basis(options.basis), Matting(options.segmenter),
                                 options.device)  # fmt: skip
        create(options.out)
        done, start, count = done_units(options.out, KIND), time.time(), 0
        for collection, row in wanted(options.portraits, options.collections, options.limit):
            name = str(load_index(options.portraits / collection)["names"][row])
            if unit_name(f"{collection}/{name}", options.seed) in done:
                continue
            unit = unit_name(f"{collection}/{name}", options.seed)
            try:
                found = subject(options.portraits, collection, row)
                sample = make(renderer, found, options.seed, options.views, options.size)
            except InputError as error:
                write_unit(options.out, KIND, unit, [], [_lost(collection, name, str(error))])
                continue
            write_unit(options.out, KIND, unit, [sample], [])
            count += options.views
        pack(options.out)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{count} pictures, {count / max(time.time() - start, 1e-9):.1f} a second")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
