"""Works of art that are not photographs, made of what may be used: renders, statues, drawings.

    python -m openvasa.data.artistic_portraits -o DIR --ict FaceXModel --photos DIR [--seed 0]

Heads of ICT-FaceKit (MIT) with made-up faces, painted as a game would or as marble and bronze, and
photos of people that are allowed to be trained on, drawn as with pencil, ink and chalk. Paintings
are to be put beside them by hand. For `openvasa evaluate latent --art`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from openvasa.data.head import vertex_normals
from openvasa.data.mesh_raster import interpolate, rasterize
from openvasa.media.image import load_photo
from openvasa.types import Image, InputError

Floats = NDArray[np.float64]

SIDE, FINER = 640, 2  # pixels; drawn larger and averaged
IDENTITIES = 30  # of the 100 that ICT-FaceKit has: the rest is finer
SPREAD = 0.9  # standard deviations of each
# Ranges of vertices in ICT-FaceKit's meshes, as its README lists them.
_SKIN, _TEETH = (0, 11248), (17039, 21451)
_EYES = ((21451, 23021), (23021, 24591))
_IRIS, _PUPIL = 0.26, 0.10  # of an eyeball's width, radius as seen from the front
_BEFORE_GLASS = 24591  # lacrimal fluid, occlusion and lashes come after and are left out
# Of its 68 points: outline of the lips, and the two brows.
_LIPS = (5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841)
_BROWS = ((268, 493, 1914, 2044, 1401), (3615, 4240, 4114, 2734, 2509))
_LIGHT = np.array([-0.45, 0.5, 0.75])


def read_obj(path: Path) -> tuple[Floats, NDArray[np.int64]]:
    """Vertices [V, 3] and triangles [F, 3] of a Wavefront file; squares are halved.

    Raises:
        InputError: There is no such file.
    """
    if not path.is_file():
        raise InputError(f"there is no '{path}': give ICT-FaceKit's folder FaceXModel with --ict.")
    points, triangles = [], []
    for line in path.read_text(encoding="ascii").splitlines():
        kind, *words = line.split() or [""]
        if kind == "v":
            points.append([float(word) for word in words])
        elif kind == "f":
            corner = [int(word.split("/")[0]) - 1 for word in words]
            triangles += [(corner[0], corner[k], corner[k + 1]) for k in range(1, len(corner) - 1)]
    return np.array(points), np.array(triangles, np.int64)


def made_up_head(folder: Path, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Vertices and triangles of a head that nobody has."""
    mean, triangles = read_obj(folder / "generic_neutral_mesh.obj")
    points = mean.copy()
    for k in range(IDENTITIES):
        shape, _ = read_obj(folder / f"identity{k:03d}.obj")
        points += SPREAD * rng.normal() * (shape - mean)
    return points, triangles[(triangles < _BEFORE_GLASS).all(1)]


def painted(points: Floats, rng: np.random.Generator) -> Floats:
    """Colors [V, 3] in [0, 1] of skin, lips, brows, hair, teeth and eyes."""
    skin = np.array([0.80, 0.60, 0.48]) * rng.uniform(0.45, 1.1)
    hair = np.array([0.30, 0.19, 0.11]) * rng.uniform(0.2, 1.6)
    colors = np.tile(skin, (len(points), 1))
    top = points[: _SKIN[1], 1].max()
    brow = points[list(sum(_BROWS, ())), 1].max()
    colors[: _SKIN[1]][points[: _SKIN[1], 1] > brow + 0.42 * (top - brow)] = hair
    flat = points[:, :2].astype(np.float32)
    lips = flat[list(_LIPS)]
    for k in range(9409):
        if cv2.pointPolygonTest(lips, (float(flat[k, 0]), float(flat[k, 1])), False) >= 0:
            colors[k] = skin * [0.85, 0.55, 0.55]
    thick = 0.012 * np.ptp(points[: _SKIN[1], 1])
    for chain in _BROWS:
        for a, b in zip(chain[:-1], chain[1:], strict=True):
            for share in np.linspace(0, 1, 12):
                at = (1 - share) * flat[a] + share * flat[b]
                colors[:9409][np.linalg.norm(flat[:9409] - at, axis=1) < thick] = hair
    colors[slice(*_TEETH)] = [0.9, 0.88, 0.82]
    iris = rng.uniform(0.15, 0.5, 3) * [0.8, 0.9, 1.0]
    for eye in _EYES:  # a clear cornea covers the iris, so the ball's front is painted
        ball = points[slice(*eye)]
        apart = np.linalg.norm(ball[:, :2] - ball[:, :2].mean(0), axis=1) / np.ptp(ball[:, 0])
        rings = [apart < _PUPIL, apart < _IRIS]
        colors[slice(*eye)] = np.select(
            [ring[:, None] for ring in rings], [np.full(3, 0.03), iris], np.full(3, 0.9)
        )
    return colors


