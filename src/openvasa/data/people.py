"""Synthetic people by the thousand, eight views each -> samples of kind "person" in a store.

    python -m openvasa.data.people sample --generator generator.safetensors --demographics DIR \
        --landmarker face_landmarker.task --samples samples.safetensors
    python -m openvasa.data.people make --generator generator.safetensors --demographics DIR \
        --samples samples.safetensors --identity MobileFaceNet.onnx \
        --matting selfie_segmentation.tflite --people 5000 -o STORE

`sample` labels random people, once; `make` makes balanced ones (`people_plan`) and their views
(`people_views`), and goes on where it stopped. Everything follows from a person's number: drawn
again by the same version with the same engine and number of threads, the pictures have the same
bits. Nobody in them is real; the license note of `generator` holds. Arrays of a sample:

    jpeg u8 [bytes], offsets i64 [9]   the views, 256 px, first the portrait's own
    style f16 [512]                    the portrait's, the same in every layer
    wish_pose f32 [8, 6], wish_expression f32 [8, 45]   what the views were drawn with
    pose f32 [8, 6], expression f32 [8, 45], landmarks f16 [8, 478, 3]   read from the views
    cosine f32 [8]                     of identities with the portrait
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from tqdm import tqdm

from openvasa.data.crop_pictures import encode_jpeg, joined
from openvasa.data.demographics import GROUPS, Demographics, Person, skin_class
from openvasa.data.generator import Generator
from openvasa.data.generator_runtime import ENGINES, drawing
from openvasa.data.head import fit, load_basis
from openvasa.data.head_matte import Matting
from openvasa.data.head_render import HeadRenderer
from openvasa.data.identity import QuickIdentity
from openvasa.data.labels import FaceLabels, Landmarker
from openvasa.data.packing import pack
from openvasa.data.people_plan import (
    LEFT_OUT,
    NAMES,
    TRUNCATION,
    YOUNGEST,
    cell_of,
    load_steering,
    save_samples,
    steer,
)
from openvasa.data.people_views import Painter, View, draw_views, portrait_crop
from openvasa.data.readings import readings
from openvasa.data.shards import Line, Sample
from openvasa.data.store import create, done_units, split_of, write_unit
from openvasa.data.store_report import write_report
from openvasa.data.workers import Job, Result, run
from openvasa.face.find import find_faces
from openvasa.types import Array, Image, InputError

KIND = "person"
UNIT = 50  # people
TRIES = 4  # seeds of a person until one will do
NEXT_TRY = 100_000  # to the seed of the next try; held-out seeds begin at 900,000
DARKEST = 14.0  # lightness of the skin (CIELAB) below which nothing of a face is seen
QUALITY = 90  # of the JPEGs
LICENCE = "Apache-2.0 (random-face); distilled from StyleGAN2-FFHQ, non-commercial terms"
CONSENT = "nobody real is shown"


class Refused(Exception):
    """A random person who is not kept; the message is the reason."""


class Studio:
    """All that makes people, from the files that the user names."""

    def __init__(self, files: dict[str, str], engine: str) -> None:
        """Opens the networks; raises InputError when a file is missing."""
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        generator = Generator.load(Path(files["generator"]))
        self.draw, self.mapping = drawing(generator, engine), generator.mapping
        self.mean = generator.mean.numpy()
        self.steering = load_steering(Path(files["samples"]))
        self.read = Demographics(Path(files["demographics"]))
        self.identify = QuickIdentity(Path(files["identity"]))
        self.painter = Painter(HeadRenderer(load_basis()), Matting(Path(files["matting"])))
        self.engine = engine

    def style(self, number: int, seed: int) -> Array:
        """The style f32 [512] of one try at a person, as it is stored: rounded to half."""
        with torch.no_grad():
            w = self.mapping(Generator.noise([seed]), TRUNCATION)[0].numpy()
        moved = steer(self.steering, w, cell_of(number), self.mean)
        return moved.astype(np.float16).astype(np.float32)

    def person(self, number: int, seed: int) -> tuple[Array, Person, list[View]]:
        """One try: style, what the portrait tells, the views.

        Raises:
            Refused: The portrait or its views will not do.
        """
        if seed in LEFT_OUT:
            raise Refused("may be under age: looked at")
        style = self.style(number, seed)
        portrait = self.draw(style)
        faces = find_faces(portrait)
        if not faces:
            raise Refused("no face")
        landmarks = faces[0].mesh.points
        about = self.read(portrait, landmarks)
        if about.age < YOUNGEST:
            raise Refused(f"may be under age: read as younger than {YOUNGEST:.0f}")
        if about.lightness < DARKEST:
            raise Refused("too dark")
        crop, points, _ = portrait_crop(portrait, landmarks)
        head = fit(self.painter.renderer.basis, points.astype(np.float64))
        views = draw_views(self.painter, self.identify, crop, head, number)
        if views is None:
            raise Refused("views do not keep the person")
        return style, about, views


@cache
def _studio(files: tuple[tuple[str, str], ...], engine: str) -> Studio:
    return Studio(dict(files), engine)


def make_unit(job: Job) -> Result:
    """Makes the people of one unit and commits it.

    Returns:
        kept, refused, error: a sentence where the run cannot go on, or "".
    """
    result: Result = {"kept": 0, "refused": 0, "error": ""}
    try:
        studio = _studio(tuple(sorted(job["files"].items())), job["engine"])
        samples, dropped = [], list[Line]()
        for number in range(job["first"], job["first"] + job["count"]):
            sample = make_person(studio, number, dropped)
            samples += [sample] if sample else []
        write_unit(Path(job["store"]), KIND, job["unit"], samples, dropped)
    except (InputError, OSError) as error:
        return result | {"error": str(error)}
    return result | {"kept": len(samples), "refused": len(dropped)}


def make_person(studio: Studio, number: int, dropped: list[Line]) -> Sample | None:
    """A person by number: the first try that will do; the others become lines of `dropped`."""
    for attempt in range(TRIES):
        seed = number + NEXT_TRY * attempt
        try:
            style, about, views = studio.person(number, seed)
        except Refused as refused:
            line = _line(number, seed, studio.engine)
            dropped.append(line | {"status": "dropped", "reason": str(refused)})
            continue
        return _sample(number, seed, studio.engine, style, about, views)
    return None


def _line(number: int, seed: int, engine: str) -> Line:
    person = f"made-{number:06d}"
    return {
        "source": f"MobileStyleGAN, seed {seed}", "licence": LICENCE, "consent": CONSENT,
        "person": person, "split": split_of(person), "status": "kept", "reason": "",
        "number": number, "seed": seed, "engine": engine,
    }  # fmt: skip


def _sample(number: int, seed: int, engine: str, style: Array, about: Person,
            views: list[View]) -> Sample:  # fmt: skip
    jpeg, offsets = joined([encode_jpeg(view.image, QUALITY) for view in views])
    arrays: dict[str, Any] = {
        "jpeg": jpeg, "offsets": offsets, "style": style.astype(np.float16),
        "wish_pose": np.stack([view.wish.pose for view in views]).astype(np.float32),
        "wish_expression": np.stack([v.wish.expression for v in views]).astype(np.float32),
        "pose": np.stack([view.pose for view in views]),
        "expression": np.stack([view.expression for view in views]),
        "landmarks": np.stack([view.landmarks for view in views]).astype(np.float16),
        "cosine": np.array([view.cosine for view in views], np.float32),
    }  # fmt: skip
    cell, best = cell_of(number), int(np.argmax(about.groups))
    read = {
        "age": round(about.age, 1), "sex": "male" if about.male > 0.5 else "female",
        "group": GROUPS[best] if about.groups[best] > 0.4 else "other",
        "ita": round(about.ita, 1), "skin": skin_class(about.ita),
        "light": [round(v, 1) for v in about.light],
        "wanted": {**cell._asdict(), "age": round(cell.age), "ita": round(cell.ita)},
        "lowest_cosine": round(min(view.cosine for view in views), 3), "views": len(views),
    }  # fmt: skip
    return Sample(f"made-{number:06d}", KIND, _line(number, seed, engine) | read, arrays)


def make(args: argparse.Namespace) -> int:
    """The step `make`."""
    create(args.output)
    done = done_units(args.output, KIND)
    names = ("generator", "samples", "demographics", "identity", "matting")
    files = {name: str(getattr(args, name).resolve()) for name in names}
    jobs: list[Job] = []
    for first in range(args.first, args.first + args.people, UNIT):
        unit = f"people-{first:06d}"
        count = min(UNIT, args.first + args.people - first)
        if unit not in done:
            jobs.append({"store": str(args.output.resolve()), "unit": unit, "first": first,
                         "count": count, "files": files, "engine": args.engine})  # fmt: skip
    started, kept, refused = time.monotonic(), 0, 0
    with tqdm(total=sum(job["count"] for job in jobs), unit="person", mininterval=5) as bar:
        for result in run(jobs, make_unit, args.workers, args.cluster):
            if result["error"]:
                raise InputError(result["error"])
            kept, refused = kept + result["kept"], refused + result["refused"]
            bar.set_postfix_str(f"{kept} kept, {refused} refused", refresh=False)
            bar.update(UNIT)
    pack(args.output)
    took = time.monotonic() - started
    print(f"{kept} people kept, {refused} refused in {took:.0f} s; {write_report(args.output)}")
    return 0


def sample(args: argparse.Namespace) -> int:
    """The step `sample`: labels random people without truncation."""
    torch.set_num_threads(1)
    generator = Generator.load(args.generator)
    draw, read = drawing(generator, args.engine), Demographics(args.demographics)
    styles, values = [], []
    with Landmarker(args.landmarker) as landmarker:
        for seed in tqdm(range(args.first, args.first + args.people), unit="person"):
            with torch.no_grad():
                w = generator.mapping(Generator.noise([seed]))[0].numpy()
            picture = draw(w)
            labels = landmarker.label(picture)
            if labels is not None:
                styles.append(w)
                values.append(all_readings(picture, labels, read))
    save_samples(args.samples, np.stack(styles), np.stack(values))
    correlations = zip(NAMES, load_steering(args.samples).correlation, strict=True)
    print("held-out correlations: " + ", ".join(f"{name} {r:.2f}" for name, r in correlations))
    return 0


def all_readings(picture: Image, labels: FaceLabels, read: Demographics) -> Array:
    """f32 [R] in the order of `people_plan.NAMES`; groups as log odds."""
    about = read(picture, labels.landmarks)
    chance = np.clip(about.groups, 0.003, 0.997)
    traits = [about.age, about.male, about.ita, *about.light, *np.log(chance / (1 - chance))]
    return np.concatenate([readings(labels), np.array(traits, np.float32)])


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m openvasa.data.people", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("step", choices=("sample", "make"))
    add = parser.add_argument
    add("--generator", type=Path, required=True, help="of Generator.save")
    add("--demographics", type=Path, required=True, help="folder of faceres.json and gear.json")
    add("--samples", type=Path, required=True, help="written by sample, read by make")
    add("--landmarker", type=Path, help="face_landmarker.task (sample)")
    add("--identity", type=Path, help="MobileFaceNet .onnx file (make)")
    add("--matting", type=Path, help="selfie_segmentation.tflite (make)")
    add("-o", "--output", type=Path, help="the store (make)")
    add("--first", type=int, default=0, help="first number or seed")
    add("--people", type=int, default=1000, help="how many")
    add("--engine", choices=ENGINES, default="openvino", help="draws portraits")
    add("--workers", type=int, default=1, help="units at a time; more need the extra `cluster`")
    add("--cluster", metavar="ADDRESS", help="a running Ray cluster")
    args = parser.parse_args(argv)
    needed = {"sample": ("landmarker",), "make": ("identity", "matting", "output")}[args.step]
    try:
        missing = [f"--{name}" for name in needed if getattr(args, name) is None]
        if missing:
            raise InputError(f"{args.step} needs {', '.join(missing)}.")
        return {"sample": sample, "make": make}[args.step](args)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
