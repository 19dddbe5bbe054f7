"""Draws frames of a portrait with everything known about every pixel, batched, on any device.

Picture, depth, surface coordinate, segmentation and landmarks of N frames, and the dense flow
between any two of them. One code for a CPU and a GPU (`mesh_raster`); nothing is random, so that
a recipe (pose, expression, light) draws the same bits again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from openvasa.data.head import FittedHead, HeadBasis
from openvasa.data.head_light import GAMMA, Floats
from openvasa.data.head_matte import Matting
from openvasa.data.head_render import to_image
from openvasa.data.head_scene import BACKGROUND, HAIR, LAYER, TEETH, HeadScene, Portrait
from openvasa.data.mesh_raster import Fragments, interpolate, rasterize
from openvasa.face.matte import split
from openvasa.types import Image

SAME_POINT = 0.02  # crop units between surface coordinates that are the same point
OPEN_LIDS, OPEN_MOUTH = 1, 2
DARK = 0.004  # linear color where a mouth is open and nothing is in it
MIXED = (0.02, 0.98)  # mattes between show two layers, which no flow can carry


@dataclass(frozen=True)
class Textures:
    """A portrait on the device.

    Attributes:
        portrait: Its scene.
        person: f32 [4, P, P], linear albedo and, last, the matte.
        background: f32 [3, P, P], linear.
    """

    portrait: Portrait
    person: Tensor
    background: Tensor


@dataclass(frozen=True)
class Truth:
    """N frames of size S of one portrait, on the renderer's device.

    Attributes:
        image: f32 [N, S, S, 3] in [0, 1].
        depth: f32 [N, S, S], crop units toward the camera; -inf on the background.
        surface: f32 [N, S, S, 3], the surface coordinate (`HeadScene.rest`); the background's
            is its own place, with 4 times `LAYER` added to x.
        matte: f32 [N, S, S] in [0, 1], how much of the pixel is the person.
        segments: u8 [N, S, S], index into `head_scene.SEGMENTS`.
        landmarks: f32 [N, 478, 3], image convention, crop units.
        fragments: Triangle and weights of each pixel.
        points: f32 [N, V, 3], vertices, y up.
    """

    image: Tensor
    depth: Tensor
    surface: Tensor
    matte: Tensor
    segments: Tensor
    landmarks: np.ndarray
    fragments: Fragments
    points: Tensor


class TruthRenderer:
    """Draws portraits through one `HeadBasis`."""

    def __init__(self, basis: HeadBasis, matting: Matting | None = None,
                 device: str | torch.device = "cpu") -> None:  # fmt: skip
        """Put the mesh on the device.

        Args:
            basis: The parametric head.
            matting: Finds the person; None carries the background with the head.
            device: Where to draw.
        """
        self.scene, self.device = HeadScene(basis), torch.device(device)
        self.matting = matting or Matting()
        self.triangles = torch.from_numpy(self.scene.triangles).to(self.device)
        self.behind = self._tensor(self.scene.behind)
        self.labels = torch.from_numpy(self.scene.labels.astype(np.uint8)).to(self.device)
        self.openings = torch.zeros(len(self.labels), dtype=torch.uint8, device=self.device)
        self.openings[self.scene.lids] = OPEN_LIDS
        self.openings[self.scene.hole] = OPEN_MOUTH
        self.drawn = self.labels >= TEETH

    def prepare(self, photo: Image, head: FittedHead) -> Textures:
        """Matte, background, light and albedo of one portrait; once, about 0.2 s.

        Args:
            photo: The crop, u8 [P, P, 3].
            head: Fitted to it.
        """
        scene, size = self.scene, len(photo)
        portrait = scene.prepare(photo, head)
        matte = self.matting(photo)
        person, background = split(photo, matte)
        own = scene.pose(portrait, head.pose[None], head.expression[None])
        points = self._tensor(own.points)
        bare = self.triangles[: scene.outside]
        seen = rasterize(_pixels(points, size), points[..., 2], bare, size, self.behind)
        light = interpolate(seen, bare, self._tensor(own.shade))[0]
        light = torch.where(seen.face[0, ..., None] < 0, 1.0, light)
        albedo = _linear(self._tensor(person)) / light.clamp(min=0.05)
        alpha = self._tensor(matte)[..., None]
        return Textures(portrait, torch.cat([albedo, alpha], 2).permute(2, 0, 1),
                        _linear(self._tensor(background)).permute(2, 0, 1))  # fmt: skip

    def render(self, textures: Textures, poses: Floats, expressions: Floats, size: int = 256,
               lights: Floats | None = None, finer: int = 2) -> Truth:  # fmt: skip
        """Draw N frames.

        Args:
            textures: From `prepare`.
            poses: z_pose [N, 6].
            expressions: e [N, 45].
            size: Side of the frames in pixels.
            lights: [N, 9, 3] (see `HeadScene.pose`); None keeps the photo's own.
            finer: Colors are drawn this much larger and averaged: 1 is fast, with hard edges.
        """
        posed = self.scene.pose(textures.portrait, poses, expressions, lights)
        points, shade = self._tensor(posed.points), self._tensor(posed.shade)
        room = None if lights is None else _room(lights, textures.portrait.light)
        seen = self._seen(points, size)
        face, covered = seen.face.clamp(min=0), seen.face >= 0
        large = seen if finer == 1 else self._seen(points, size * finer)
        color = self._color(textures, large, shade, room)
        color = torch.nn.functional.avg_pool2d(color.permute(0, 3, 1, 2), finer)
        portrait, here = textures.portrait, _centers(size, self.device)
        facts = np.concatenate([portrait.uv, portrait.rest], 1)
        facts_at = interpolate(seen, self.triangles, self._tensor(facts)[None])
        label = self.labels[face]
        sheet = _read(textures.person, facts_at[..., :2])[..., 3]
        matte = torch.where(label == HAIR, sheet, 1.0) * covered
        person = matte > 0.5
        place = torch.cat([here + here.new_tensor([4 * LAYER, 0.0]), 0 * here[..., :1]], -1)
        return Truth(
            image=color.permute(0, 2, 3, 1).clamp(0, 1) ** (1 / GAMMA),
            depth=torch.where(person, seen.depth, float("-inf")),
            surface=torch.where(person[..., None], facts_at[..., 2:], place),
            matte=matte, segments=torch.where(person, label, BACKGROUND).to(torch.uint8),
            landmarks=np.stack([to_image(p[:478]) for p in posed.points]),
            fragments=seen, points=points,
        )  # fmt: skip

    def _color(self, textures: Textures, seen: Fragments, shade: Tensor,
               room: np.ndarray | None) -> Tensor:  # fmt: skip
        """Linear colors [N, S, S, 3]."""
        portrait, face = textures.portrait, seen.face.clamp(min=0)
        fixed = np.concatenate([portrait.uv, portrait.mirrored, portrait.blend[:, None]], 1)
        at = interpolate(seen, self.triangles, self._tensor(fixed)[None])
        lit = interpolate(seen, self.triangles, shade)
        person = _read(textures.person, at[..., :2])
        color = person[..., :3]
        if portrait.blend.any():
            color = torch.lerp(color, _read(textures.person, at[..., 2:4])[..., :3], at[..., 4:])
        drawn, empty = self.drawn[face], self.openings[face] == OPEN_MOUTH
        color = torch.where(drawn[..., None], lit, color * lit)
        color = torch.where(empty[..., None], DARK, color)
        behind = _read(textures.background, _centers(face.shape[-1], self.device)[None])
        if room is not None:
            behind = behind * self._tensor(room)[:, None, None]
        matte = torch.where(self.labels[face] == HAIR, person[..., 3], 1.0) * (seen.face >= 0)
        return torch.lerp(behind.expand_as(color), color, matte[..., None])

    def _seen(self, points: Tensor, size: int) -> Fragments:
        """The face and the sheet; through the face's openings, what is inside."""
        xy, z, split = _pixels(points, size), points[..., 2], self.scene.outside
        outer = rasterize(xy, z, self.triangles[:split], size, self.behind)
        inner = rasterize(xy, z, self.triangles[split:], size)
        deep = inner.face + split
        opening = self.openings[outer.face.clamp(min=0)] * (outer.face >= 0)
        is_mouth = self.drawn[deep.clamp(max=len(self.triangles) - 1)]
        through = (inner.face >= 0) & (opening == torch.where(is_mouth, OPEN_MOUTH, OPEN_LIDS))
        return Fragments(
            torch.where(through, deep, outer.face),
            torch.where(through[..., None], inner.weights, outer.weights),
            torch.where(through, inner.depth, outer.depth),
        )

    def flow(self, truth: Truth, target: int, source: int) -> tuple[Tensor, Tensor]:
        """Where frame `source` shows what frame `target` shows.

        Args:
            truth: Frames of one portrait.
            target: Number of the frame whose pixels ask.
            source: Number of the frame that is read.

        Returns:
            Crop coordinates (x, y) f32 [S, S, 2] in the source, and bool [S, S]: the source shows
            that point. Pixels of mixed matte are never visible.
        """
        size = truth.image.shape[1]
        seen = Fragments(*(v[target : target + 1] for v in truth.fragments))
        there = interpolate(seen, self.triangles, truth.points[source : source + 1])[0, ..., :2]
        there = there * there.new_tensor([1.0, -1.0])
        still = truth.segments[target] == BACKGROUND
        there = torch.where(still[..., None], _centers(size, self.device), there)
        facts = torch.cat([truth.surface, truth.matte[..., None]], -1)
        found = _read(facts[source].permute(2, 0, 1), there[None])[0]
        same = (found[..., :3] - truth.surface[target]).norm(dim=-1) < SAME_POINT
        mixed = ((found[..., 3] > MIXED[0]) & (found[..., 3] < MIXED[1])) | (
            (truth.matte[target] > MIXED[0]) & (truth.matte[target] < MIXED[1])
        )
        return there, same & ~mixed & (there.abs() < 1).all(-1)

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.asarray(values, np.float32)).to(self.device)


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """A frame [S, S, K] read (bicubic) at crop coordinates [S, S, 2]."""
    picture = image.permute(2, 0, 1)[None]
    read = torch.nn.functional.grid_sample(picture, flow[None], "bicubic", "border", False)
    return read[0].permute(1, 2, 0)


def _read(texture: Tensor, at: Tensor) -> Tensor:
    """A texture [K, P, P] at crop coordinates [N, S, S, 2], as [N, S, S, K]."""
    if texture.shape[-1] >= 2 * at.shape[1]:
        size = (at.shape[1], at.shape[1])
        texture = torch.nn.functional.interpolate(texture[None], size=size, mode="area")[0]
    batch = texture[None].expand(len(at), -1, -1, -1)
    read = torch.nn.functional.grid_sample(batch, at, "bilinear", "border", False)
    return read.permute(0, 2, 3, 1)


def _room(lights: Floats, own: Floats) -> np.ndarray:
    """Factor [N, 3] on the background: the ambient part of each light beside the portrait's."""
    return np.clip(lights[:, 0] / np.maximum(own[0], 1e-3), 0.6, 1.4)


def _pixels(points: Tensor, size: int) -> Tensor:
    return (points[..., :2] * points.new_tensor([1.0, -1.0]) + 1) * (size / 2) - 0.5


def _centers(size: int, device: torch.device) -> Tensor:
    axis = (2 * torch.arange(size, device=device) + 1) / size - 1
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)


def _linear(picture: Tensor) -> Tensor:
    return (picture / 255) ** GAMMA
