"""What of a portrait is the person: a soft matte, and the background filled in behind.

The matte comes from a segmentation network that the user names (selfie_segmentation.tflite of
MediaPipe); without one the whole crop is taken for the person. Knows nothing of heads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from openvasa.face.detect import TfliteNet
from openvasa.types import Array, Image, InputError

SIDE = 256  # pixels that the network reads
CERTAIN = (0.3, 0.8)  # scores below and above are background and person
FILL = 17  # px of 512: this near to the person, colors may hold a little of it
RIM = 5  # px of 512: this near to the person, the background is always the filled one


class Matting:
    """Finds the person in a crop."""

    def __init__(self, model: Path | None = None) -> None:
        """Open the network.

        Args:
            model: selfie_segmentation.tflite; None takes all for the person.

        Raises:
            InputError: The file cannot be read.
        """
        try:
            self._net = TfliteNet(model) if model else None
        except (ValueError, OSError, RuntimeError) as error:
            raise InputError(f"{model} is no segmentation model: give MediaPipe's "
                             "selfie_segmentation.tflite, or leave it out") from error  # fmt: skip

    def __call__(self, photo: Image) -> Array:
        """Matte f32 [P, P] in [0, 1] of a crop u8 [P, P, 3]: 1 is the person."""
        if self._net is None:
            return np.ones(photo.shape[:2], np.float32)
        small = cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        score = self._net((small / np.float32(255)).astype(np.float32))[0][0, :, :, 0]
        score = np.clip((score - CERTAIN[0]) / (CERTAIN[1] - CERTAIN[0]), 0, 1)
        large = cv2.resize(score, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return refine(photo, large, max(2, len(photo) // 64))


def refine(photo: Image, score: Array, radius: int, smoothness: float = 1e-3) -> Array:
    """Let a score follow the photo's edges (guided filter; He, Sun and Tang 2010).

    Args:
        photo: u8 [P, P, 3].
        score: f32 [P, P] in [0, 1].
        radius: Of the windows, pixels.
        smoothness: Variance of the photo, in [0, 1], below which edges do not count.

    Returns:
        f32 [P, P] in [0, 1].
    """
    gray = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255)
    mean_i, mean_s = _box(gray, radius), _box(score, radius)
    variance = _box(gray * gray, radius) - mean_i * mean_i
    slope = (_box(gray * score, radius) - mean_i * mean_s) / (variance + smoothness)
    offset = mean_s - slope * mean_i
    return np.asarray(np.clip(_box(slope, radius) * gray + _box(offset, radius), 0, 1))


def fill(photo: Image, known: Array) -> Image:
    """The photo with unknown parts filled smoothly from what surrounds them.

    Args:
        photo: u8 [P, P, 3].
        known: f32 [P, P] in [0, 1], how much each pixel counts.

    Returns:
        u8 [P, P, 3]; where `known` is 1, the photo.
    """
    if known.max() <= 0:
        return photo
    weight = known.astype(np.float32)[..., None]
    filled = _pull_push(photo.astype(np.float32) * weight, weight)
    return np.rint(photo * weight + filled * (1 - weight)).clip(0, 255).astype(np.uint8)


def split(photo: Image, matte: Array) -> tuple[Image, Image]:
    """(person, background), both u8 [P, P, 3] and each filled where the other is."""
    person = fill(photo, (matte > 0.9).astype(np.float32))
    if matte.min() >= 0.05:
        return person, photo
    filled = fill(photo, (_grown(matte, FILL) < 0.05).astype(np.float32)).astype(np.float32)
    near = np.clip(_grown(matte, RIM) / 0.05, 0, 1)[..., None]
    share = cv2.GaussianBlur(near, (0, 0), len(photo) / 512)[..., None]
    return person, np.rint(photo * (1 - share) + filled * share).astype(np.uint8)


def _grown(matte: Array, reach: int) -> Array:
    side = max(1, reach * len(matte) // 512) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(matte, kernel))


def _pull_push(color: NDArray[Any], weight: NDArray[Any]) -> Array:
    """Weighted colors [H, W, 3] and weights [H, W, 1] -> colors everywhere."""
    if min(color.shape[:2]) > 2:
        size = (max(1, color.shape[1] // 2), max(1, color.shape[0] // 2))
        half = cv2.resize(color, size, interpolation=cv2.INTER_AREA)
        share = cv2.resize(weight[..., 0], size, interpolation=cv2.INTER_AREA)[..., None]
        coarse = _pull_push(half, share)
        rest = cv2.resize(coarse, color.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    else:
        rest = np.broadcast_to(color.sum((0, 1)) / max(weight.sum(), 1e-6), color.shape)
    have = np.minimum(4 * weight, 1.0)  # a quarter of known pixels knows enough
    own = color / np.maximum(weight, 1e-6)
    return np.asarray(own * have + rest * (1 - have), np.float32)


def _box(values: NDArray[Any], radius: int) -> Array:
    side = 2 * radius + 1
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT))
