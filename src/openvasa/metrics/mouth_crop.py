"""Squares around a face for sync experts: the lower face upright, or the head as SyncNet saw it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from openvasa.latent.surface import FLIP, STABLE, rigid_fit
from openvasa.metrics.face_sequence import mean_face
from openvasa.types import Image

Floats = NDArray[np.float64]

_MOUTH = (61, 291)
MOUTH_SIDE = 96  # pixels of our own expert's input
_MOUTH_SQUARE = 0.56  # side of its square in units of the mean face: nostrils to chin
HEAD_SIDE = 224  # pixels of SyncNet's input
_SCALE = 0.4  # SyncNet's crop_scale: margin around its face box
_GRAY = 110  # SyncNet's color beyond the picture


def mouth_square(
    image: Image, points: Floats, size: int = MOUTH_SIDE, margin: float = 1.0
) -> Image:  # fmt: skip
    """The lower face turned upright, u8 [size, size, 3].

    It follows the head, not the lips and the jaw: those must move inside it.

    Args:
        image: u8 [H, W, 3].
        points: [>= 468, 3], the face's mesh in pixels.
        size: Pixels a side.
        margin: Of the square's side; above 1 shows more.
    """
    mean = mean_face()
    scale, rotation, shift = rigid_fit(mean[STABLE], points[STABLE] * FLIP)
    center = (scale * rotation @ mean[list(_MOUTH)].mean(0) + shift) * FLIP
    turn = float(np.arctan2(-rotation[1, 0], rotation[0, 0]))
    side = margin * _MOUTH_SQUARE * scale
    return _cut(image, center[:2], side, turn, size, cv2.BORDER_REPLICATE)


def head_squares(points: Floats) -> tuple[Floats, Floats]:
    """Centers [T, 2] and sides [T] of SyncNet's square, smoothed over 13 frames as there.

    Its face detector's box is about the mesh's: brows or hairline to chin.

    Args:
        points: f64 [T, >= 468, >= 2], pixels.
    """
    low, high = points[:, :468, :2].min(1), points[:, :468, :2].max(1)
    half = _median13((high - low).max(1) / 2)
    center = np.stack([_median13(column) for column in ((low + high) / 2).T], 1)
    center[:, 1] += _SCALE * half  # more below than above
    return center, 2 * half * (1 + _SCALE)


def head_square(image: Image, center: Floats, side: float) -> Image:
    """SyncNet's square of one picture, u8 [224, 224, 3]; gray beyond the picture."""
    return _cut(image, center, side, 0.0, HEAD_SIDE, cv2.BORDER_CONSTANT)


def _cut(image: Image, center: Floats, side: float, turn: float, size: int, border: int) -> Image:
    cos, sin = np.cos(turn) * side / 2, np.sin(turn) * side / 2
    right, down = np.array([cos, sin]), np.array([-sin, cos])
    corners = np.stack([center - right - down, center + right - down, center - right + down])
    target = np.array([[0, 0], [1, 0], [0, 1]], np.float32) * size
    matrix = cv2.getAffineTransform(corners.astype(np.float32), target)
    shrink = max(1, int(side / size))
    picture = cv2.blur(image, (shrink, shrink))  # average first: a transform only samples
    cut = cv2.warpAffine(
        picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border,
        borderValue=(_GRAY,) * 3,
    )  # fmt: skip
    return np.asarray(cut, np.uint8)


def _median13(values: Floats) -> Floats:
    padded = np.pad(values, 6, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 13), axis=1))
