"""Portraits and clips -> pairs of frames of one person with everything known about them.

`python -m openvasa.data.frame_pairs --portraits DIR --store STORE [--edited STORE] --out pool.npz`
fits the parametric head to every training face once; `FramePairs` then makes pairs without end:
rendered ones with exact flow, and real ones (two frames of a clip, neutral and smiling).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from openvasa.data.crop_pictures import read_frames
from openvasa.data.head import (
    SHIPPED,
    FittedHead,
    HeadBasis,
    express,
    fit,
    iris_points,
    load_basis,
    pose_head,
)
from openvasa.data.head_mouth import mouth_mesh
from openvasa.data.head_render import HeadRenderer
from openvasa.data.random_faces import group_chances, random_expression, random_pose
from openvasa.data.store import Store
from openvasa.latent.mouth import FaceMesh, PortraitMouth
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER, MOUTH, PortraitSurface, to_canonical
from openvasa.types import EXPRESSION_DIM, Image, InputError

COLLECTIONS = ("faker", "london_neutral", "london_smiling", "generated")
PARTED = 0.02  # crop units between the lips, from which a mouth shows its inside


@dataclass(frozen=True)
class Pool:
    """Fitted faces: crops' files and, a row each, what `fit` found.

    Attributes:
        files: Image file, or store, sample and frame as "STORE#KEY#T".
        group: int [N], frames of one clip or photos of one person share a number.
        real: bool [N], whether it is a frame of a clip.
        canonical: f32 [N, 468, 3].
        pose: f32 [N, 6], z_pose.
        expression: f32 [N, 45], e.
        landmarks: f32 [N, 478, 3], y up.
    """

    files: np.ndarray
    group: np.ndarray
    real: np.ndarray
    canonical: np.ndarray
    pose: np.ndarray
    expression: np.ndarray
    landmarks: np.ndarray

    def head(self, row: int) -> FittedHead:
        """One row as a `FittedHead`."""
        return FittedHead(
            self.canonical[row].astype(np.float64), self.pose[row].astype(np.float64),
            self.expression[row].astype(np.float64), self.landmarks[row].astype(np.float64),
        )  # fmt: skip


def fit_portraits(folder: Path, basis: HeadBasis) -> list[tuple[str, str, FittedHead]]:
    """Every training portrait: (file, person, head)."""
    found = []
    for name in COLLECTIONS:
        index_file = folder / name / "index.npz"
        if not index_file.exists():
            continue
        with np.load(index_file, allow_pickle=False) as stored:
            index = {k: stored[k] for k in ("split", "names", "landmarks", "person")}
        for row in np.flatnonzero(index["split"] == "train"):
            file = folder / name / "crops" / f"{index['names'][row]}.jpg"
            kind = "london" if name.startswith("london") else name
            head = fit(basis, index["landmarks"][row].astype(np.float64))
            found.append((str(file), f"{kind}/{index['person'][row]}", head))
    return found


def fit_clip(landmarks: np.ndarray, basis: HeadBasis, every: int = 3) -> list[FittedHead]:
    """Every `every`-th frame of a clip's [T, 478, 3], with one neutral shape for all of them."""
    landmarks = landmarks.astype(np.float64)
    rough = [fit(basis, landmarks[t]) for t in range(0, len(landmarks), 8)]
    neutral = np.median([h.canonical - np.tensordot(h.expression, basis.expression, 1)
                         for h in rough], 0)  # fmt: skip
    return [fit(basis, landmarks[t], neutral) for t in range(0, len(landmarks), every)]


