"""Fits how light on skin changes with each expression (`latent.light`), from pairs of photographs.

Two frames of one person are laid out over the mean face; the logarithm of their ratio, less what
a lamp or a camera changed, is explained by the change of the 45 expressions: ridge regression, one
step. Faces are mirrored too, so that no side's lamp is learned. Every tenth person of each
collection judges and does not teach. The command is `commands.train_light`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from openvasa.data.frame_pairs import FramePairs
from openvasa.latent.light import LightBases, flat, laid_out
from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES

SIZE = 64  # pixels of a basis
DARKEST = 0.02  # light below which a ratio says nothing
LOUDEST = 0.35  # change of the logarithm beyond which a pixel shows hair, glasses or a mistake
SMOOTH = 1.0  # pixels, of what is learned
FADE = 4.0  # pixels, toward the outline of the face
HOLES = 15  # pixels, of the eyes and the mouth at most
RIDGE = 50.0
SHRINK = 0.75  # drivers are read less well than the faces here: most gain on training people
PAIRS = {"photos": 400, "real": 1500, "person": 8000}  # drawn of each collection
WEIGHT = {"photos": 8.0, "real": 4.0, "person": 0.5}  # of a pair: real light counts for more

Floats = NDArray[np.float32]


class Changes(NamedTuple):
    """Pairs of one collection: changes of e [N, 45], of the logarithm of light [N, pixels]."""

    expression: Floats
    light: Floats


class Textures:
    """Faces of a pool, laid out over the mean face."""

    def __init__(self, pairs: FramePairs) -> None:
        """Prepares what all faces share."""
        mean = pairs.basis.mean.astype(np.float64)
        self.pairs, self.at = pairs, flat(mean)
        self.front = np.concatenate([self.at, mean[:, 2:]], 1)
        self.skin = pairs.renderer.topology.skin
        _, shown = laid_out(self.front, self.at, self.skin, SIZE)
        self.shown = shown & shown[:, ::-1]
        y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE - 0.5
        self.plane = np.stack([np.ones(self.shown.sum()), x[self.shown], y[self.shown]], 1)

    def of(self, row: int) -> Floats:
        """The logarithm of a face's light f32 [SIZE, SIZE]."""
        size = self.pairs.size
        crop = cv2.resize(self.pairs.crop(row), (size, size), interpolation=cv2.INTER_AREA)
        points = self.pairs.pool.landmarks[row]
        at, _ = laid_out(self.front, points[:, :2], self.skin, SIZE)
        at = (at + 1) * np.float32(size / 2) - np.float32(0.5)
        seen = cv2.remap(crop.astype(np.float32) / 255, at, None, cv2.INTER_LINEAR)
        seen = cv2.GaussianBlur(seen, (0, 0), SMOOTH)
        return np.log(np.maximum(seen, DARKEST)).mean(2).astype(np.float32)

    def change(self, source: int, target: int) -> tuple[Floats, Floats]:
        """What changes from one face to another: e [45], the logarithm of light [pixels]."""
        light = (self.of(target) - self.of(source))[self.shown]
        light = light - self.plane @ np.linalg.lstsq(self.plane, light, rcond=None)[0]
        known = self.pairs.pool.expression
        return known[target] - known[source], np.clip(light, -LOUDEST, LOUDEST).astype(np.float32)


def collections(pairs: FramePairs) -> dict[str, dict[str, list[NDArray[np.int64]]]]:
    """Groups of rows of one person, by collection and person: photos, real clips, edited people."""
    found: dict[str, dict[str, list[NDArray[np.int64]]]] = {}
    for group in pairs.groups:
        name = str(pairs.pool.files[group[0]])
        kind, person = "photos", str(pairs.pool.group[group[0]])
        if "#" in name:
            folder, key, _ = name.rsplit("#", 2)
            line = pairs.store(folder).about(key)
            kind, person = line["kind"], line["person"]
        found.setdefault(kind, {}).setdefault(person, []).append(group)
    return found


