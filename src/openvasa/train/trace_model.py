"""Fits and tests the hint on videos whose marks were removed (`metrics.synthesis_traces`).

    python -m openvasa.train.trace_model fit DRAWN REAL -o traces.safetensors
    python -m openvasa.train.trace_model test DRAWN REAL

Both folders hold videos of one face each, named PERSON_anything. DRAWN are ours without marks, as
they are before `Renderer._release`; where REAL's people are drawn too, from frames of their own
videos, the model cannot tell cameras or people apart instead. Every clip is looked at as it is and
encoded again, at a size and quality of chance.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from openvasa.face.find import find_face
from openvasa.media.video import read_video
from openvasa.metrics.mark_attacks import encoded
from openvasa.metrics.synthesis_traces import (
    FRAMES,
    SHIPPED,
    TraceModel,
    load_traces,
    traces,
)
from openvasa.types import Array, CropBox, Image, InputError

COPIES = 2  # of each clip, encoded again
QUALITY = (18, 33)  # CRF of x264
SCALE = (0.5, 1.0)
RIDGE = 3.0  # pulls weights to 0, in clips
TAIL = 2.33  # standard deviations above the mean: 1 in 100 of a normal distribution
_NEWTON = 30  # steps; converged after about ten
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Looks:
    """What was seen of some clips, each of them several times.

    Attributes:
        figures: f32 [N, 52], see `metrics.synthesis_traces.traces`.
        drawn: bool [N].
        people: Who is shown, N names.
        kept: bool [N], whether the clip was left as it is.
    """

    figures: Array
    drawn: NDArray[np.bool_]
    people: NDArray[np.str_]
    kept: NDArray[np.bool_]


def look(drawn: Sequence[Path], real: Sequence[Path], seed: int = 0) -> Looks:
    """Looks at videos, as they are and encoded again; those without a face are left out.

    Args:
        drawn: Of ours, unmarked.
        real: Of cameras.
        seed: Decides sizes and qualities.
    """
    rng = np.random.default_rng(seed)
    rows: list[tuple[Array, bool, str, bool]] = []
    for path, is_drawn in [*((one, True) for one in drawn), *((one, False) for one in real)]:
        frames = list(islice(read_video(path), FRAMES))
        try:
            box = find_face(frames[0]).box
        except InputError:
            continue
        person = path.stem.split("_")[0]
        rows.append((traces(frames, box), is_drawn, person, True))
        for _ in range(COPIES):
            rows.append((traces(*_copy(frames, box, rng)), is_drawn, person, False))
    figures, kinds, people, kept = zip(*rows, strict=True)
    return Looks(np.stack(figures), np.array(kinds), np.array(people), np.array(kept))


def fit(looks: Looks) -> TraceModel:
    """A model whose threshold was set on people it had not seen.

    To take a real face for drawn does more harm than to miss a drawn one, and real people differ
    more than the clips of one: the threshold is where, if the highest log odds of real people are
    normal, one person in 100 is above.
    """
    highest = []
    for person in np.unique(looks.people[~looks.drawn]):
        out = looks.people == person
        model = _fitted(looks.figures[~out], looks.drawn[~out])
        unseen = np.array([model(one) for one in looks.figures[out & ~looks.drawn]])
        highest.append(np.log(np.clip(unseen, 1e-6, 1 - 1e-6) / np.clip(1 - unseen, 1e-6, 1)).max())
    tail = np.mean(highest) + TAIL * np.std(highest, ddof=min(1, len(highest) - 1))
    threshold = np.array([1 / (1 + np.exp(-tail))], np.float32)
    model = _fitted(looks.figures, looks.drawn)
    return TraceModel(**{**vars(model), "threshold": threshold})


def as_text(model: TraceModel, looks: Looks) -> str:
    """A Markdown table: how often each kind of clip is taken for drawn, and the area under ROC."""
    scores = np.array([model(one) for one in looks.figures])
    lines = ["| clips | drawn: told | real: taken for drawn | AUC |", "|---|---|---|---|"]
    for name, some in (("as they are", looks.kept), ("encoded again", ~looks.kept)):
        ours, real = scores[some & looks.drawn], scores[some & ~looks.drawn]
        above = (np.sum(part >= model.threshold[0]) for part in (ours, real))
        told, taken = (f"{n} of {len(part)}" for n, part in zip(above, (ours, real), strict=True))
        lines.append(f"| {name} | {told} | {taken} | {_auc(ours, real):.3f} |")
    return "\n".join(lines)


def _fitted(figures: Array, drawn: NDArray[np.bool_]) -> TraceModel:
    """Logistic regression with a ridge by Newton's method, both kinds counting alike."""
    mean, scale = figures.mean(0), figures.std(0) + np.float32(1e-3)
    rows = np.clip((figures - mean) / scale, -4, 4).astype(np.float64)
    rows = np.concatenate([rows, np.ones((len(rows), 1))], 1)
    share = np.where(drawn, 0.5 / max(drawn.sum(), 1), 0.5 / max((~drawn).sum(), 1)) * len(drawn)
    ridge = RIDGE * np.eye(rows.shape[1])
    ridge[-1, -1] = 1e-6  # not of the bias
    weights: Floats = np.zeros(rows.shape[1])
    for _ in range(_NEWTON):
        told = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (share * (told - drawn)) + ridge @ weights
        curve = (rows * (share * told * (1 - told) + 1e-9)[:, None]).T @ rows + ridge
        weights = weights - np.linalg.solve(curve, slope)
    return TraceModel(
        mean, scale, weights[:-1].astype(np.float32), weights[-1:].astype(np.float32),
        np.array([0.5], np.float32),
    )  # fmt: skip


def _copy(
    frames: list[Image], box: CropBox, rng: np.random.Generator
) -> tuple[list[Image], CropBox]:
    """The clip and the face's square at another size, through x264."""
    factor = rng.uniform(*SCALE)
    height, width = (2 * round(side * factor / 2) for side in frames[0].shape[:2])
    resized = [
        np.asarray(Pillow.fromarray(one).resize((width, height), Pillow.Resampling.BICUBIC))
        for one in frames
    ]
    across, down = width / frames[0].shape[1], height / frames[0].shape[0]
    placed = CropBox(box.cx * across, box.cy * down, box.side * across)
    return encoded(resized, int(rng.integers(*QUALITY))), placed


def _auc(ours: Floats, real: Floats) -> float:
    """Share of pairs in the right order."""
    return float(np.mean(ours[:, None] > real[None]) + 0.5 * np.mean(ours[:, None] == real[None]))


def _videos(folder: Path) -> list[Path]:
    found = sorted(one for one in folder.iterdir() if one.suffix in (".mkv", ".mp4", ".mpg"))
    if not found:
        raise InputError(f"there is no video in '{folder}': name a folder of videos.")
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=("fit", "test"))
    parser.add_argument("drawn", type=Path)
    parser.add_argument("real", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    looks = look(_videos(arguments.drawn), _videos(arguments.real), seed=arguments.what == "test")
    model = fit(looks) if arguments.what == "fit" else load_traces(arguments.output)
    if arguments.what == "fit":
        model.save(arguments.output)
    print(as_text(model, looks))


if __name__ == "__main__":
    main()