def build_pool(portraits: Path, store: Path, basis: HeadBasis, limit: int,
               edited: Path | None = None) -> Pool:  # fmt: skip
    """Fit all that may be trained on: portraits, about `limit` real clips, `edited_people`."""
    rows = [(f, p, False, h) for f, p, h in fit_portraits(portraits, basis)]
    clips = [(store, "real", 3)] + ([(edited, "person", 1)] if edited else [])
    for folder, kind, every in clips:
        opened = Store(folder)
        keys = sorted(opened.keys(kind, "train"))
        picked = keys[:: max(1, len(keys) // limit)] if kind == "real" else keys
        for number, key in enumerate(picked):
            heads = fit_clip(opened.read(key).arrays["landmarks"], basis, every)
            rows += [(f"{folder}#{key}#{every * t}", key, True, h) for t, h in enumerate(heads)]
            if number % 50 == 49:
                print(f"fitted {number + 1} of {len(picked)} in {folder.name}", flush=True)
    _, group = np.unique([r[1] for r in rows], return_inverse=True)
    heads = [r[3] for r in rows]
    return Pool(
        np.array([r[0] for r in rows]), group, np.array([r[2] for r in rows]),
        *(np.stack([getattr(h, k) for h in heads]).astype(np.float32)
          for k in ("canonical", "pose", "expression", "landmarks")),
    )  # fmt: skip


class FramePairs:
    """Endless pairs; each call with the same (seed, number) gives the same pair."""

    def __init__(self, pool: Pool, basis: HeadBasis, size: int = 256, real: float = 0.3,
                 parted: bool = False) -> None:  # fmt: skip
        """Index the pool.

        Args:
            pool: Fitted faces.
            basis: The head they were fitted with.
            size: Side of the pictures in pixels.
            real: Share of pairs that are two photographs rather than rendered, in [0, 1].
            parted: Whether photographs are to teach the inside of the mouth: targets part their
                lips, the wider the oftener, and sources mostly do not, as portraits do.
        """
        self.pool, self.basis, self.size, self.real, self.parted = pool, basis, size, real, parted
        self.renderer = HeadRenderer(basis)
        self.mesh = FaceMesh(**vars(self.renderer.topology), interior=mouth_mesh(basis))
        self.stores: dict[str, Store] = {}
        self.photos = np.flatnonzero(~pool.real)
        self.seen = pool.expression[pool.real] if pool.real.any() else pool.expression
        order = np.argsort(pool.group, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(pool.group[order])) + 1)
        self.groups = [g for g in groups if len(g) > 1]
        if parted:
            lips = pool.landmarks[:, [INNER_UPPER, INNER_LOWER], 1]
            self.gap = (lips[:, 0] - lips[:, 1]).max(1)
            self.groups = [g for g in self.groups if (self.gap[g] > PARTED).any()]
        names = [str(pool.files[g[0]]).rsplit("#", 2)[0] if pool.real[g[0]] else "photos"
                 for g in self.groups]  # fmt: skip
        self.chances = group_chances(names, [len(group) for group in self.groups])

    def store(self, folder: str) -> Store:
        """The store that the pool names so."""
        if folder not in self.stores:
            self.stores[folder] = Store(Path(folder))
        return self.stores[folder]

    def crop(self, row: int) -> Image:
        """The crop of one row, u8 [P, P, 3].

        Raises:
            InputError: The picture is gone.
        """
        name = str(self.pool.files[row])
        if "#" in name:
            folder, key, frame = name.rsplit("#", 2)
            return read_frames(self.store(folder).read(key).arrays, [int(frame)])[0]
        image = cv2.imread(name)
        if image is None:
            raise InputError(f"cannot read {name}; build the pool again where the portraits are")
        return image[:, :, ::-1].astype(np.uint8, copy=False)

    def pair(self, seed: int, number: int) -> dict[str, np.ndarray]:
        """One pair: source_* and target_* image, points, pose, expression; flow, hole and drawn."""
        rng = np.random.default_rng([seed, number])
        made = self._real(rng) if rng.random() < self.real and self.groups else self._made(rng)
        gain = rng.uniform(0.8, 1.15, 3) * rng.uniform(0.85, 1.1)
        for key in ("source_image", "target_image", "drawn"):
            made[key] = np.clip(made[key] * gain, 0, 1).transpose(2, 0, 1).astype(np.float32)
        made["flow"] = made["flow"].transpose(2, 0, 1)
        return {k: np.asarray(v, np.float32) for k, v in made.items()}

    def _made(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        row = int(rng.choice(self.photos))
        photo, head = self.crop(row), self.pool.head(row)
        target = self._target(rng, photo, head)
        source_image = cv2.resize(photo, (self.size,) * 2, interpolation=cv2.INTER_AREA) / 255.0
        source, flow = head, target.pop("flow")
        if rng.random() < 0.4:
            other = self._target(rng, photo, head)
            source_image = other["image"]
            face = express(self.basis, head.canonical[None], head.expression[None],
                           other["expression"][None])[0]  # fmt: skip
            source = replace(head, canonical=face, pose=other["pose"],
                             expression=other["expression"], landmarks=other["points"])  # fmt: skip
            surface = PortraitSurface(self.renderer.topology, source.landmarks, source.pose)
            flow, _ = surface.move(target["points"], target["pose"], self.size)
        return {
            "source_image": source_image, "source_points": source.landmarks,
            "source_pose": source.pose, "source_expression": source.expression, "flow": flow,
            "group": self.pool.group[row], "exact": 1.0,
            "hole": target.pop("hole"), "drawn": target["image"],
            **{f"target_{k}": v for k, v in target.items()},
        }  # fmt: skip

    def _target(self, rng: np.random.Generator, photo: Image,
                head: FittedHead) -> dict[str, np.ndarray]:  # fmt: skip
        pose, expression = random_pose(rng, head.pose), random_expression(rng, self.seen)
        made = self.renderer.render(photo, head, pose, expression, self.size)
        points = pose_head(self.basis, head, pose, expression)
        return {"image": made.image, "points": points, "pose": pose, "expression": expression,
                "flow": made.flow, "hole": made.label == MOUTH}  # fmt: skip

    def _real(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        group = self.groups[rng.choice(len(self.groups), p=self.chances)]
        rows = self._parted(rng, group) if self.parted else rng.choice(group, 2, replace=False)
        images = [cv2.resize(self.crop(int(r)), (self.size,) * 2, interpolation=cv2.INTER_AREA)
                  / 255.0 for r in rows]  # fmt: skip
        source, target = (self.pool.head(int(r)) for r in rows)
        surface = PortraitSurface(self.renderer.topology, source.landmarks, source.pose)
        flow, label = surface.move(target.landmarks, target.pose, self.size)
        drawn = self._mouth(images[0], source).picture(
            to_canonical(target.landmarks, target.pose), target.pose, label == MOUTH
        )
        return {
            "source_image": images[0], "source_points": source.landmarks,
            "source_pose": source.pose, "source_expression": source.expression, "flow": flow,
            "target_image": images[1], "target_points": target.landmarks,
            "target_pose": target.pose, "target_expression": target.expression,
            "hole": label == MOUTH, "drawn": drawn, "group": self.pool.group[rows[0]], "exact": 0.0,
        }  # fmt: skip

    def _parted(self, rng: np.random.Generator, group: np.ndarray) -> np.ndarray:
        """Rows of a source and of a target whose lips are parted."""
        parted = group[self.gap[group] > PARTED]
        target = rng.choice(parted, p=self.gap[parted] / self.gap[parted].sum())
        others = group[group != target]
        weight = np.exp(-self.gap[others] / PARTED) + 0.15
        return np.array([rng.choice(others, p=weight / weight.sum()), target])

    def _mouth(self, image: np.ndarray, head: FittedHead) -> PortraitMouth:
        """The mouth's mesh in a face f32 [S, S, 3]."""
        face = to_canonical(head.landmarks, head.pose)
        neutral = express(self.basis, head.canonical[None], head.expression[None],
                          np.zeros((1, EXPRESSION_DIM)))[0]  # fmt: skip
        face[: len(neutral)] += neutral - head.canonical
        return PortraitMouth(self.mesh.interior, face, head.landmarks, head.pose,
                             np.rint(255 * image).astype(np.uint8))  # fmt: skip

    def batch(self, seed: int, step: int, count: int) -> dict[str, np.ndarray]:
        """`count` pairs stacked."""
        pairs = [self.pair(seed, step * count + k) for k in range(count)]
        return {k: np.stack([p[k] for p in pairs]) for k in pairs[0]}

    def points_batch(self, seed: int, step: int, count: int) -> dict[str, np.ndarray]:
        """`count` pairs of canonical points without pictures, for the warps alone."""
        rng = np.random.default_rng([seed, step, 1])
        rows = rng.choice(self.photos, count)
        own = self.pool.expression[rows].astype(np.float64)
        face = self.pool.canonical[rows].astype(np.float64)
        made = {}
        for side in ("source", "target"):
            e = np.stack([random_expression(rng, self.seen) for _ in rows])
            if side == "source":
                e[: count // 3] = own[: count // 3]
            iris = [iris_points(self.pool.head(r), x) for r, x in zip(rows, e, strict=True)]
            points = np.concatenate([express(self.basis, face, own, e), np.stack(iris)], 1)
            made[f"free_{side}"] = points.astype(np.float32)
            made[f"free_{side}_expression"] = e.astype(np.float32)
        return made


def save_pool(path: Path, pool: Pool) -> None:
    """Write a pool as npz without pickles."""
    np.savez(path, **{k: getattr(pool, k) for k in Pool.__dataclass_fields__})


def load_pool(path: Path) -> Pool:
    """Read what `save_pool` wrote."""
    with np.load(path, allow_pickle=False) as data:
        return Pool(**{k: data[k] for k in Pool.__dataclass_fields__})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--store", type=Path, required=True, help="a store with real clips")
    parser.add_argument("--edited", type=Path, help="a store of edited people")
    parser.add_argument("--basis", type=Path, default=SHIPPED, help="another parametric head")
    parser.add_argument("--clip-limit", type=int, default=300, help="clips to take frames from")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    basis = load_basis(args.basis)
    pool = build_pool(args.portraits, args.store, basis, args.clip_limit, args.edited)
    save_pool(args.out, pool)
    print(f"{len(pool.files)} faces, {int(pool.real.sum())} of them frames of clips")


if __name__ == "__main__":
    main()
