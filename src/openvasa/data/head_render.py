"""Renders a portrait at another pose and expression, with exact flow, visibility and labels.

The photo is carried by a mesh: the 468 face points, the eyes behind their lids, and a sheet that
follows the skull near the face and rests at the border of the crop, so that hair moves with the
head, the neck gives way and the background stays. Teeth, gums and tongue are drawn where lips
part. Everything is on the CPU, a few milliseconds a picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import Delaunay

from openvasa.data.head import (
    OUTER_LIPS,
    FittedHead,
    HeadBasis,
    express,
    pose_head,
    vertex_normals,
)
from openvasa.data.head import index_of as shape
from openvasa.data.head_light import GAMMA, fit_light, to_linear
from openvasa.data.head_mouth import MouthInterior, white_of
from openvasa.latent.raster import inside, pixels, raster
from openvasa.latent.surface import (
    EYEBALL_REACH,
    EYES,
    FLIP,
    INNER_LIPS,
    MOUTH,
    PortraitSurface,
    Topology,
    transform,
)

FINER = 2  # the mouth is drawn this much larger and averaged: teeth are small


@dataclass(frozen=True)
class Rendering:
    """What is known exactly about one rendered picture of size S.

    Attributes:
        image: f32 [S, S, 3] in [0, 1].
        flow: f32 [S, S, 2], for each pixel the crop coordinates (x, y) in the source photo.
        visible: f32 [S, S], 1 where the photo shows it, 0 where it had to be drawn, between
            on the rim of the lips.
        label: i8 [S, S]: sheet, face, mouth interior or eye.
        landmarks: f32 [478, 3] in the image convention.
    """

    image: np.ndarray
    flow: np.ndarray
    visible: np.ndarray
    label: np.ndarray
    landmarks: np.ndarray


def triangulate(basis: HeadBasis) -> Topology:
    """Delaunay triangles over the mean face with its mouth parted."""
    spread = basis.mean + 0.4 * basis.expression[shape("jawOpen")]
    triangles = Delaunay(spread[:, :2]).simplices
    centers = spread[triangles].mean(1)[:, :2]
    mouth = inside(centers, spread[INNER_LIPS, :2])
    eyes = [inside(centers, spread[e, :2]) for e in EYES]
    eyeballs = []
    for contour in EYES:
        outline = spread[contour, :2]
        center = outline.mean(0)
        ring = center + 0.022 * np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]])
        wide = center + EYEBALL_REACH * (outline - center)
        eyeballs.append(Delaunay(np.concatenate([ring, wide])).simplices)
    count = max(len(e) for e in eyeballs)
    eyeballs = [np.concatenate([e, np.repeat(e[:1], count - len(e), 0)]) for e in eyeballs]
    return Topology(
        skin=triangles[~(mouth | eyes[0] | eyes[1])], mouth=triangles[mouth],
        eyes=triangles[eyes[0] | eyes[1]], eyeballs=np.stack(eyeballs),
    )  # fmt: skip


def bare_skin(basis: HeadBasis) -> np.ndarray:
    """Points of the face mesh that are skin on everybody: not lips, eyes, brows or their rims."""
    xy = basis.mean[:, :2]
    lips = xy[OUTER_LIPS]
    away = ~inside(xy, lips.mean(0) + 1.15 * (lips - lips.mean(0)))
    for contour in EYES:
        center = xy[contour].mean(0)
        reach = 1.5 * np.ptp(xy[contour, 0]) / 2
        # An ellipse reaching up to the brows.
        offset = (xy - center - [0.0, 0.3 * reach]) / [reach, reach]
        away &= (offset**2).sum(1) > 1
    return np.flatnonzero(away)


class HeadRenderer:
    """Renders portraits through one `HeadBasis`."""

    def __init__(self, basis: HeadBasis) -> None:
        """Triangulate the face and set up the mouth."""
        self.basis = basis
        self.topology = triangulate(basis)
        self.inside = MouthInterior(basis)
        self.cheeks = bare_skin(basis)

    def surface(self, head: FittedHead) -> PortraitSurface:
        """The portrait's surface, to be kept while more than one picture of it is rendered."""
        return PortraitSurface(self.topology, head.landmarks, head.pose)

    def render(self, photo: np.ndarray, head: FittedHead, pose: np.ndarray,
               expression: np.ndarray, size: int = 256,
               surface: PortraitSurface | None = None) -> Rendering:  # fmt: skip
        """Render `photo` (u8 [P, P, 3], the source crop) at z_pose and e.

        Args:
            photo: The source crop.
            head: The portrait's fitted head.
            pose: Target z_pose [6].
            expression: Target e [45].
            size: Output size in pixels.
            surface: `self.surface(head)` where kept.
        """
        target = pose_head(self.basis, head, pose, expression)
        flow, label = (surface or self.surface(head)).move(target, pose, size)
        image = sample(photo, flow)
        hole = (label == MOUTH).astype(np.float32)
        if hole.any():
            hole = cv2.GaussianBlur(hole, (3, 3), 0.6)  # lips end softly
            interior = self.mouth(head, pose, expression, hole > 0, photo)
            image = image + hole[..., None] * (interior - image)
        visible = 1 - hole
        return Rendering(image, flow, visible, label, to_image(target))

    def mouth(self, head: FittedHead, pose: np.ndarray, expression: np.ndarray,
              hole: np.ndarray, photo: np.ndarray) -> np.ndarray:  # fmt: skip
        """Teeth, gums and tongue f32 [S, S, 3] as seen through `hole`, bool [S, S]."""
        face = express(self.basis, head.canonical[None], head.expression[None],
                       expression[None])[0]  # fmt: skip
        placed = self.inside.place(head, expression[None])[0]
        color = self.inside.shade(placed, face, pose, self.light(photo, head),
                                  white_of(photo, head))  # fmt: skip
        placed, size = transform(placed, pose), len(hole)
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        top, left = rows[0], columns[0]
        shape = (rows[-1] + 1 - top, columns[-1] + 1 - left)
        fine = tuple(FINER * n for n in shape)
        xy = pixels(placed, FINER * size) - FINER * np.array([left, top])
        drawn = np.zeros((*fine, 3))
        zbuf, hit = np.full(fine, -1e9), np.zeros(fine, np.int8)
        raster(xy, placed[:, 2], color, self.inside.triangles, 1, zbuf, drawn, hit)
        mean = drawn.reshape(shape[0], FINER, shape[1], FINER, 3).mean((1, 3))
        out = np.zeros((size, size, 3), np.float32)
        out[top : top + shape[0], left : left + shape[1]] = np.clip(mean, 0, 1) ** (1 / GAMMA)
        return out

    def light(self, photo: np.ndarray, head: FittedHead) -> np.ndarray:
        """The portrait's light [9, 3], from the colors of its skin (see `head_light`)."""
        small = cv2.resize(photo, (96, 96), interpolation=cv2.INTER_AREA) / 255.0
        at = np.rint(pixels(head.landmarks[self.cheeks], 96)).astype(int).clip(0, 95)
        normals = vertex_normals(head.landmarks[:468], self.topology.skin)[self.cheeks]
        return fit_light(to_linear(small[at[:, 1], at[:, 0]]), normals)


def to_image(points: np.ndarray) -> np.ndarray:
    """From y up, z toward the camera to the image convention, f32."""
    return (points * FLIP).astype(np.float32)


def sample(photo: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """The photo (u8 [P, P, 3]) read at `flow` (crop units), f32 [S, S, 3] in [0, 1]."""
    if len(photo) >= 2 * len(flow):
        photo = cv2.resize(photo, (len(flow) * 2,) * 2, interpolation=cv2.INTER_AREA)
    at = ((flow + 1) * (len(photo) / 2) - 0.5).astype(np.float32)
    x, y = at[..., 0], at[..., 1]
    image = cv2.remap(photo, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return image.astype(np.float32) / 255.0
