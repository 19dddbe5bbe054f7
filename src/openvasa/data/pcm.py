"""Sound as stores keep it: 16-bit samples, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openvasa.types import Array

Samples = NDArray[np.int16]


def to_pcm(sound: NDArray[np.floating]) -> Samples:
    """Samples in [-1, 1] as i16; beyond, they are clipped."""
    return np.rint(np.clip(sound, -1, 1) * 32_767).astype(np.int16)


def from_pcm(stored: Samples) -> Array:
    """16-bit samples as f32 in [-1, 1)."""
    return np.multiply(stored, 1 / 32_768, dtype=np.float32)
