"""Faces -> labels: 478 mesh points and 52 expression scores from MediaPipe's face landmarker.

The labeller of the training data only; the animate path never imports it. Needs the `train` extra
and a `face_landmarker.task` file (docs/data.md says where it comes from). Knows nothing of files
of pictures, clips or networks of ours.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from openvasa.face.align import CHIN, FOREHEAD, to_crop_units
from openvasa.types import Array, CropBox, Image, InputError

MESH_POINTS = 478  # 468 of the face, then 5 of each iris

# The order in which the network gives its scores; "_neutral" is no expression.
SCORE_NAMES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft",
    "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft",
    "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen",
    "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip


class FaceLabels(NamedTuple):
    """What the landmarker says of one face.

    Attributes:
        landmarks: f32 [478, 3] in image pixels: x right, y down, z in pixels too, negative toward
            the camera.
        scores: f32 [52] in [0, 1], in the order of `SCORE_NAMES`.
    """

    landmarks: Array
    scores: Array


class Landmarker:
    """MediaPipe's face landmarker in image mode: every picture is labeled on its own."""

    def __init__(self, task_file: Path | str, max_faces: int = 4) -> None:
        """Load the network.

        Args:
            task_file: The `face_landmarker.task` file.
            max_faces: How many faces to look for before the largest is taken.

        Raises:
            InputError: The file or the mediapipe package is missing.
        """
        if not Path(task_file).is_file():
            raise InputError(f"give the face_landmarker.task file; {task_file} is not a file")
        os.environ.setdefault("GLOG_minloglevel", "3")  # one banner per process is not news
        try:
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision
        except ImportError as error:
            raise InputError("install the training extra: pip install 'openvasa[train]'") from error
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(task_file)),
            output_face_blendshapes=True,
            num_faces=max_faces,
        )
        self._mediapipe: Any = mediapipe
        self._detector: Any = vision.FaceLandmarker.create_from_options(options)

    def __enter__(self) -> Landmarker:
        """The landmarker itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Free the network."""
        self._detector.close()

    def label(self, image: Image) -> FaceLabels | None:
        """Label the largest face of a picture.

        Args:
            image: u8 [H, W, 3] RGB.

        Returns:
            The labels in pixels of this image, or None where no face is found.
        """
        pixels = np.ascontiguousarray(image)
        picture = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=pixels)
        found = self._detector.detect(picture)
        if not found.face_landmarks:
            return None
        height, width = image.shape[:2]
        scale = np.array([width, height, width], np.float32)  # z is in units of the width
        faces = [
            np.array([(p.x, p.y, p.z) for p in face], np.float32) * scale
            for face in found.face_landmarks
        ]
        best = largest(faces)
        scores = np.array([s.score for s in found.face_blendshapes[best]], np.float32)
        return FaceLabels(faces[best], scores)


def largest(faces: list[Array]) -> int:
    """The index of the tallest of several faces.

    Args:
        faces: Mesh points of each, [478, 3] in pixels.

    Returns:
        An index into `faces`.
    """
    heights = [float(np.linalg.norm(face[FOREHEAD, :2] - face[CHIN, :2])) for face in faces]
    return int(np.argmax(heights))


def valid_region(box: CropBox, height: int, width: int) -> Array:
    """Where a crop shows the picture; elsewhere the picture's edge pixels are repeated.

    Args:
        box: The crop, in pixels of the picture.
        height: Of the picture.
        width: Of the picture.

    Returns:
        f32 [4], left, top, right, bottom in crop units, each in [-1, 1].
    """
    corners = to_crop_units(np.array([[0.0, 0.0], [width, height]]), box)
    return np.clip(corners, -1.0, 1.0).reshape(4)
