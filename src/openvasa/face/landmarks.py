"""The 478-point face mesh of a face that the detector found, and how sure the mesh is of it.

The graph is the mesh of MediaPipe's FaceLandmarker (256 x 256 pixels, 468 surface points and 10
iris points). It wants an upright face, so each face is cut out along its own tilt first.
Knows nothing of whole photos, crops or networks of ours.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from openvasa.face.align import cut
from openvasa.face.detect import LEFT_EYE, MODELS, RIGHT_EYE, Detection, TfliteNet
from openvasa.types import Array, CropBox, Image

MESH = MODELS / "face_landmarks_detector.tflite"
SIZE = 256  # pixels, side of the mesh network's input
POINTS = 468  # surface points; the 10 iris points follow them
MARGIN = 1.5  # side of the mesh's square per longer side of the detector's box
# The mesh depends a little on its square (1.5 % of face height). These two put the second pass
# where the detector's square is on average, without the detector's jitter (measured, 34 faces).
MESH_MARGIN = 1.39  # side of the second pass's square per longer side of the mesh
MESH_LOWER = 0.026  # how far down it lies, per longer side of the mesh
PASSES = 2  # once from the detector's keypoints, then from the mesh itself
OUTER_EYES = (33, 263)  # outer corners, image left first
EARS = (234, 454)  # face edges in front of the ears, image left first


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """One face's mesh, in photo pixels.

    Attributes:
        points: f32 [478, 3]: x right, y down, z toward the camera negative; 468 surface points,
            then 5 of each iris.
        presence: Confidence that there is a face, in [0, 1].
    """

    points: Array
    presence: float

    @property
    def surface(self) -> Array:
        """The 468 surface points, f32 [468, 3]."""
        return self.points[:POINTS]

    @property
    def box(self) -> Array:
        """Left, top, right, bottom, f32 [4]."""
        flat = self.surface[:, :2]
        return np.concatenate([flat.min(0), flat.max(0)])

    @property
    def height(self) -> float:
        """Forehead to chin, in pixels."""
        return float(np.linalg.norm(self.points[10, :2] - self.points[152, :2]))

    @property
    def roll(self) -> float:
        """Tilt in the image, in radians; clockwise positive."""
        return _tilt(self.points[OUTER_EYES[0]], self.points[OUTER_EYES[1]])

    @property
    def yaw(self) -> float:
        """Turn of the head in radians; the nose toward the image's right is positive."""
        across = self.points[EARS[1]] - self.points[EARS[0]]
        along = np.array([math.cos(self.roll), math.sin(self.roll)])
        return math.atan2(float(across[2]), float(across[:2] @ along))


@functools.cache
def mesh_net() -> TfliteNet:
    """The mesh network, opened at first use."""
    return TfliteNet(MESH)


def find_mesh(photo: Image, face: Detection, passes: int = PASSES) -> Mesh:
    """Lay the mesh over one detected face.

    Args:
        photo: u8 [H, W, 3].
        face: Where the detector saw it.
        passes: How often the mesh is laid; from the second on, it starts from its own points.
    """
    center = (face.box[:2] + face.box[2:]) / 2
    side = MARGIN * float(np.max(face.box[2:] - face.box[:2]))
    roll = _tilt(face.keypoints[LEFT_EYE], face.keypoints[RIGHT_EYE])
    mesh = _lay(photo, CropBox(float(center[0]), float(center[1]), side), roll)
    for _ in range(passes - 1):
        mesh = _lay(photo, _square_of(mesh), mesh.roll)
    return mesh


def _square_of(mesh: Mesh) -> CropBox:
    """The square for the next pass, from the mesh's extent along its own tilt."""
    cos, sin = math.cos(mesh.roll), math.sin(mesh.roll)
    upright = np.array([[cos, -sin], [sin, cos]])  # columns: the face's right and down
    along = mesh.surface[:, :2].astype(np.float64) @ upright
    low, high = along.min(0), along.max(0)
    longer = float(np.max(high - low))
    center = upright @ ((low + high) / 2 + [0, MESH_LOWER * longer])
    return CropBox(float(center[0]), float(center[1]), MESH_MARGIN * longer)


def _tilt(left: NDArray[Any], right: NDArray[Any]) -> float:
    return math.atan2(float(right[1] - left[1]), float(right[0] - left[0]))


def _lay(photo: Image, square: CropBox, roll: float) -> Mesh:
    """Run the network on a square, turned by `roll` so that the face in it is upright."""
    center, side = np.array([square.cx, square.cy]), square.side
    upright = _turned(photo, square, roll)
    raw = mesh_net()(np.divide(upright, 255, dtype=np.float32))
    points = raw[0].reshape(-1, 3).astype(np.float64) * (side / SIZE)
    cos, sin = math.cos(roll), math.sin(roll)
    centered = points[:, :2] - side / 2
    points[:, :2] = centered @ np.array([[cos, sin], [-sin, cos]]) + center
    presence = 1 / (1 + math.exp(-float(np.clip(raw[1].item(), -60, 60))))
    return Mesh(points=points.astype(np.float32), presence=presence)


def _turned(photo: Image, square: CropBox, roll: float) -> Image:
    """The square, turned clockwise by `roll` around its center, as u8 [256, 256, 3].

    A wider upright square is shrunk first, because a turned cut alone would alias.
    """
    wide = math.sqrt(2)
    canvas = math.ceil(SIZE * wide)
    outer = CropBox(square.cx, square.cy, square.side * canvas / SIZE)
    cos, sin, half, middle = math.cos(roll), math.sin(roll), SIZE / 2, canvas / 2
    to_canvas = (
        cos, -sin, middle - half * (cos - sin),
        sin, cos, middle - half * (sin + cos),
    )  # fmt: skip
    picture = PilImage.fromarray(cut(photo, outer, canvas))
    turned = picture.transform(
        (SIZE, SIZE), PilImage.Transform.AFFINE, to_canvas, PilImage.Resampling.BILINEAR
    )
    return np.asarray(turned, np.uint8)
