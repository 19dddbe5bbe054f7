"""A made-up head and made-up people: everything that training reads, without any data.

For tests and `openvasa.train.smoke`. The mean face is half an ellipsoid with the mesh's oval, eyes
and lips in their places; shapes are smooth bumps. Nothing here looks like anybody.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from openvasa.data.frame_pairs import Pool
from openvasa.data.head import (
    OUTER_LOWER,
    OUTER_UPPER,
    FittedHead,
    HeadBasis,
    fit,
    index_of,
)
from openvasa.data.head_render import HeadRenderer, to_image
from openvasa.latent.raster import pixels, raster
from openvasa.latent.surface import EYES, INNER_LOWER, INNER_UPPER, IRIS, OVAL, transform
from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES, Image

SIZE = (0.36, 0.47)  # half width and half height of the oval, crop units
IDENTITIES = 6
MOUTH = (0.0, -0.22)
NOSE = (168, 6, 197, 195, 5, 4, 1, 19, 94, 2)  # bridge to base
FOREHEAD = (8, 9, 151)


def toy_basis() -> HeadBasis:
    """The parametric head: 45 expressions, a few identities, a plate of teeth."""
    mean = _mean()
    rng = np.random.default_rng(0)
    expression = np.stack([_bump(mean, rng, 0.02) for _ in EXPRESSION_NAMES])
    expression[-2] = 0.0  # gaze to the side moves no skin
    expression[index_of("jawOpen")] = _jaw(mean)
    for name, contour in zip(("eyeBlinkRight", "eyeBlinkLeft"), EYES, strict=True):
        expression[index_of(name)] = _blink(mean, contour)
    identity = np.stack([_bump(mean, rng, 0.01) for _ in range(IDENTITIES)])
    plate, triangles, part = _teeth()
    drop = np.zeros((EXPRESSION_DIM, *plate.shape))
    drop[index_of("jawOpen"), plate[:, 1] < MOUTH[1], 1] = -0.1
    return HeadBasis(
        mean=mean.astype(np.float32), expression=expression.astype(np.float32),
        identity=identity.astype(np.float32), mouth_mean=plate.astype(np.float32),
        mouth_expression=drop.astype(np.float32), mouth_triangles=triangles, mouth_part=part,
    )  # fmt: skip


def toy_landmarks(basis: HeadBasis, rng: np.random.Generator) -> np.ndarray:
    """Landmarks [478, 3] of somebody with closed lips, as a landmarker would give them."""
    weights = rng.normal(0, 0.5, len(basis.identity))
    face = basis.mean + np.tensordot(weights, basis.identity, 1)
    irises = []
    for contour in EYES:
        center = face[contour].mean(0)
        ring = 0.012 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])
        irises.append(center + ring)
    pose = rng.normal(0, [0.08, 0.05, 0.05, 0.02, 0.02, 0.03])
    return to_image(transform(np.concatenate([face, *irises]), pose))


def toy_portrait(renderer: HeadRenderer, head: FittedHead, size: int, seed: int) -> Image:
    """A picture u8 [size, size, 3] of a face: skin, lips, eyes, on a smooth background."""
    rng = np.random.default_rng([7, seed])
    small = rng.uniform(40, 200, (4, 4, 3)).astype(np.float32)
    picture = cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC).astype(np.float64)
    color = rng.uniform([150, 100, 80], [230, 180, 150]) + np.zeros((478, 3))
    color += 25 * np.sin(9 * head.landmarks[:, :1] + np.arange(3))
    lips = np.concatenate([INNER_UPPER, INNER_LOWER, OUTER_UPPER, OUTER_LOWER])
    color[lips] = [170, 60, 70]
    for contour in EYES:
        color[contour] = 235.0
    where = pixels(head.landmarks, size)
    depth, label = np.full((size, size), -1e9), np.zeros((size, size), np.int8)
    for triangles in (renderer.topology.skin, renderer.topology.eyes):
        raster(where, head.landmarks[:, 2], color, triangles, 1, depth, picture, label)
    for iris in IRIS:
        x, y = where[iris]
        cv2.circle(picture, (round(x), round(y)), max(1, size // 60), (60, 40, 30), -1)
    return np.clip(picture, 0, 255).astype(np.uint8)


def toy_pool(folder: Path, basis: HeadBasis, people: int = 6, size: int = 96) -> Pool:
    """A pool whose crops are PNG files in `folder`: a portrait and a second photo of each person.

    The second, turned and speaking, stands for a frame of a clip (`Pool.real`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    renderer = HeadRenderer(basis)
    files, heads = [], []
    for person in range(people):
        rng = np.random.default_rng([1, person])
        head = fit(basis, toy_landmarks(basis, rng).astype(np.float64))
        photo = toy_portrait(renderer, head, size, person)
        expression = np.zeros(EXPRESSION_DIM)
        expression[index_of("jawOpen")] = 0.5
        pose = head.pose + np.array([0.1, 0.05, 0.03, 0.0, 0.0, 0.0])
        turned = renderer.render(photo, head, pose, expression, size)
        second = (turned.image * 255).astype(np.uint8)
        for name, image, seen in (
            ("a", photo, head), ("b", second, fit(basis, turned.landmarks.astype(np.float64))),
        ):  # fmt: skip
            files.append(str(folder / f"{person}{name}.png"))
            cv2.imwrite(files[-1], image[:, :, ::-1])
            heads.append(seen)
    return Pool(
        np.array(files), np.repeat(np.arange(people), 2), np.tile([False, True], people),
        *(np.stack([getattr(h, key) for h in heads]).astype(np.float32)
          for key in ("canonical", "pose", "expression", "landmarks")),
    )  # fmt: skip


def _mean() -> np.ndarray:
    """[468, 3] in the mean face's frame."""
    xy = np.full((468, 2), np.nan)
    around = np.pi / 2 - np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    xy[OVAL] = np.stack([np.cos(around), np.sin(around)], 1) * SIZE
    for side, contour in zip((-1, 1), EYES, strict=True):
        angle = np.pi - np.linspace(0, 2 * np.pi, len(contour), endpoint=False)
        xy[contour] = np.stack(
            [0.15 * side + 0.06 * np.cos(angle), 0.12 + 0.025 * np.sin(angle)], 1
        )
    along = np.linspace(-1, 1, 11)[1:-1]
    for points, half, bulge in (
        (INNER_UPPER, 0.10, 0.0), (INNER_LOWER, 0.10, 0.0),
        (OUTER_UPPER, 0.13, 0.035), (OUTER_LOWER, 0.13, -0.035),
    ):  # fmt: skip
        xy[points] = np.stack([half * along, bulge * np.sqrt(1 - along**2)], 1) + MOUTH
    for point, x in ((61, -0.13), (291, 0.13), (78, -0.10), (308, 0.10)):
        xy[point] = MOUTH[0] + x, MOUTH[1]
    xy[list(NOSE)] = np.stack([np.zeros(len(NOSE)), np.linspace(0.14, -0.10, len(NOSE))], 1)
    xy[list(FOREHEAD)] = np.stack([np.zeros(3), np.linspace(0.2, 0.38, 3)], 1)
    missing = np.flatnonzero(np.isnan(xy[:, 0]))
    xy[missing] = _fill(xy[~np.isnan(xy[:, 0])], len(missing))
    z = 0.40 * np.sqrt(np.clip(1.05 - (xy[:, 0] / SIZE[0]) ** 2 - (xy[:, 1] / SIZE[1]) ** 2, 0, 1))
    nose = 0.08 * np.exp(-((xy[:, 0] / 0.05) ** 2) - ((xy[:, 1] + 0.06) / 0.1) ** 2)
    return np.concatenate([xy, (z + nose)[:, None]], 1)


def _fill(taken: np.ndarray, count: int) -> np.ndarray:
    """`count` points in the oval, apart from eyes and lips and, as well as may be, each other."""
    rng = np.random.default_rng(3)
    turn, reach = rng.uniform(0, 2 * np.pi, 6000), 0.93 * np.sqrt(rng.uniform(0, 1, 6000))
    free = np.stack([reach * np.cos(turn), reach * np.sin(turn)], 1) * SIZE
    eye = np.hypot((np.abs(free[:, 0]) - 0.15) / 0.075, (free[:, 1] - 0.12) / 0.04) < 1
    mouth = np.hypot(free[:, 0] / 0.15, (free[:, 1] - MOUTH[1]) / 0.05) < 1
    free = free[~(eye | mouth)]
    gap = np.linalg.norm(free[:, None] - taken[None], axis=2).min(1)
    chosen = np.zeros((count, 2))
    for k in range(count):
        best = gap.argmax()
        chosen[k] = free[best]
        gap = np.minimum(gap, np.linalg.norm(free - free[best], axis=1))
    return chosen


def _bump(mean: np.ndarray, rng: np.random.Generator, size: float) -> np.ndarray:
    """A smooth displacement [468, 3] around a random place of the face."""
    center = rng.uniform(-1, 1, 2) * SIZE
    near = np.exp(-(((mean[:, :2] - center) / 0.18) ** 2).sum(1))
    return size * near[:, None] * rng.normal(0, 1, 3)


def _jaw(mean: np.ndarray) -> np.ndarray:
    """The jaw opens: what lies below the lips' line goes down, upper lips stay."""
    below = np.clip((MOUTH[1] - mean[:, 1]) / 0.05, 0, 1)
    lower = np.concatenate([INNER_LOWER, OUTER_LOWER])
    below[lower] = np.sqrt(np.clip(1 - (mean[lower, 0] / 0.14) ** 2, 0, 1))
    below[np.concatenate([INNER_UPPER, OUTER_UPPER])] = 0.0
    return np.stack([np.zeros(468), -0.12 * below, -0.02 * below], 1)


def _blink(mean: np.ndarray, contour: np.ndarray) -> np.ndarray:
    """The upper lid meets the lower one."""
    out = np.zeros((468, 3))
    upper, lower = contour[1:8], contour[9:][::-1]
    out[upper] = mean[lower] - mean[upper]
    return out


def _teeth() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two rows of teeth behind the lips: points, triangles, parts."""
    x, y = np.meshgrid(np.linspace(-0.1, 0.1, 7), [0.05, 0.005, -0.005, -0.05])
    plate = np.stack([x.ravel() + MOUTH[0], y.ravel() + MOUTH[1], np.full(28, 0.28)], 1)
    triangles = []
    for row in (0, 2):
        for k in range(6):
            a, b = 7 * row + k, 7 * (row + 1) + k
            triangles += [[a, b, a + 1], [a + 1, b, b + 1]]
    part = np.repeat([1, 2, 2, 1], 7).astype(np.int32)
    return plate, np.array(triangles, np.int32), part
