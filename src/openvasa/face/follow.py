"""One face through a video: the mesh in picture after picture, of the person it began with."""

from __future__ import annotations

import numpy as np

from openvasa.face.detect import LEFT_EYE, RIGHT_EYE, Detection, overlap
from openvasa.face.find import PRESENT, find_faces
from openvasa.face.landmarks import MARGIN, MESH_LOWER, MESH_MARGIN, OUTER_EYES, Mesh, find_mesh
from openvasa.types import Image, InputError

AGAIN = 5  # pictures after which a lost face is looked for again
SAME = 0.2  # overlap of two meshes in a row that are one face
NEAR = 1.0  # face heights that a lost face may have gone before it is found again


class FaceFollower:
    """Lays the mesh on one face of each picture; another person's face is never taken instead.

    Attributes:
        faces: How many faces the first picture with a face showed; 0 before there was one.
    """

    def __init__(self, which: int | None = None) -> None:
        """Begins a video.

        Args:
            which: Which face of the first picture that shows one, counted from 1, the largest
                first; None is the largest.
        """
        self.faces = 0
        self._number = 1 if which is None else which
        self._known: Mesh | None = None  # the last one seen
        self._lost = 0  # pictures since then

    def add(self, picture: Image) -> Mesh | None:
        """Follows the face into the next picture u8 [H, W, 3]; None where it is lost.

        Raises:
            InputError: There are faces, but none of the asked number.
        """
        mesh = self._stepped(picture) if self._known is not None and not self._lost else None
        if mesh is None and self._lost % AGAIN == 0:
            mesh = self._searched(picture)
        self._lost = 0 if mesh is not None else self._lost + 1
        self._known = mesh or self._known
        return mesh

    def _stepped(self, picture: Image) -> Mesh | None:
        assert self._known is not None
        mesh = find_mesh(picture, _around(self._known), passes=1)
        same = overlap(mesh.box, self._known.box[None])[0][0] > SAME
        return mesh if mesh.presence >= PRESENT and same else None

    def _searched(self, picture: Image) -> Mesh | None:
        found = find_faces(picture)
        if self._known is None:
            if found and self._number > len(found):
                raise InputError(
                    f"there is no face {self._number} in the video, which begins with "
                    f"{len(found)}: choose from 1 to {len(found)}."
                )
            self.faces = len(found)
            return found[self._number - 1].mesh if found else None
        known = self._known
        gone = [np.linalg.norm(_middle(face.mesh) - _middle(known)) for face in found]
        if not gone or min(gone) > NEAR * known.height:
            return None
        return found[int(np.argmin(gone))].mesh


def _middle(mesh: Mesh) -> np.ndarray:
    return np.asarray(mesh.box[:2] + mesh.box[2:]) / 2


def _around(mesh: Mesh) -> Detection:
    """Where the mesh's own square in the next picture should lie, told as a detection."""
    longer = float((mesh.box[2:] - mesh.box[:2]).max())
    center = _middle(mesh) + np.array([0, MESH_LOWER * longer])
    half = MESH_MARGIN / MARGIN * longer / 2
    keypoints = np.zeros((6, 2), np.float32)
    keypoints[[LEFT_EYE, RIGHT_EYE]] = mesh.points[list(OUTER_EYES), :2]
    box = np.concatenate([center - half, center + half]).astype(np.float32)
    return Detection(box=box, keypoints=keypoints, score=1.0)
