"""One face through a video: the shipped mesh in every frame, and what follows from its points.

The mesh is MediaPipe's, which ships for portraits and which also labels the training data: a judge
that may be kind to our mistakes. `judges` offers others for head pose and identity. Head pose and
size come from laying the mean face on points that expressions hardly move; gaze from the irises
between the eyes' corners and from the head. Knows nothing of files of video or of metrics.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openvasa.face.detect import Detection, overlap
from openvasa.face.find import find_faces
from openvasa.face.landmarks import MARGIN, MESH_LOWER, MESH_MARGIN, OUTER_EYES, Mesh, find_mesh
from openvasa.latent.surface import FLIP, IRIS, LIDS, STABLE, rigid_fit
from openvasa.types import Image
from openvasa.weights import load_model

Floats = NDArray[np.float64]

_TOP, _CHIN = 10, 152
_INNER_LIPS = ((13, 14), (82, 87), (312, 317))  # upper and lower, middle and beside it
_MOUTH_CORNERS = (61, 291)
_EYE_CORNERS = ((33, 133), (362, 263))  # left of the image first
_PRESENT = 0.5  # the mesh's own confidence
_AGAIN = 5  # frames after which a lost face is looked for again
_SAME = 0.2  # overlap of two meshes in a row that are one face
_EYEBALL = 0.0635  # radius in units of the mean face, 12 mm where a face is 190 mm high
_REST = np.array([0.0, 0.21])  # radians; where irises sit when looking straight ahead


@dataclass(frozen=True)
class FaceSequence:
    """A face over T frames at 25 fps; frames where it is lost repeat the nearest that has it.

    Attributes:
        points: f64 [T, 478, 3], pixels: x right, y down, z toward the camera negative.
        found: bool [T].
    """

    points: Floats
    found: NDArray[np.bool_]

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.points)

    @cached_property
    def height(self) -> Floats:
        """Forehead to chin in pixels, [T]."""
        return self._apart(_TOP, _CHIN)

    @cached_property
    def gap(self) -> Floats:
        """Opening between the inner lips relative to the face's height, [T]."""
        gaps = [self._apart(upper, lower) for upper, lower in _INNER_LIPS]
        return np.asarray(np.mean(gaps, axis=0) / self.height)

    @cached_property
    def lip_width(self) -> Floats:
        """Mouth corner to corner, relative to outer eye corner to eye corner, [T]."""
        return self._apart(*_MOUTH_CORNERS) / self._apart(*OUTER_EYES)

    @cached_property
    def eye_opening(self) -> Floats:
        """Lids' distance over the eye's width, mean of both eyes, [T]."""
        eyes = []
        for (upper, lower), corners in zip(LIDS, _EYE_CORNERS, strict=True):
            middle = slice(2, 5)  # of seven pairs of points
            lids = self.points[:, upper[middle]] - self.points[:, lower[middle]]
            eyes.append(np.linalg.norm(lids, axis=2).mean(1) / self._apart(*corners))
        return np.asarray(np.mean(eyes, axis=0))

    @cached_property
    def _fits(self) -> tuple[Floats, Floats, Floats]:
        """Scale [T], rotation [T, 3, 3] and shift [T, 3] of the mean face."""
        mean = mean_face()[STABLE]
        fits = [rigid_fit(mean, points[STABLE] * FLIP) for points in self.points]
        scale, rotation, shift = (np.array(part) for part in zip(*fits, strict=True))
        return scale, rotation, shift

    @property
    def scale(self) -> Floats:
        """Size of the head in pixels per unit of the mean face, [T]."""
        return self._fits[0]

    @cached_property
    def angles(self) -> Floats:
        """Yaw, pitch, roll in degrees, [T, 3]: nose to the image's right, up, clockwise."""
        return angles_of(self._fits[1])

    @cached_property
    def gaze(self) -> Floats:
        """Where the eyes look, relative to the camera: yaw and pitch in degrees, [T, 2]."""
        canonical, rotation = self.canonical, self._fits[1]
        eyes = []
        for (outer, inner), iris in zip(_EYE_CORNERS, IRIS, strict=True):
            center = (canonical[:, outer] + canonical[:, inner]) / 2
            off = np.clip((canonical[:, iris] - center)[:, :2] / _EYEBALL, -0.7, 0.7)
            eyes.append(np.arcsin(off))
        yaw, pitch = (np.mean(eyes, axis=0) - _REST).T
        ahead = np.stack(
            [np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], 1
        )
        x, y, z = np.einsum("tij,tj->ti", rotation, ahead).T
        return np.degrees(np.stack([np.arctan2(x, z), np.arcsin(np.clip(y, -1, 1))], 1))

    @cached_property
    def canonical(self) -> Floats:
        """The points in the head's own frame, y up, units of the mean face, [T, 478, 3]."""
        scale, rotation, shift = self._fits
        moved = (self.points * FLIP - shift[:, None]) / scale[:, None, None]
        return np.asarray(np.einsum("tni,tij->tnj", moved, rotation))

    def _apart(self, first: int, second: int) -> Floats:
        apart = self.points[:, first, :2] - self.points[:, second, :2]
        return np.asarray(np.linalg.norm(apart, axis=1))

    def save(self, path: Path) -> None:
        """Writes the sequence as npz."""
        with path.open("wb") as file:
            np.savez_compressed(file, points=self.points.astype(np.float32), found=self.found)

    @classmethod
    def load(cls, path: Path) -> FaceSequence:
        """Reads what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["points"].astype(np.float64), stored["found"])


class FaceFollower:
    """Lays the mesh on the largest face of picture after picture."""

    def __init__(self) -> None:
        """Begins a video."""
        self._last: Mesh | None = None
        self._lost = 0
        self._seen: list[Mesh | None] = []

    def add(self, picture: Image) -> Mesh | None:
        """Follows the face into the next picture u8 [H, W, 3]; None where it is lost."""
        mesh = None if self._last is None else find_mesh(picture, _near(self._last), passes=1)
        if mesh is not None and (mesh.presence < _PRESENT or not _same(mesh, self._last)):
            mesh = None
        if mesh is None:
            if self._last is not None or self._lost % _AGAIN == 0:
                faces = find_faces(picture)
                mesh = faces[0].mesh if faces else None
            self._lost += 1
        if mesh is not None:
            self._lost = 0
        self._last = mesh
        self._seen.append(mesh)
        return mesh

    def sequence(self) -> FaceSequence | None:
        """All pictures so far; None where no face was seen in any."""
        return joined(self._seen)


def follow(images: Iterable[Image]) -> FaceSequence | None:
    """The face through pictures u8 [H, W, 3]; None where there is none."""
    follower = FaceFollower()
    for image in images:
        follower.add(image)
    return follower.sequence()


def joined(meshes: list[Mesh | None]) -> FaceSequence | None:
    """Meshes of consecutive frames as one sequence; None if all are None."""
    found = np.array([mesh is not None for mesh in meshes], np.bool_)
    if not found.any():
        return None
    known = np.flatnonzero(found)
    nearest = known[np.abs(np.arange(len(found))[:, None] - known).argmin(axis=1)]
    points = {i: mesh.points for i, mesh in enumerate(meshes) if mesh is not None}
    return FaceSequence(np.stack([points[int(i)] for i in nearest]).astype(np.float64), found)


def angles_of(rotation: Floats) -> Floats:
    """Yaw, pitch, roll in degrees [..., 3] of rotations [..., 3, 3] (x right, y up, z near)."""
    pitch = np.arcsin(np.clip(-rotation[..., 2, 1], -1, 1))
    yaw = np.arctan2(-rotation[..., 2, 0], rotation[..., 2, 2])
    roll = np.arctan2(rotation[..., 0, 1], rotation[..., 1, 1])
    return np.degrees(np.stack([yaw, pitch, roll], -1))


@cache
def mean_face() -> Floats:
    """The mean face, f64 [468, 3], y up, of the model that ships."""
    return load_model().tensors("surface")["mean"].astype(np.float64)


def _near(mesh: Mesh) -> Detection:
    """Where the mesh's own square in the next picture should lie, told as a detection."""
    low, high = mesh.box[:2], mesh.box[2:]
    longer = float((high - low).max())
    center = (low + high) / 2 + np.array([0, MESH_LOWER * longer])
    half = MESH_MARGIN / MARGIN * longer / 2
    eyes = mesh.points[list(OUTER_EYES), :2]
    keypoints = np.concatenate([eyes, np.zeros((4, 2))]).astype(np.float32)
    box = np.concatenate([center - half, center + half]).astype(np.float32)
    return Detection(box=box, keypoints=keypoints, score=1.0)


def _same(mesh: Mesh, last: Mesh | None) -> bool:
    return last is not None and bool(overlap(mesh.box, last.box[None])[0][0] > _SAME)
