"""The same person with another face: edit directions of the generator and the pairs made with them.

The styles of labeled random people are regressed on the readings (all at once, so that a direction
moves one reading while the others stay). An edit adds a direction to the layers
that shape it, measures what it did, and is kept when an identity network still sees one person.
The generator's licence note (`generator.py`) holds for every picture made here.

    python -m openvasa.data.directions --samples samples.safetensors \
        --generator generator.safetensors --landmarker face_landmarker.task \
        --identity face_recognition_sface_2021dec.onnx --out pairs

`python -m openvasa.data.people sample` makes the samples.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image as PillowImage
from safetensors.numpy import load_file

from openvasa.data.generator import Generator
from openvasa.data.generator_runtime import ENGINES, Draw, drawing
from openvasa.data.identity import Identity
from openvasa.data.labels import FaceLabels, Landmarker
from openvasa.data.readings import READINGS, readings
from openvasa.types import Array, Image, InputError

SAME_PERSON = 0.55  # cosine of two SFace vectors; 1 % of different generated people reach 0.52
TRUNCATION = 0.7  # of the people kept; the samples for the regression are not truncated
RIDGE = 100.0
_TRIES = 3
_ENOUGH = 0.5  # of the wished change


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One change of a face.

    Attributes:
        number: The `k` of the file names.
        name: For people.
        reading: Which of `READINGS` it moves.
        change: By how much, in units of the reading.
        layers: First and last + 1 of the styles it touches.
    """

    number: int
    name: str
    reading: str
    change: float
    layers: tuple[int, int]


# Found by trying: the narrowest ranges that make the change kept the person best.
EDITS = (
    Edit(number=1, name="open", reading="open", change=0.11, layers=(4, 10)),
    Edit(number=2, name="smile", reading="smile", change=0.5, layers=(4, 7)),
    Edit(number=3, name="neutral", reading="smile", change=-0.5, layers=(4, 10)),
    Edit(number=4, name="closed", reading="closed", change=0.2, layers=(7, 13)),
    Edit(number=5, name="right", reading="yaw", change=15.0, layers=(0, 7)),
    Edit(number=6, name="left", reading="yaw", change=-15.0, layers=(0, 7)),
)


@dataclass(frozen=True)
class Directions:
    """What the regression found.

    Attributes:
        vectors: f32 [R, 512], the change of style per unit of each reading.
        correlation: f32 [R], of ridge predictions with the readings of people left out.
    """

    vectors: Array
    correlation: Array


def fit_directions(w: Array, values: Array) -> Directions:
    """Regress styles on readings.

    Args:
        w: f32 [N, 512], styles of N people.
        values: f32 [N, R], their readings.
    """
    centered, mean = w - w.mean(0), values.mean(0)
    vectors = np.linalg.lstsq(values - mean, centered, rcond=None)[0]
    out = np.arange(len(w)) % 5 == 0
    x, y = centered[~out], values[~out]
    weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ (y - y.mean(0)))
    guess = centered[out] @ weights
    pairs = [np.corrcoef(guess[:, i], values[out, i])[0, 1] for i in range(values.shape[1])]
    return Directions(vectors.astype(np.float32), np.array(pairs, np.float32))


@dataclass(frozen=True)
class Studio:
    """What an edit needs: pictures, labels, identities, directions."""

    render: Draw
    label: Callable[[Image], FaceLabels | None]
    identify: Callable[[Image, FaceLabels], Array]
    directions: Directions


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A kept edit: the picture, its styles [L, 512], how much moved [R], the cosine."""

    image: Image
    styles: Array
    change: Array
    similarity: float


def apply_edit(
    studio: Studio, styles: Array, edit: Edit, base: Array, identity: Array
) -> Edited | None:
    """Make one edit, searching its strength with at most three pictures.

    Args:
        studio: The tools.
        styles: f32 [L, 512] of the person.
        edit: What to change.
        base: f32 [R], the readings of the unedited picture.
        identity: f32 [128], its identity.

    Returns:
        The strongest edit that is still the same person and moves at least half the wish, or None.
    """
    index, (first, last) = READINGS.index(edit.reading), edit.layers
    strength, low, high, best = 1.3, 0.0, float("inf"), None
    for _ in range(_TRIES):
        moved = styles.copy()
        moved[first:last] += strength * edit.change * studio.directions.vectors[index]
        image = studio.render(moved)
        labels = studio.label(image)
        similarity = -1.0 if labels is None else float(studio.identify(image, labels) @ identity)
        share = 0.0
        if labels is not None and similarity >= SAME_PERSON:
            change = readings(labels) - base
            share, low = float(change[index]) / edit.change, max(low, strength)
            if share >= _ENOUGH and (best is None or low == strength):
                best = Edited(image=image, styles=moved, change=change, similarity=similarity)
            if share >= 0.8:
                return best
        else:
            high = min(high, strength)
        strength = (low + high) / 2 if high < float("inf") else 1.5 * strength
    return best


def edits_of(values: Array, seed: int) -> list[Edit]:
    """The edits that suit a face: the missing smile or its absence, and a turn by `seed`'s turn."""
    smiling, yaw = values[READINGS.index("smile")] > 0.4, values[READINGS.index("yaw")]
    right = yaw < -10 if abs(yaw) > 10 else seed % 2 == 0
    left_out = {"smile" if smiling else "neutral", "left" if right else "right"}
    return [e for e in EDITS if e.name not in left_out]


