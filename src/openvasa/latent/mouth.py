"""What shows between parted lips: teeth, gums and tongue as a mesh in the skull (numpy only).

Upper teeth keep their place in the skull, lower teeth and tongue go with the jaw, and lips move
over both. A portrait that shows its own teeth lends them: they are carried rigidly, and the mesh
takes their color. Drawn at the resolution of the video, so teeth have edges. Points are canonical,
in crop units with y UP and z toward the camera.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFilter

from openvasa.latent.drawn import Drawn, bilinear
from openvasa.latent.light import LightBases
from openvasa.latent.raster import pixels, raster
from openvasa.latent.surface import (
    CHIN,
    EYES,
    INNER_LIPS,
    INNER_LOWER,
    INNER_UPPER,
    LIPS,
    Topology,
    rotation_from,
    smooth,
    transform,
)
from openvasa.types import Array, Image, InputError

GAMMA = 2.2
FINER = 2  # drawn this much larger and averaged: teeth are small
DROP = 0.026  # crop units: lips at rest hide less of the upper teeth than in the scans
RAISED = 0.04  # crop units the upper lip rises until that no longer counts
SHOWN = 0.035  # crop units between the portrait's lips, from which its own teeth are lent
HIGH = 0.007  # crop units from the lips' middle up to where teeth are placed
SLIT = 0.45  # light that reaches teeth between lips that nearly touch
_PREFIX = "mouth_"  # of the mesh's tensors in a bundle's `surface`
LEAST = 4  # pixels of the coarse grid: a hole smaller than this is none
MARGIN = 3  # pixels of the coarse grid drawn around the parted lips


@dataclass(frozen=True)
class MouthMesh:
    """The mouth of the mean face.

    Attributes:
        points: f32 [M, 3] relative to the middle of the lips.
        jaw: f32 [M, 3], how they move when the jaw opens wholly.
        chin: f32 [len(CHIN), 3], how the face's chin moves then.
        color: f32 [M, 3] linear, lit from in front, relative to white.
        upper: f32 [M], 1 on the upper teeth and gums.
        flesh: f32 [M], 1 on all that is no tooth.
        triangles: int [F, 3].
        width: f32 [1], from corner to corner of the mean face's lips.
    """

    points: Array
    jaw: Array
    chin: Array
    color: Array
    upper: Array
    flesh: Array
    triangles: np.ndarray
    width: Array

    def tensors(self) -> dict[str, np.ndarray]:
        """As a bundle's `surface` stores it."""
        return {_PREFIX + f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True)
class FaceMesh(Topology):
    """All meshes of a model.

    Attributes:
        interior: The inside of the mouth.
        light: How light on skin changes; None where the model has not learned it.
    """

    interior: MouthMesh
    light: LightBases | None = None

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> FaceMesh:
        """From a bundle's `surface`.

        Raises:
            InputError: The bundle is of a release that had no mesh for the mouth.
        """
        if any(_PREFIX + f.name not in tensors for f in fields(MouthMesh)):
            raise InputError("this model is of an earlier release and lacks the mouth's mesh: "
                             "export it again with `openvasa export`.")  # fmt: skip
        meshes = {f.name: tensors[f.name].astype(np.int64) for f in fields(Topology)}
        values = {f.name: tensors[_PREFIX + f.name] for f in fields(MouthMesh)}
        values["triangles"] = values["triangles"].astype(np.int64)
        return cls(**meshes, interior=MouthMesh(**values), light=LightBases.from_tensors(tensors))