def render(points: Floats, triangles: NDArray[np.int64], colors: Floats, gloss: float) -> Image:
    """A head from the front, lit from the upper left, u8 [SIDE, SIDE, 3]."""
    size, center = SIDE * FINER, points[list(_LIPS)].mean(0) + [0, 3.5, 0]
    scale = size / 2 / 17.0  # heads are about 25 units wide and high
    normals = vertex_normals(points, triangles)
    light = _LIGHT / np.linalg.norm(_LIGHT)
    half = light + [0, 0, 1]
    half /= np.linalg.norm(half)
    lit = 0.35 + 0.75 * np.clip(normals @ light, 0, 1)[:, None]
    shine = gloss * np.clip(normals @ half, 0, 1)[:, None] ** 24
    xy = (points[:, :2] - center[:2]) * [scale, -scale] + size / 2
    tensors = [
        torch.from_numpy(np.ascontiguousarray(part, np.float32))[None]
        for part in (xy, points[:, 2], colors * lit + shine)
    ]
    mesh = torch.from_numpy(triangles)
    seen = rasterize(tensors[0], tensors[1], mesh, size)
    color = interpolate(seen, mesh, tensors[2])[0].numpy()
    behind = np.linspace(0.55, 0.25, size)[:, None, None] * np.array([0.8, 0.9, 1.0])
    picture = np.where(seen.face[0].numpy()[..., None] < 0, behind, color)
    small = cv2.resize(np.clip(picture, 0, 1), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray((255 * small).round(), np.uint8)


def pencil(photo: Image) -> Image:
    """Gray strokes where brightness changes, on white paper."""
    gray = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(255 - gray, (0, 0), 7)
    drawn = cv2.divide(gray, 255 - soft + 1, scale=245)
    return np.repeat(np.asarray(drawn, np.uint8)[..., None], 3, 2)


def ink(photo: Image) -> Image:
    """Black on white, nothing between."""
    gray = cv2.bilateralFilter(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), 9, 40, 9)
    flat = cv2.adaptiveThreshold(
        gray, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 31, 5
    )
    dark = np.where(gray < np.percentile(gray, 22), 0, flat).astype(np.uint8)
    return np.repeat(cv2.GaussianBlur(dark, (3, 3), 0.7)[..., None], 3, 2)


def cartoon(photo: Image) -> Image:
    """Few flat colors with dark outlines."""
    flat = photo
    for _ in range(6):
        flat = np.asarray(cv2.bilateralFilter(flat, 9, 30, 9), np.uint8)
    levels = (flat // 32) * 32 + 16
    gray = cv2.medianBlur(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), 5)
    edge = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 11, 4)
    return np.asarray(np.where(edge[..., None] > 0, levels, 30), np.uint8)


STYLES: dict[str, Callable[[Image], Image]] = {"pencil": pencil, "ink": ink, "cartoon": cartoon}


def make(target: Path, ict: Path, photos: list[Path], seed: int) -> list[str]:
    """Writes all pictures as PNG; returns their names."""
    rng, pictures = np.random.default_rng(seed), {}
    marble, bronze = np.array([0.82, 0.80, 0.76]), np.array([0.33, 0.24, 0.15])
    for number in (1, 2):
        points, triangles = made_up_head(ict, rng)
        pictures[f"render_{number}"] = render(points, triangles, painted(points, rng), 0.12)
    for name, stone, gloss in (("marble", marble, 0.10), ("bronze", bronze, 0.45)):
        points, triangles = made_up_head(ict, rng)
        stones = np.tile(stone, (len(points), 1))
        pictures[f"statue_{name}"] = render(points, triangles, stones, gloss)
    for (name, style), photo in zip(STYLES.items(), photos, strict=False):
        whole = load_photo(photo)
        share = SIDE / max(whole.shape[:2])
        size = round(whole.shape[1] * share), round(whole.shape[0] * share)
        how = cv2.INTER_AREA if share < 1 else cv2.INTER_CUBIC
        pictures[f"drawing_{name}"] = style(
            np.asarray(cv2.resize(whole, size, interpolation=how), np.uint8)
        )
    target.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        if not cv2.imwrite(str(target / f"{name}.png"), picture[..., ::-1]):
            raise InputError(f"cannot write into '{target}': choose another folder with -o.")
    return list(pictures)


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m openvasa.data.artistic_portraits")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--ict", type=Path, required=True, help="ICT-FaceKit's FaceXModel")
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="to be drawn, three")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    try:
        print(*make(options.out, options.ict, options.photos, options.seed))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