def make_pairs(
    studio: Studio, people: Iterable[tuple[int, Array]], n_styles: int, out: Path
) -> int:
    """Write SEED_k.jpg (512 x 512) and one line of pairs.jsonl for each kept edit.

    Args:
        studio: The tools.
        people: Seeds and their styles, f32 [512].
        n_styles: L of the generator.
        out: A folder; made when missing.

    Returns:
        How many edits were kept.
    """
    out.mkdir(parents=True, exist_ok=True)
    kept = 0
    with (out / "pairs.jsonl").open("a") as index:
        for seed, w in people:
            styles = np.repeat(w[None], n_styles, axis=0)
            image = studio.render(styles)
            labels = studio.label(image)
            if labels is None:
                continue
            base, identity = readings(labels), studio.identify(image, labels)
            for edit in edits_of(base, seed):
                done = apply_edit(studio, styles, edit, base, identity)
                if done is None:
                    continue
                path = out / f"{seed}_{edit.number}.jpg"
                PillowImage.fromarray(done.image).save(path, quality=95, subsampling=0)
                changes = [round(float(c), 3) for c in done.change]
                line = {"seed": seed, "k": edit.number, "edit": edit.name}
                line |= {"cosine": round(done.similarity, 3)}
                line |= {"change": dict(zip(READINGS, changes, strict=True))}
                index.write(json.dumps(line) + "\n")
                index.flush()
                kept += 1
    return kept


def _people(generator: Generator, args: argparse.Namespace) -> Iterable[tuple[int, Array]]:
    seeds = list(range(args.first, args.first + args.people))
    left_out = set(args.skip.read_text().split()) if args.skip else set()
    seeds = [s for s in seeds if str(s) not in left_out]
    with torch.no_grad():
        w = generator.mapping(generator.noise(seeds).to(generator.mean.device), args.truncation)
    return zip(seeds, w.cpu().numpy(), strict=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openvasa.data.directions")
    parser.add_argument("--generator", type=Path, required=True, help="of Generator.save")
    parser.add_argument("--landmarker", type=Path, required=True, help="face_landmarker.task")
    parser.add_argument("--samples", type=Path, required=True, help="of `people sample`")
    parser.add_argument("--identity", type=Path, required=True, help="SFace .onnx file")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--people", type=int, default=150, help="how many seeds")
    parser.add_argument("--skip", type=Path, help="text file of seeds to leave out")
    parser.add_argument("--truncation", type=float, default=TRUNCATION)
    parser.add_argument("--engine", choices=ENGINES, default="openvino")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Make the pairs."""
    args = _parser().parse_args(argv)
    try:
        generator = Generator.load(args.generator)
        people, count = _people(generator, args), generator.n_styles
        found = load_file(args.samples)
        directions = fit_directions(found["w"], found["values"][:, : len(READINGS)])
        for name, value in zip(READINGS, directions.correlation, strict=True):
            print(f"{name:12s} held-out correlation {value:.2f}")
        with Landmarker(args.landmarker) as landmarker:
            draw = drawing(generator, args.engine)
            studio = Studio(draw, landmarker.label, Identity(args.identity), directions)
            print(f"{make_pairs(studio, people, count, args.out)} pairs")
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
