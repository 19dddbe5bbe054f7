"""Pictures to mark: shading, outlines, smooth and rough places, moving if asked for."""

from __future__ import annotations

import numpy as np
from PIL import Image as Pillow

from openvasa.types import Image


def picture(height: int, width: int, time: float = 0.0, seed: int = 0) -> Image:
    """u8 [height, width, 3]; the same scene at any size, its middle moving with time."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / min(height, width)
    scene = 110 + 60 * x[..., None] * np.array([1, 0.8, 0.5]) - 30 * y[..., None]
    disc = np.hypot(x - 0.5 - 0.03 * time, y - 0.45) < 0.25
    scene[disc] = 150 + 40 * (y[disc, None] - 0.5) * np.array([1, 0.7, 0.6])
    side = max(min(height, width) // 4, 2)
    coarse = Pillow.fromarray(rng.integers(0, 90, (side, side), dtype=np.uint8))
    rough = np.asarray(coarse.resize((width, height), Pillow.Resampling.BICUBIC), np.float64)
    scene[y < 0.3] += rough[y < 0.3, None] - 60
    return np.clip(scene, 0, 255).astype(np.uint8)
