"""Photo -> the one face to animate, or one clear sentence why there is none.

Decides which detections are faces, which way up the photo is and which face is meant.
Knows nothing of files or networks of ours.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from openvasa.face.align import crop_box, to_crop_units
from openvasa.face.detect import CERTAIN, UNSURE, Detection, detect, overlap
from openvasa.face.landmarks import Mesh, find_mesh
from openvasa.types import AlignedFace, Image, InputError

SMALLEST = 64  # pixels, forehead to chin
MOST_TURNED = math.radians(60)  # beyond, half the face is not in the photo
PRESENT = 0.5  # the mesh's own confidence
UPRIGHT = 0.88  # upright faces score above; the detector also sees upside-down ones, but lower
MOST_TILTED = math.radians(60)  # beyond, the photo lies on its side
AS_GIVEN_BONUS = 0.1  # in doubt the photo is the right way up
MOST_FACES = 24  # candidates that the mesh looks at
SAME_FACE = 0.5  # intersection over union of two meshes
ADVICE = "use a photo where the face is at least 80 pixels high and looks toward the camera"


class Face(NamedTuple):
    """A detection and the mesh laid over it."""

    detection: Detection
    mesh: Mesh

    @property
    def certainty(self) -> float:
        """The product of both confidences, in [0, 1]."""
        return self.detection.score * self.mesh.presence


def find_face(photo: Image, which: int | None = None) -> AlignedFace:
    """Find the face to animate.

    A photo that lies on its side or upside down is turned upright; all results then refer to the
    turned photo in `AlignedFace.photo`.

    Args:
        photo: u8 [H, W, 3].
        which: Which face, counted from 1, the largest first; None means the largest.

    Returns:
        The face, the crop around it and how many faces there are.

    Raises:
        InputError: There is no face, no such face, or the face is too small or turned away.
    """
    upright, faces = _upright(photo)
    if not faces:
        raise InputError(f"No face was found in the photo; {ADVICE}.")
    number = 1 if which is None else which
    if not 1 <= number <= len(faces):
        raise InputError(_no_such_face(number, len(faces)))
    detection, mesh = faces[number - 1]
    _check(mesh)
    box = crop_box(mesh.surface)
    return AlignedFace(
        photo=upright,
        box=box,
        landmarks=to_crop_units(mesh.points, box),
        faces=len(faces),
        score=detection.score,
    )


def find_faces(photo: Image, threshold: float = CERTAIN) -> list[Face]:
    """Find every face that detector and mesh agree on, the largest first.

    Args:
        photo: u8 [H, W, 3].
        threshold: Lowest detector score that counts.
    """
    candidates = sorted(detect(photo, threshold), key=lambda face: -face.area)[:MOST_FACES]
    faces: list[Face] = []
    for detection in sorted(candidates, key=lambda face: -face.score):
        mesh = find_mesh(photo, detection)
        known = np.array([face.mesh.box for face in faces]).reshape(-1, 4)
        if mesh.presence >= PRESENT and not np.any(overlap(mesh.box, known)[0] > SAME_FACE):
            faces.append(Face(detection, mesh))
    return sorted(faces, key=lambda face: -face.mesh.height)


def _upright(photo: Image) -> tuple[Image, list[Face]]:
    """The photo turned so that its faces stand upright, and these faces."""
    faces = find_faces(photo)
    if faces and faces[0].detection.score >= UPRIGHT and abs(faces[0].mesh.roll) < MOST_TILTED:
        return photo, faces
    best, best_photo, best_faces = 0.0, photo, faces
    for quarter_turns in range(4):
        turned = np.ascontiguousarray(np.rot90(photo, quarter_turns))
        faces = find_faces(turned, UNSURE)
        standing = [face.certainty for face in faces if abs(face.mesh.roll) < MOST_TILTED]
        value = max(standing, default=0.0) + (AS_GIVEN_BONUS if quarter_turns == 0 else 0.0)
        if standing and value > best:
            best, best_photo, best_faces = value, turned, faces
    certain = [face for face in best_faces if face.detection.score >= CERTAIN]
    return best_photo, certain or best_faces


def _no_such_face(number: int, faces: int) -> str:
    if number < 1:
        return f"Faces are counted from 1, so there is no face {number}; use 1 for the largest."
    if faces == 1:
        return f"There is no face {number}: the photo shows one face; use 1 or leave it out."
    return f"There is no face {number}: the photo shows {faces} faces; use 1 to {faces}."


def _check(mesh: Mesh) -> None:
    if mesh.height < SMALLEST:
        raise InputError(f"The face is only {mesh.height:.0f} pixels high; {ADVICE}.")
    if abs(mesh.yaw) > MOST_TURNED:
        degrees = abs(math.degrees(mesh.yaw))
        raise InputError(f"The face is turned {degrees:.0f} degrees away; {ADVICE}.")
