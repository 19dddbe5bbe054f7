"""Faces in a photo of any size: boxes, six keypoints and scores.

BlazeFace (short range) looks at windows of 128 x 128 pixels, so the photo is shown to it as a
pyramid of overlapping windows: faces that fill the picture and faces of 64 pixels in a
20-megapixel photo then both have a size it knows. Knows nothing of meshes, crops or networks.

Sources: BlazeFace, arXiv 1907.05047 (SSD head, weighted non-maximum suppression).
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from openvasa.types import Array, Image

MODELS = Path(__file__).parent / "models"
DETECTOR = MODELS / "face_detection_short_range.tflite"
WINDOW = 128  # pixels, side of the detector's input
STEP = 80  # pixels between windows: a face of up to 48 pixels lies whole inside one
PADDED = 80  # pixels, long side of the smallest level: the photo with a wide border around it
FINEST = 5  # photo pixels per pixel of the finest level: a face of 64 pixels is 13 there
CERTAIN = 0.5  # score of a face beyond doubt
UNSURE = 0.25  # score worth a second look: paintings, masks, heavy shadow
WINDOW_CERTAIN = 0.7  # inside windows, skin and cloth look like faces more often
OVERLAP = 0.3  # intersection over union from which two boxes are one face
INSIDE = 0.6  # share of the smaller box from which it is a part of the larger face
LEVEL_GAIN = 2.0  # photo pixels per pixel, from one level to the next

LEFT_EYE, RIGHT_EYE, NOSE, MOUTH, LEFT_EAR, RIGHT_EAR = range(6)  # left and right of the image


@dataclass(frozen=True, kw_only=True)
class Detection:
    """One face as the detector sees it, in photo pixels.

    Attributes:
        box: f32 [4], left, top, right, bottom; from the eyebrows to the chin.
        keypoints: f32 [6, 2]: eye and eye (image left first), nose, mouth, ear and ear.
        score: Confidence in [0, 1].
    """

    box: Array
    keypoints: Array
    score: float

    @property
    def area(self) -> float:
        """Square pixels."""
        return float(np.prod(self.box[2:] - self.box[:2]))


class TfliteNet:
    """A TensorFlow Lite graph with one image input, safe to call from several threads."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`."""
        from ai_edge_litert.interpreter import Interpreter

        self._lock = threading.Lock()  # the interpreter's tensors are shared by its callers
        # One thread: the graphs take 1 to 8 ms, and two threads measured slower.
        self._interpreter = Interpreter(model_path=str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [out["index"] for out in self._interpreter.get_output_details()]

    def __call__(self, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Run once on [H, W, 3]; returns copies of every output, in the order of the file."""
        with self._lock:
            self._interpreter.set_tensor(self._input, image[None])
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index) for index in self._outputs]


@functools.cache
def detector() -> TfliteNet:
    """The detector's network, opened at first use."""
    return TfliteNet(DETECTOR)


@functools.cache
def anchors() -> Array:
    """Centers of the 896 SSD anchors as f32 [896, 2] in [0, 1]: 16 x 16 x 2, then 8 x 8 x 6."""
    grids = []
    for cells, repeats in ((16, 2), (8, 6)):
        centers = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        x, y = np.meshgrid(centers, centers)
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], -1), repeats, axis=0))
    return np.concatenate(grids)


def detect(photo: Image, threshold: float = CERTAIN) -> list[Detection]:
    """Find every face of at least about 64 pixels.

    Args:
        photo: u8 [H, W, 3].
        threshold: Lowest score that counts, in [0, 1].

    Returns:
        The faces, largest first.
    """
    found: list[Detection] = []
    for level, image, scale in _pyramid(photo):
        lowest = threshold if level < 2 else max(threshold, WINDOW_CERTAIN)
        for x, y in _windows(image.shape[1], image.shape[0]):
            window = image[y : y + WINDOW, x : x + WINDOW]
            found += _look(window, lowest, (x, y), scale)
    return sorted(_one_per_face(found), key=lambda face: -face.area)


def decode(regressors: Array, logits: Array, threshold: float) -> list[Detection]:
    """Turn the network's raw outputs into faces, in pixels of its 128 x 128 window.

    Args:
        regressors: f32 [896, 16]: center, size and 6 keypoints, pixels relative to the anchor.
        logits: f32 [896].
        threshold: Lowest score that counts.
    """
    scores = (1 / (1 + np.exp(-np.clip(logits, -60, 60)))).astype(np.float32)
    kept = np.flatnonzero(scores >= threshold)
    points = regressors[kept].reshape(-1, 8, 2).copy()
    points[:, [0, 2, 3, 4, 5, 6, 7]] += anchors()[kept, None] * WINDOW
    half = points[:, 1] / 2
    boxes = np.concatenate([points[:, 0] - half, points[:, 0] + half], axis=1)
    return _weighted_suppression(boxes, points[:, 2:], scores[kept])