class PortraitMouth:
    """The mouth of one portrait."""

    def __init__(self, mesh: MouthMesh, neutral: Array, points: Array, pose: Array,
                 crop: Image) -> None:  # fmt: skip
        """Fit the mouth into a face.

        Args:
            mesh: The mouth.
            neutral: [478, 3] the portrait's canonical points without expression.
            points: [478, 3] the portrait's control points in its own view.
            pose: The portrait's z_pose [6].
            crop: u8 [S, S, 3] the portrait.
        """
        self._mesh, self._neutral = mesh, neutral.astype(np.float64)
        self._pose, self._crop = pose.astype(np.float64), crop
        self._middle = self._neutral[LIPS].mean(0)
        # Of a smile the corners keep some of their height, which teeth do not share.
        self._middle[1] = self._neutral[LIPS[2:], 1].mean() + HIGH
        self._corner = 0.5 * float(np.linalg.norm(self._neutral[61] - self._neutral[291]))
        stretch = np.array([2 * self._corner / float(mesh.width[0]), 1.0, 1.0])
        self._base = mesh.points * stretch + self._middle
        incisors = (mesh.flesh < 0.5) & (mesh.upper > 0.5)
        self._front = float(np.quantile(self._base[incisors, 2], 0.9))
        self._white = white_of(crop, points)
        self._own = _own_teeth(points, len(crop))
        if self._own is not None:
            shown = _linear(crop[self._own > 0.9] / 255.0)
            if len(shown):
                bright = shown[shown.mean(1) >= np.quantile(shown.mean(1), 0.6)].mean(0)
                self._white = np.clip(bright / mesh.color[incisors].mean(0), 0.1, 1.0)

    def draw(
        self, canonical: np.ndarray, pose: np.ndarray, hole: np.ndarray, size: int
    ) -> Drawn | None:
        """What shows through parted lips.

        Args:
            canonical: [478, 3] control points at the target's expression, canonical.
            pose: Target z_pose [6].
            hole: bool [s, s], where the lips are parted.
            size: Side of the video in pixels.

        Returns:
            The piece around the hole at the video's resolution; None: the lips are closed.
        """
        if hole.sum() < LEAST:
            return None
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        scale = size / len(hole)
        top = max(int((rows[0] - MARGIN) * scale), 0)
        left = max(int((columns[0] - MARGIN) * scale), 0)
        bottom = min(int((rows[-1] + 1 + MARGIN) * scale), size)
        right = min(int((columns[-1] + 1 + MARGIN) * scale), size)
        shape = (bottom - top, right - left)
        placed, color = self._lit(canonical)
        placed = transform(placed, pose)
        fine = (FINER * shape[0], FINER * shape[1])
        xy = pixels(placed, FINER * size) - FINER * np.array([left, top])
        drawn, zbuf = np.zeros((*fine, 3)), np.full(fine, -1e9)
        raster(xy, placed[:, 2], color, self._mesh.triangles, 1, zbuf, drawn,
               np.zeros(fine, np.int8))  # fmt: skip
        mean = drawn.reshape(shape[0], FINER, shape[1], FINER, 3).mean((1, 3))
        out, share = np.clip(mean, 0, 1) ** (1 / GAMMA), None
        if self._own is not None:
            own, share = self._lent(pose, top, left, shape, size)
            own *= _shade(transform(canonical, pose), size)[left : left + shape[1], None]
            out += share[..., None] * (own - out)
        return Drawn(top, left, out.astype(np.float32), share)

    def picture(self, canonical: np.ndarray, pose: np.ndarray, hole: np.ndarray) -> Array:
        """What shows through parted lips, f32 [s, s, 3], black around it; as `draw`."""
        out = np.zeros((*hole.shape, 3), np.float32)
        drawn = self.draw(canonical, pose, hole, len(hole))
        if drawn is not None:
            height, width = drawn.color.shape[:2]
            out[drawn.top : drawn.top + height, drawn.left : drawn.left + width] = drawn.color
        return out

    def _lit(self, canonical: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Canonical positions and linear colors of the mesh at an expression."""
        mesh, neutral = self._mesh, self._neutral
        sank = ((canonical[CHIN] - neutral[CHIN]) * mesh.chin).sum() / (mesh.chin**2).sum()
        raised = (canonical[INNER_UPPER[4], 1] - neutral[INNER_UPPER[4], 1]) / RAISED
        placed = self._base + np.clip(sank, 0.0, 1.2) * mesh.jaw
        placed[:, 1] -= DROP * (1 - np.clip(raised, 0, 1)) * mesh.upper
        opened = np.linalg.norm(canonical[INNER_UPPER] - canonical[INNER_LOWER], axis=1).max()
        depth = placed[:, 2] - canonical[LIPS, 2].mean()
        flesh = mesh.flesh
        light = np.exp(np.minimum(depth + 0.09, 0.0) * (6.0 + 7.0 * flesh))
        light *= np.exp(-(((placed[:, 0] - self._middle[0]) / (0.85 * self._corner)) ** 4))
        light *= 1 - flesh * (0.65 - 0.65 * smooth(opened / 0.16))
        x, y = placed[:, 0], placed[:, 1]
        upper, lower = canonical[INNER_UPPER], canonical[INNER_LOWER]
        above = np.interp(x, upper[:, 0], upper[:, 1]) - y
        below = y - np.interp(x, lower[:, 0], lower[:, 1])
        light *= (0.55 + 0.45 * smooth(above / 0.035)) * (0.7 + 0.3 * smooth(below / 0.03))
        return placed, mesh.color * self._white * light[:, None]

    def _lent(self, pose: np.ndarray, top: int, left: int, shape: tuple[int, int],
              size: int) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """The portrait's own teeth where they have gone, and how much they count."""
        assert self._own is not None
        x, y = np.meshgrid(left + np.arange(shape[1]), top + np.arange(shape[0]))
        seen = np.stack([(2 * x + 1) / size - 1, 1 - (2 * y + 1) / size], -1)
        turn = rotation_from(pose)
        flat = (seen - [pose[3], -pose[4]]) / np.exp(pose[5]) - turn[:2, 2] * self._front
        plane = flat @ np.linalg.inv(turn[:2, :2]).T
        depth = np.full((*shape, 1), self._front)
        at = transform(np.concatenate([plane, depth], -1).reshape(-1, 3), self._pose)
        where = pixels(at, len(self._crop)).reshape(*shape, 2)
        return bilinear(self._crop / np.float32(255), where), bilinear(self._own, where)


def white_of(crop: Image, points: Array) -> np.ndarray:
    """Linear color [3] of something white in the portrait's light, from eyes and skin."""
    small = np.asarray(PilImage.fromarray(crop).resize((128, 128), PilImage.Resampling.BOX)) / 255
    mask = PilImage.new("1", (128, 128))
    for contour in EYES:
        _fill(mask, pixels(points[contour], 128))
    eyes = _linear(small[np.asarray(mask)])
    at = np.rint(pixels(points[[50, 280, 151]], 128)).astype(int).clip(0, 127)
    skin = float(_linear(small[at[:, 1], at[:, 0]]).mean())
    bright = eyes[eyes.mean(1) >= np.quantile(eyes.mean(1), 0.7)].mean(0) + 1e-4
    level = np.clip(1.9 * bright.mean(), max(1.3 * skin, 0.15), 0.95)
    # A third of the eyes' color cast: lids tint what the lens sees of them.
    return np.asarray(level * (bright / bright.mean() + 2.0) / 3)


def _own_teeth(points: Array, size: int) -> Array | None:
    """f32 [size, size], where the portrait shows the inside of its mouth; None: it does not."""
    gaps = np.linalg.norm(points[INNER_UPPER] - points[INNER_LOWER], axis=1)
    if gaps.max() < SHOWN:
        return None
    mask = PilImage.new("L", (size, size))
    _fill(mask, pixels(points[INNER_LIPS], size), 255)
    inner = mask.filter(ImageFilter.MinFilter(2 * (size // 256) + 1))
    soft = inner.filter(ImageFilter.GaussianBlur(size / 256))
    return np.asarray(soft, np.float32) / np.float32(255)


def _shade(points: np.ndarray, size: int) -> np.ndarray:
    """[size] in [0, 1], how light teeth are in each column: in a slit they lie in the dark."""
    upper, lower = points[INNER_UPPER], points[INNER_LOWER]
    x = pixels((upper + lower) / 2, size)[:, 0]
    gap = np.interp(np.arange(size), x, upper[:, 1] - lower[:, 1])
    return np.asarray(SLIT + (1 - SLIT) * smooth(gap / SHOWN))


def _fill(mask: PilImage.Image, outline: np.ndarray, value: int = 1) -> None:
    ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in outline], fill=value)


def _linear(color: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(color, 0, 1) ** GAMMA)
