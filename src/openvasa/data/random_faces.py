"""Expressions and poses that performances may reach, at random; and how often whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from openvasa.data.head import index_of as shape
from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES

YAW, PITCH, ROLL = np.deg2rad(24.0), np.deg2rad(16.0), np.deg2rad(14.0)


def random_expression(rng: np.random.Generator, seen: np.ndarray) -> np.ndarray:
    """An expression e [45]: one seen in a real face, or a made-up one."""
    e = np.zeros(EXPRESSION_DIM)
    if rng.random() < 0.3:
        e[:] = seen[rng.integers(len(seen))]
    else:
        if rng.random() < 0.7:
            e[shape("jawOpen")] = rng.beta(1.2, 3.0)
        if rng.random() < 0.25:
            e[shape("mouthClose")] = e[shape("jawOpen")] * rng.random()
        for name in rng.choice(EXPRESSION_NAMES[:-2], rng.integers(0, 7)):
            if "Blink" in name or name in ("jawOpen", "mouthClose"):
                continue
            e[shape(name)] = 0.9 * rng.random() ** 1.5
            twin = name.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
            if twin in EXPRESSION_NAMES and rng.random() < 0.8:
                e[shape(twin)] = e[shape(name)] * rng.uniform(0.8, 1.0)
    if rng.random() < 0.3:
        closed = 1.0 if rng.random() < 0.5 else rng.random()
        e[shape("eyeBlinkLeft")] = e[shape("eyeBlinkRight")] = closed
    e[-2:] = rng.normal(0, [0.22, 0.16]) if rng.random() < 0.7 else 0.0
    return e


def random_pose(rng: np.random.Generator, own: np.ndarray) -> np.ndarray:
    """A z_pose near the portrait's own, as a performance would reach."""
    pose = own + rng.normal(0, [0.5 * YAW, 0.5 * PITCH, 0.5 * ROLL, 0.04, 0.04, 0.08])
    return np.clip(pose, own - [YAW, PITCH, ROLL, 0.1, 0.1, 0.2],
                   own + [YAW, PITCH, ROLL, 0.1, 0.1, 0.2])  # fmt: skip


def group_chances(collections: Sequence[str], sizes: Sequence[int]) -> np.ndarray:
    """How often each group of pictures is taken: a collection by the root of its size, f64 [G].

    Args:
        collections: What each group belongs to.
        sizes: Pictures of each.
    """
    if not collections:
        return np.zeros(0)
    _, collection = np.unique(collections, return_inverse=True)
    share = np.array(sizes, np.float64)
    share /= np.sqrt(np.bincount(collection, share))[collection]
    return np.asarray(share / share.sum())