def gather(textures: Textures, groups: list[NDArray[np.int64]], count: int, seed: int) -> Changes:
    """`count` pairs drawn from groups of rows."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in tqdm(range(count), unit="pair", mininterval=5):
        source, target = rng.choice(groups[rng.integers(len(groups))], 2, replace=False)
        rows.append(textures.change(int(source), int(target)))
    expression, light = zip(*rows, strict=True)
    return Changes(np.stack(expression), np.stack(light))


def mirrored(changes: Changes, shown: NDArray[np.bool_]) -> Changes:
    """The same of people seen in a mirror."""
    swap = {"Left": "Right", "Right": "Left"}
    twin, sign = np.arange(EXPRESSION_DIM), np.ones(EXPRESSION_DIM, np.float32)
    for k, name in enumerate(EXPRESSION_NAMES):
        for side, other in swap.items():
            if side in name:
                twin[k] = EXPRESSION_NAMES.index(name.replace(side, other))
    sign[EXPRESSION_NAMES.index("gazeYaw")] = -1
    pictures = np.zeros((len(changes.light), *shown.shape), np.float32)
    pictures[:, shown] = changes.light
    return Changes(changes.expression[:, twin] * sign, pictures[:, :, ::-1][:, shown])


def fit_light(sets: dict[str, Changes], shown: NDArray[np.bool_]) -> Floats:
    """The bases [45, SIZE, SIZE] that explain the changes best, smoothed and faded outward."""
    gram, right = RIDGE * np.eye(EXPRESSION_DIM), np.zeros((EXPRESSION_DIM, int(shown.sum())))
    for kind, changes in sets.items():
        for e, light in (changes, mirrored(changes, shown)):
            gram += WEIGHT[kind] * e.T.astype(np.float64) @ e
            right += WEIGHT[kind] * e.T.astype(np.float64) @ light
    solved = np.linalg.solve(gram, right)
    share = cv2.GaussianBlur(shown.astype(np.float32), (0, 0), SMOOTH) + 1e-6
    wide = np.pad(shown.astype(np.uint8), HOLES)
    whole = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, np.ones((HOLES, HOLES), np.uint8))
    inside = np.s_[HOLES:-HOLES, HOLES:-HOLES]
    face, inward = whole[inside], cv2.distanceTransform(whole, cv2.DIST_L2, 5)[inside]
    fade = np.clip(inward / FADE, 0, 1)
    bases = np.zeros((EXPRESSION_DIM, *shown.shape), np.float32)
    for basis, values in zip(bases, solved, strict=True):
        basis[shown] = values
        basis[:] = cv2.GaussianBlur(basis, (0, 0), SMOOTH) / share * fade * face
    return bases


def explained(bases: Floats, changes: Changes, shown: NDArray[np.bool_]) -> float:
    """Share of the changes' squares that the bases explain; 1 is all, 0 is what no light has."""
    guess = changes.expression @ bases[:, shown]
    return float(1 - ((changes.light - guess) ** 2).sum() / (changes.light**2).sum())


def learn(pairs: FramePairs, share: float, told: Callable[[str], None]) -> LightBases:
    """Gathers pairs, fits, and tells how much of the change is explained on people held out.

    Args:
        pairs: Of a pool whose expressions are those at which the model's warp moves the faces.
        share: Of the pairs that are usually drawn.
        told: Gets lines for people to read.
    """
    cv2.setNumThreads(1)
    textures = Textures(pairs)
    teach: dict[str, Changes] = {}
    judge: dict[str, Changes] = {}
    for kind, people in collections(pairs).items():
        names = sorted(people, key=lambda name: zlib.crc32(name.encode()))
        held = set(names[: max(1, len(names) // 10)])
        ours = [g for name in names if name not in held for g in people[name]]
        others = [g for name in held for g in people[name]]
        count = round(PAIRS[kind] * share)
        told(f"{kind}: {len(names)} people, of whom {len(held)} judge")
        teach[kind] = gather(textures, ours or others, count, 0)
        judge[kind] = gather(textures, others, max(20, count // 5), 1)
    bases = fit_light(teach, textures.shown)
    for kind, changes in judge.items():
        told(f"{kind}: {explained(bases, changes, textures.shown):.3f} of the change explained")
    return LightBases(textures.at, SHRINK * bases)
