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

from openvasa.data.head import INNER_LIPS, FittedHead, HeadBasis, pose_head
from openvasa.data.head import index_of as shape
from openvasa.latent.surface import (
    EYEBALL_REACH,
    EYES,
    FLIP,
    MOUTH,
    PortraitSurface,
    Topology,
    inside,
    pixels,
    raster,
    rotation_from,
    transform,
)

UPPER_TEETH_DROP = 0.026  # crop units: lips of the scans hide more teeth than speakers' do
TONES = np.array([[0.16, 0.06, 0.06], [0.62, 0.30, 0.29], [0.92, 0.89, 0.83]], np.float32)


@dataclass(frozen=True)
class Rendering:
    """What is known exactly about one rendered picture of size S.

    Attributes:
        image: f32 [S, S, 3] in [0, 1].
        flow: f32 [S, S, 2], for each pixel the crop coordinates (x, y) in the source photo.
        visible: f32 [S, S], 1 where the photo shows it, 0 where it had to be drawn.
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


class HeadRenderer:
    """Renders portraits through one `HeadBasis`."""

    def __init__(self, basis: HeadBasis) -> None:
        """Triangulate the face and find the mouth's normals."""
        self.basis = basis
        self.topology = triangulate(basis)
        normals = np.zeros_like(basis.mouth_mean)
        corner = basis.mouth_mean[basis.mouth_triangles]
        face_normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        for k in range(3):
            np.add.at(normals, basis.mouth_triangles[:, k], face_normal)
        still = np.linalg.norm(basis.mouth_expression[shape("jawOpen")], axis=1)
        self.upper = (basis.mouth_part > 0) & (still < 0.25 * still.max())
        self.normals = normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12)

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
        visible = (label != MOUTH).astype(np.float32)
        if (label == MOUTH).any():
            interior = self.mouth(head, pose, expression, label == MOUTH, photo)
            image = np.where(visible[..., None] > 0, image, interior)
        return Rendering(image, flow, visible, label, to_image(target))

    def mouth(self, head: FittedHead, pose: np.ndarray, expression: np.ndarray,
              hole: np.ndarray, photo: np.ndarray) -> np.ndarray:  # fmt: skip
        """Teeth, gums and tongue f32 [S, S, 3] as seen through `hole`, bool [S, S]."""
        basis, size = self.basis, len(hole)
        own = head.canonical - np.tensordot(head.expression, basis.expression, 1)
        mean = basis.mean
        width = np.linalg.norm(own[61] - own[291]) / np.linalg.norm(mean[61] - mean[291])
        lips = [61, 291, 13, 14]
        points = basis.mouth_mean + np.tensordot(expression, basis.mouth_expression, 1)
        points = (points - mean[lips].mean(0)) * np.array([width, 1.0, 1.0])
        points[self.upper, 1] -= UPPER_TEETH_DROP
        corner = 0.7 * abs(float(mean[61, 0])) * width  # little light reaches past the canines
        placed = transform(points + own[lips].mean(0), pose)
        normal = self.normals @ rotation_from(pose).T
        light = np.clip(normal @ np.array([0.0, 0.25, 0.97]), 0, 1)
        lip_depth = transform(own[lips].mean(0, keepdims=True), pose)[0, 2]
        deep = np.exp(8.0 * np.minimum(placed[:, 2] - lip_depth + 0.10, 0.0))
        deep = deep * np.exp(-((points[:, 0] / corner) ** 4))
        middle = slice(len(photo) // 4, 3 * len(photo) // 4, max(1, len(photo) // 128))
        bright = np.clip(np.percentile(photo[middle, middle], 85) / 200.0, 0.35, 1.0)
        shade = (0.45 + 0.55 * light) * deep * bright
        color = TONES[basis.mouth_part] * shade[:, None]
        out = np.tile(0.3 * bright * TONES[0], (size, size, 1)).astype(np.float64)
        zbuf, hit = np.full((size, size), -1e9), np.zeros((size, size), np.int8)
        raster(pixels(placed, size), placed[:, 2], color, basis.mouth_triangles, 1, zbuf, out, hit)
        near_lips = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), max(size / 110, 0.8))
        return (out * (0.4 + 0.6 * near_lips[..., None])).astype(np.float32)


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
