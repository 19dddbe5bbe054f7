"""The training crop: which square of the photo the networks see, and the way there and back.

Pixel coordinates are continuous: pixel j covers [j, j + 1) and its center is j + 0.5. Crop units
run from -1 to 1 over the square, so pixel i of n has the coordinate (2i + 1) / n - 1.
Knows nothing of detectors or networks.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageFilter

from openvasa.types import Array, CropBox, Image

FOREHEAD, CHIN = 10, 152  # the mesh points at the top and the bottom of the face
SIDES = (234, 454)  # the mesh points in front of the two ears
SIDE_PER_FACE = 2.2  # side of the square per face height: hair, neck and room to move
WIDTH_WEIGHT = 1.15  # a turned-down face is short but stays wide; this is height per width
FILTER_REACH = 2  # bicubic looks two (source or target) pixels to either side


def crop_box(landmarks: NDArray[Any]) -> CropBox:
    """Find the square around one face.

    Args:
        landmarks: [N >= 455, 2 or 3] mesh points in photo pixels.

    Returns:
        The square, in photo pixels; it may reach past the photo's edges.

    Raises:
        ValueError: The array does not have the shape of a face mesh.
    """
    if landmarks.ndim != 2 or landmarks.shape[0] <= max(SIDES) or landmarks.shape[1] < 2:
        raise ValueError(f"expected mesh points [468, 2 or 3], got {list(landmarks.shape)}")
    points = np.asarray(landmarks[:, :2], np.float64)
    top, bottom = points[FOREHEAD], points[CHIN]
    height = float(np.linalg.norm(top - bottom))
    width = float(np.linalg.norm(points[SIDES[0]] - points[SIDES[1]]))
    center = (top + bottom) / 2
    side = SIDE_PER_FACE * max(height, WIDTH_WEIGHT * width)
    return CropBox(float(center[0]), float(center[1]), side)


def cut(image: Image, box: CropBox, size: int) -> Image:
    """Cut a square out of a photo and resize it.

    Beyond the photo its edge pixels are repeated. The cubic filter is widened when shrinking, so
    that nothing aliases; a square that already has the asked size on whole pixels is copied as is.

    Args:
        image: u8 [H, W, 3].
        box: The square, in photo pixels.
        size: Side of the result, in pixels.

    Returns:
        u8 [size, size, 3].
    """
    scale = box.side / size
    reach = math.ceil(FILTER_REACH * max(scale, 1.0)) + 1
    left, top = box.cx - box.side / 2, box.cy - box.side / 2
    x0, x1 = math.floor(left) - reach, math.ceil(left + box.side) + reach
    y0, y1 = math.floor(top) - reach, math.ceil(top + box.side) + reach
    region = PilImage.fromarray(_region(image, x0, y0, x1, y1))
    inner = (left - x0, top - y0, left - x0 + box.side, top - y0 + box.side)
    resized = region.resize((size, size), PilImage.Resampling.BICUBIC, box=inner)
    return np.asarray(resized, np.uint8).copy()


def soften_beyond(crop: Image, box: CropBox, height: int, width: int) -> Image:
    """Blur what `cut` repeated beyond the photo, so that it reads as background, not as stripes.

    Args:
        crop: u8 [S, S, 3] as `cut` made it.
        box: The square it shows.
        height: Of the photo, in pixels.
        width: Of the photo, in pixels.

    Returns:
        u8 [S, S, 3]; pixels of the photo itself are unchanged.
    """
    size = len(crop)
    at = (np.arange(size) + 0.5) * box.side / size - box.side / 2
    beyond_x = np.maximum(np.maximum(-(box.cx + at), box.cx + at - width), 0)
    beyond_y = np.maximum(np.maximum(-(box.cy + at), box.cy + at - height), 0)
    beyond = np.maximum(beyond_x[None], beyond_y[:, None]) / box.side
    if beyond.max() == 0:
        return crop
    picture = PilImage.fromarray(crop)
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(size * 0.05)), np.float32)
    share = np.clip(beyond / 0.06, 0, 1)[..., None]
    return np.rint(crop * (1 - share) + soft * share).astype(np.uint8)


def to_crop_units(points: NDArray[Any], box: CropBox) -> Array:
    """Photo pixels -> crop units; the inverse of `to_pixels`.

    Args:
        points: [..., 2 or 3] in photo pixels; z, if there, is scaled like x and y, not shifted.
        box: The square.

    Returns:
        f32, same shape: x right, y down, [-1, 1] inside the square.
    """
    return ((points - _origin(points, box)) / (box.side / 2)).astype(np.float32)


def to_pixels(points: NDArray[Any], box: CropBox) -> Array:
    """Crop units -> photo pixels; the inverse of `to_crop_units`.

    Args:
        points: [..., 2 or 3] in crop units.
        box: The square.

    Returns:
        f32, same shape, in photo pixels.
    """
    points = np.asarray(points, np.float64)
    return (points * (box.side / 2) + _origin(points, box)).astype(np.float32)


def _origin(points: NDArray[Any], box: CropBox) -> NDArray[np.float64]:
    return np.array([box.cx, box.cy, 0.0])[: np.shape(points)[-1]]


def _region(image: Image, x0: int, y0: int, x1: int, y1: int) -> Image:
    """The pixels [y0:y1, x0:x1], edge pixels repeated beyond the photo."""
    height, width = image.shape[:2]
    inside_x = np.clip([x0, x1], 0, width)
    inside_y = np.clip([y0, y1], 0, height)
    if inside_x[0] == x0 and inside_x[1] == x1 and inside_y[0] == y0 and inside_y[1] == y1:
        return np.ascontiguousarray(image[y0:y1, x0:x1])
    columns = np.clip(np.arange(x0, x1), 0, width - 1)
    rows = np.clip(np.arange(y0, y1), 0, height - 1)
    return image[rows][:, columns]
