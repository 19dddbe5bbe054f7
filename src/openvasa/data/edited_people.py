"""Synthetic people with other faces: what skin does when a face moves, as the generator knows it.

Views that are drawn from a fitted head carry one picture over a mesh, so their skin never folds.
Here the generator itself draws each person of a store (`openvasa.data.people`) several times, the
styles that shape mouth, eyes and brows moved along regressed directions (`directions`). Samples
hold, for V views of which the first is as it was:

    jpeg, offsets    the crops, 256 pixels, all cut alike (`crop_pictures.read_frames`)
    landmarks        f16 [V, 478, 3], crop units
    cosine           f32 [V], of the identity with the first view's

    python -m openvasa.data.edited_people --people store --samples samples.safetensors \
        --generator generator.safetensors --identity MobileFaceNet.onnx -o edited

Run again, it goes on. The generator's licence note (`generator.py`) holds for every picture.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.numpy import load_file
from tqdm import tqdm

from openvasa.data.crop_pictures import encode_jpeg, joined
from openvasa.data.directions import Directions, fit_directions
from openvasa.data.generator import Generator
from openvasa.data.generator_runtime import drawing
from openvasa.data.identity import QuickIdentity
from openvasa.data.packing import pack
from openvasa.data.people_plan import LEFT_OUT
from openvasa.data.readings import READINGS
from openvasa.data.shards import Sample
from openvasa.data.store import Store, create, done_units, write_unit
from openvasa.face.align import crop_box, cut, to_crop_units
from openvasa.face.find import find_faces
from openvasa.types import Array, CropBox, Image, InputError

KIND = "person"
VIEWS = 4
SIZE = 256  # pixels of a crop
UNIT = 20  # people
SAME = 0.45  # cosine below which a view is another person; 1 % of strangers reach 0.32
LEFT = ("views", "lowest_cosine", "unit", "clip", "kind")  # of what is told of a person
GAIN = 1.3  # regressed directions do less than they say
MOUTH, EYES = slice(4, 10), slice(7, 13)  # styles that shape them and little else


class Change(NamedTuple):
    """How one kind of edit is drawn: how often, from and to in units of its reading, and where."""

    reading: str
    often: float
    low: float
    high: float
    layers: slice


CHANGES = (
    Change("open", 0.6, -0.05, 0.16, MOUTH),
    Change("smile", 0.6, -0.7, 0.8, MOUTH),
    Change("closed", 0.35, -0.05, 0.22, EYES),
    Change("brows", 0.35, -0.5, 0.6, MOUTH),
)


class View(NamedTuple):
    """A crop u8 [256, 256, 3], its landmarks f32 [478, 3] in crop units, and its cosine."""

    image: Image
    landmarks: Array
    cosine: float


class Studio:
    """All that draws edits."""

    def __init__(self, generator: Path, samples: Path, identity: Path) -> None:
        """Opens the networks; raises InputError when a file is missing."""
        torch.set_num_threads(1)
        network = Generator.load(generator)
        self.styles = network.n_styles
        self.draw = drawing(network, "openvino")
        found = load_file(samples)
        self.directions = fit_directions(found["w"], found["values"][:, : len(READINGS)])
        self.identify = QuickIdentity(identity)

    def views(self, style: Array, number: int) -> list[View]:
        """A person's views, the unedited first; none where no face is found in it.

        Args:
            style: f32 [512].
            number: Of the person; the same number has the same edits.
        """
        plain = np.repeat(style[None], self.styles, axis=0)
        portrait = self.draw(plain)
        faces = find_faces(portrait)
        if not faces:
            return []
        box = crop_box(faces[0].mesh.points)
        first = self._view(portrait, box, None)
        made = [first] if first else []
        for styles in edits(plain, self.directions, number):
            view = self._view(self.draw(styles), box, portrait)
            if first and view and view.cosine >= SAME:
                made.append(view)
        return made

    def _view(self, picture: Image, box: CropBox, portrait: Image | None) -> View | None:
        faces = find_faces(picture)
        if not faces:
            return None
        points = faces[0].mesh.points
        cosine = 1.0
        if portrait is None:
            self._first = self.identify(picture, points)
        else:
            cosine = float(self._first @ self.identify(picture, points))
        return View(cut(picture, box, SIZE), to_crop_units(points, box), cosine)


def edits(styles: Array, directions: Directions, number: int) -> list[Array]:
    """The styles f32 [L, 512] of a person's edited views; each changes one thing or several."""
    rng = np.random.default_rng([number, 57])
    made = []
    for _ in range(VIEWS - 1):
        moved = styles.copy()
        chosen = [change for change in CHANGES if rng.random() < change.often]
        for change in chosen or [CHANGES[rng.integers(2)]]:
            size = GAIN * rng.uniform(change.low, change.high)
            moved[change.layers] += size * directions.vectors[READINGS.index(change.reading)]
        made.append(moved)
    return made


def make_unit(studio: Studio, people: Store, keys: list[str], out: Path, unit: str) -> int:
    """Draws one unit of people and commits it; returns how many have edits."""
    samples = []
    for key in keys:
        found = people.read(key)
        about = {k: v for k, v in found.about.items() if k not in LEFT}
        views = studio.views(found.arrays["style"].astype(np.float32), int(about["number"]))
        if len(views) < 2:
            continue
        jpeg, offsets = joined([encode_jpeg(view.image) for view in views])
        arrays: dict[str, Any] = {
            "jpeg": jpeg, "offsets": offsets,
            "landmarks": np.stack([view.landmarks for view in views]).astype(np.float16),
            "cosine": np.array([view.cosine for view in views], np.float32),
        }  # fmt: skip
        samples.append(Sample(f"edited-{key}", KIND, about | {"views": len(views)}, arrays))
    write_unit(out, KIND, unit, samples, [])
    return len(samples)


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m openvasa.data.edited_people", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--people", type=Path, required=True, help="the store of `people make`")
    parser.add_argument("--generator", type=Path, required=True, help="of Generator.save")
    parser.add_argument("--samples", type=Path, required=True, help="of `people sample`")
    parser.add_argument("--identity", type=Path, required=True, help="MobileFaceNet .onnx file")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the store to write")
    parser.add_argument("--limit", type=int, default=1500, help="people")
    args = parser.parse_args(argv)
    try:
        create(args.output)
        people = Store(args.people)
        train = [k for k in sorted(people.keys(KIND, "train"))
                 if people.about(k)["seed"] not in LEFT_OUT]  # fmt: skip
        keys = train[: args.limit]
        done = done_units(args.output, KIND)
        studio = Studio(args.generator, args.samples, args.identity)
        for first in tqdm(range(0, len(keys), UNIT), unit="unit", mininterval=5):
            unit = f"edited-{first:06d}"
            if unit not in done:
                make_unit(studio, people, keys[first : first + UNIT], args.output, unit)
        pack(args.output)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
