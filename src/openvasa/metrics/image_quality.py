"""How near one picture is to another, and how sharp a face is beside its portrait.

| figure | unit | better | source |
|---|---|---|---|
| PSNR | dB | higher | 10 log10(255^2 / mean squared error over RGB) |
| SSIM | [-1, 1] | higher | Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004 |
| MS-SSIM | [0, 1] | higher | Wang, Simoncelli, Bovik, Asilomar 2003 |
| sharpness | ratio | near 1 | variance of the face's Laplacian at 256 pixels, video / portrait |

SSIM looks at luma (BT.601) with a Gaussian window of 11 pixels and sigma 1.5, inside the picture
only. Knows nothing of files or networks.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from openvasa.types import Image

Floats = NDArray[np.float64]

_LUMA = np.array([0.299, 0.587, 0.114])
_WINDOW, _SIGMA = 11, 1.5
_STABLE = (0.01 * 255) ** 2, (0.03 * 255) ** 2  # keep the quotients of dark, flat areas finite
_SCALES = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])  # weights, finest scale first
SMALLEST = _WINDOW * 2 ** (len(_SCALES) - 1)  # pixels a side that MS-SSIM needs
FACE_SIDE = 256  # pixels at which sharpness is measured
BEST = 100.0  # dB that equal pictures count, so that means stay finite


def psnr(made: Image, real: Image) -> float:
    """Peak signal-to-noise ratio of u8 [H, W, 3] pictures, in dB; at most `BEST`.

    Raises:
        ValueError: The pictures have different sizes.
    """
    _check(made, real)
    error = float(((made.astype(np.float64) - real) ** 2).mean())
    return BEST if error == 0 else min(BEST, 10 * float(np.log10(255**2 / error)))


def ssim(made: Image, real: Image) -> float:
    """Structural similarity of u8 [H, W, 3] pictures of at least 11 pixels a side, in [-1, 1].

    Raises:
        ValueError: The pictures have different sizes or are too small.
    """
    _check(made, real)
    luminance, contrast = _parts(_luma(made), _luma(real))
    return float((luminance * contrast).mean())


def ms_ssim(made: Image, real: Image) -> float:
    """SSIM over five scales, each half as fine as the one before, in [0, 1].

    Args:
        made: u8 [H, W, 3], each side at least `SMALLEST`.
        real: Of the same size.

    Raises:
        ValueError: The pictures have different sizes or are too small.
    """
    _check(made, real)
    if min(made.shape[:2]) < SMALLEST:
        raise ValueError(f"MS-SSIM needs {SMALLEST} pixels a side, not {made.shape[:2]}")
    x, y = _luma(made), _luma(real)
    total = 1.0
    for number, weight in enumerate(_SCALES):
        luminance, contrast = _parts(x, y)
        last = number == len(_SCALES) - 1
        value = float((luminance * contrast if last else contrast).mean())
        total *= max(value, 0.0) ** float(weight)
        x, y = _halved(x), _halved(y)
    return total


def sharpness(image: Image, points: Floats) -> float:
    """Variance of the Laplacian inside a face's box, brought to `FACE_SIDE` pixels.

    Args:
        image: u8 [H, W, 3].
        points: [N, >= 2], the face's mesh in pixels.

    Returns:
        At least 0; 0 where the box lies outside the picture.
    """
    height, width = image.shape[:2]
    low = np.clip(np.floor(points[:, :2].min(0)), 0, [width, height]).astype(int)
    high = np.clip(np.ceil(points[:, :2].max(0)), 0, [width, height]).astype(int)
    face = image[low[1] : high[1], low[0] : high[0]]
    if not face.size:
        return 0.0
    gray = cv2.cvtColor(np.ascontiguousarray(face), cv2.COLOR_RGB2GRAY)
    shrinks = gray.shape[0] > FACE_SIDE
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small = cv2.resize(gray, (FACE_SIDE, FACE_SIDE), interpolation=how)
    return float(cv2.Laplacian(small, cv2.CV_64F).var())


def _check(made: Image, real: Image) -> None:
    if made.shape != real.shape:
        raise ValueError(f"pictures of {made.shape} and {real.shape} cannot be compared")
    if min(made.shape[:2]) < _WINDOW:
        raise ValueError(f"a picture needs {_WINDOW} pixels a side, not {made.shape[:2]}")


def _luma(image: Image) -> Floats:
    return np.asarray(image.astype(np.float64) @ _LUMA)


def _parts(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The luminance term of SSIM and the product of contrast and structure, at each pixel."""
    low, high = _STABLE
    mean_x, mean_y = _blur(x), _blur(y)
    var_x, var_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    both = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + low) / (mean_x**2 + mean_y**2 + low)
    return luminance, (2 * both + high) / (var_x + var_y + high)


def _blur(values: Floats) -> Floats:
    edge = _WINDOW // 2
    soft = cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _SIGMA)
    return np.asarray(soft[edge:-edge, edge:-edge], np.float64)


def _halved(values: Floats) -> Floats:
    height, width = (side // 2 * 2 for side in values.shape)
    pairs = values[:height, :width].reshape(height // 2, 2, width // 2, 2)
    return np.asarray(pairs.mean((1, 3)))