def overlap(one: NDArray[Any], many: NDArray[Any]) -> tuple[Array, Array]:
    """Intersection of a box [4] with boxes [N, 4], over the union and over the smaller box."""
    corners = np.maximum(one[:2], many[:, :2]), np.minimum(one[2:], many[:, 2:])
    shared = np.prod(np.maximum(corners[1] - corners[0], 0), axis=1)
    first = np.prod(one[2:] - one[:2])
    areas = np.prod(many[:, 2:] - many[:, :2], axis=1)
    union, smaller = first + areas - shared, np.minimum(first, areas)
    return shared / np.maximum(union, 1e-6), shared / np.maximum(smaller, 1e-6)


def _weighted_suppression(boxes: Array, keypoints: Array, scores: Array) -> list[Detection]:
    """Average overlapping boxes by their scores; the best score stays."""
    order = np.argsort(-scores)
    faces = []
    while len(order):
        same = overlap(boxes[order[0]], boxes[order])[0] > OVERLAP
        same[0] = True
        group = order[same]
        weights = scores[group] / scores[group].sum()
        faces.append(
            Detection(
                box=np.tensordot(weights, boxes[group], 1).astype(np.float32),
                keypoints=np.tensordot(weights, keypoints[group], 1).astype(np.float32),
                score=float(scores[order[0]]),
            )
        )
        order = order[~same]
    return faces


def _one_per_face(found: list[Detection]) -> list[Detection]:
    """Keep the best view of each face, across windows and levels."""
    kept: list[Detection] = []
    for face in sorted(found, key=lambda face: -face.score):
        if not kept:
            kept.append(face)
            continue
        union, smaller = overlap(face.box, np.stack([other.box for other in kept]))
        larger = np.array([other.area > face.area for other in kept])
        if not np.any((union > OVERLAP) | ((smaller > INSIDE) & larger)):
            kept = [other for other, part in zip(kept, smaller > INSIDE, strict=True) if not part]
            kept.append(face)
    return kept


def _pyramid(photo: Image) -> list[tuple[int, Image, float]]:
    """(level, image, photo pixels per image pixel), coarse to fine; from level 2 on, windows."""
    height, width = photo.shape[:2]
    longest = max(height, width)
    sides = [float(PADDED), float(WINDOW)]
    finest = longest / FINEST
    while finest > 1.2 * WINDOW:
        sides.insert(2, finest)
        finest /= LEVEL_GAIN
    picture = PilImage.fromarray(photo)
    levels: list[tuple[int, Image, float]] = []
    for level in range(len(sides) - 1, -1, -1):  # each level is shrunk from the finer one
        scale = longest / sides[level]
        size = max(round(width / scale), 1), max(round(height / scale), 1)
        picture = picture.resize(size, PilImage.Resampling.BILINEAR, reducing_gap=2.0)
        levels.append((level, np.asarray(picture), scale))
    return levels[::-1]


def _windows(width: int, height: int) -> list[tuple[int, int]]:
    """Top left corners of overlapping windows that cover an image."""

    def starts(length: int) -> list[int]:
        last = length - WINDOW
        return [*range(0, last, STEP), last] if last > 0 else [0]

    return [(x, y) for y in starts(height) for x in starts(width)]


def _look(
    window: Image, threshold: float, corner: tuple[int, int], scale: float
) -> list[Detection]:
    """Run the detector on one window, letterboxed; faces in photo pixels."""
    height, width = window.shape[:2]
    left, top = (WINDOW - width) // 2, (WINDOW - height) // 2
    canvas = np.full((WINDOW, WINDOW, 3), -1, np.float32)
    canvas[top : top + height, left : left + width] = window / np.float32(127.5) - 1
    regressors, logits = detector()(canvas)
    shift = np.array([corner[0] - left, corner[1] - top], np.float32)
    return [
        Detection(
            box=(face.box + np.tile(shift, 2)) * np.float32(scale),
            keypoints=(face.keypoints + shift) * np.float32(scale),
            score=face.score,
        )
        for face in decode(regressors[0], logits[0, :, 0], threshold)
    ]
