"""Who is in the picture: a face labeled by `labels.Landmarker` -> a unit vector per person."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from openvasa.data.labels import FaceLabels
from openvasa.types import Array, Image, InputError

Points = NDArray[np.float64]


class Identity:
    """SFace (OpenCV Zoo, Apache-2.0) run with ONNX Runtime."""

    # Where the eyes (image left, right), nose tip and mouth corners lie in the 112 x 112 input.
    _TEMPLATE = np.array(
        [[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]], np.float64
    )

    def __init__(self, path: Path) -> None:
        """Load the network; raises InputError when the file is missing."""
        import onnxruntime

        if not path.is_file():
            raise InputError(f"{path} is missing: give the SFace .onnx file.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        self._session: Any = onnxruntime.InferenceSession(str(path), options)
        self._input = self._session.get_inputs()[0].name

    def __call__(self, image: Image, labels: FaceLabels) -> Array:
        """Unit identity vector f32 [128] of the labeled face."""
        points = labels.landmarks[:, :2].astype(np.float64) / 2
        eyes = points[468:473].mean(0), points[473:478].mean(0)
        found = np.stack([*eyes, points[1], points[61], points[291]])
        a, b, x, y = _similarity(self._TEMPLATE, found)
        half = PillowImage.fromarray(image).reduce(2)  # the crop is about a fourth: no aliasing
        crop = half.transform(
            (112, 112),
            PillowImage.Transform.AFFINE,
            (a, -b, x, b, a, y),
            PillowImage.Resampling.BILINEAR,
        )
        tensor = np.asarray(crop, np.float32).transpose(2, 0, 1)[None]
        vector = self._session.run(None, {self._input: tensor})[0][0]
        return cast(Array, vector / np.linalg.norm(vector))


def _similarity(source: Points, target: Points) -> tuple[float, float, float, float]:
    """(a, b, x, y) with target = [[a, -b], [b, a]] source + (x, y), by least squares."""
    one, zero = np.ones(len(source)), np.zeros(len(source))
    rows = np.concatenate(
        [
            np.stack([source[:, 0], -source[:, 1], one, zero], 1),
            np.stack([source[:, 1], source[:, 0], zero, one], 1),
        ]
    )
    a, b, x, y = np.linalg.lstsq(rows, target.T.reshape(-1), rcond=None)[0]
    return float(a), float(b), float(x), float(y)


class QuickIdentity:
    """MobileFaceNet (foamliu, Apache-2.0) run with ONNX Runtime: four times as fast as SFace."""

    _MEAN = np.array([0.485, 0.456, 0.406], np.float32)
    _STD = np.array([0.229, 0.224, 0.225], np.float32)

    def __init__(self, path: Path) -> None:
        """Load the network; raises InputError when the file is missing."""
        import onnxruntime

        if not path.is_file():
            raise InputError(f"{path} is missing: give the MobileFaceNet .onnx file.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        self._session: Any = onnxruntime.InferenceSession(str(path), options)

    def __call__(self, image: Image, landmarks: Array) -> Array:
        """Unit identity vector f32 [128].

        Args:
            image: u8 [H, W, 3].
            landmarks: f32 [478, >= 2], pixels.
        """
        points = landmarks[:, :2].astype(np.float64)
        eyes = points[468:473].mean(0), points[473:478].mean(0)
        found = np.stack([*eyes, points[1], points[61], points[291]])
        a, b, x, y = _similarity(found, Identity._TEMPLATE)
        matrix = np.array([[a, -b, x], [b, a, y]])
        crop = cv2.warpAffine(image, matrix, (112, 112), flags=cv2.INTER_LINEAR)
        tensor = ((crop.astype(np.float32) / 255 - self._MEAN) / self._STD).transpose(2, 0, 1)[None]
        vector = self._session.run(None, {"input0": tensor})[0][0]
        return cast(Array, vector / np.linalg.norm(vector))
