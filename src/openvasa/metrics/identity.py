"""Is the person still the person? Likeness of frames to the portrait, by a face recognizer.

| figure | unit | better | definition |
|---|---|---|---|
| identity | cosine | higher | mean over sampled frames, CSIM of the field |
| identity, 5th percentile | cosine | higher | the same frames |
| second identity | cosine | higher | mean, by a network that picked no training data |

SFace (Zhong et al., IEEE TIP 2021; OpenCV Zoo, Apache-2.0) also said which training views show one
person; MobileFaceNet (Chen et al., CCBR 2018; foamliu, Apache-2.0) gives a second opinion.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from openvasa.types import Array, Image, InputError

Floats = NDArray[np.float64]

SIDE = 112  # pixels of the recognizer's input
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
# Irises (left of the image first), nose tip, mouth corners of the mesh ...
_POINTS = (468, 473, 1, 61, 291)
# ... and where the recognizer wants them.
_PLACES = np.array(
    [[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]], np.float64
)


class Recognizer:
    """SFace or MobileFaceNet on ONNX Runtime."""

    def __init__(self, path: Path, *, normalized: bool = False) -> None:
        """Loads the network.

        Args:
            path: Its .onnx file.
            normalized: Whether it wants ImageNet's mean and spread taken out, as MobileFaceNet
                does; SFace takes 0 to 255.

        Raises:
            InputError: There is no such file.
        """
        import onnxruntime

        self._normalized = normalized

        if not path.is_file():
            raise InputError(f"there is no file '{path}': give the face recognizer's .onnx file.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        self._session: Any = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def __call__(self, image: Image, points: Floats) -> Array:
        """Unit vector f32 [128] of the face whose mesh [478, >= 2] lies at these pixels."""
        pixels: Array = np.asarray(align(image, points[:, :2]), np.float32)
        if self._normalized:
            pixels = ((pixels / 255 - _MEAN) / _SPREAD).astype(np.float32)
        tensor = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        vector: Array = self._session.run(None, {self._input: tensor})[0][0]
        return vector / np.linalg.norm(vector)


def align(image: Image, points: Floats) -> Image:
    """The face turned upright and scaled to the recognizer's input, u8 [112, 112, 3]."""
    a, b, x, y = similarity(_PLACES, points[list(_POINTS)])
    shrink = max(1, round(float(np.hypot(a, b))))  # average first: a transform only samples
    small = PillowImage.fromarray(image).reduce(shrink)
    back = tuple(value / shrink for value in (a, -b, x, b, a, y))
    bilinear = PillowImage.Resampling.BILINEAR
    crop = small.transform((SIDE, SIDE), PillowImage.Transform.AFFINE, back, bilinear)
    return np.asarray(crop)


def similarity(source: Floats, target: Floats) -> tuple[float, float, float, float]:
    """(a, b, x, y): target ~ [[a, -b], [b, a]] source + (x, y), by least squares."""
    plane, aim = (points @ np.array([1, 1j]) for points in (source, target))
    design = np.stack([plane, np.ones(len(plane))], 1)
    (turn, shift), *_ = np.linalg.lstsq(design, aim.astype(np.complex128), rcond=None)
    return float(turn.real), float(turn.imag), float(shift.real), float(shift.imag)
