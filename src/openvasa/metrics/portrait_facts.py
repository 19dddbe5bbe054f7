"""What is known of a portrait before a video of it is judged: its crop, mesh, and who it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openvasa.face.align import cut
from openvasa.face.find import find_face
from openvasa.media.image import load_photo
from openvasa.metrics.face_sequence import FaceSequence
from openvasa.metrics.image_quality import sharpness
from openvasa.types import Image

Floats = NDArray[np.float64]

SIDE = 512  # pixels of the crop


@dataclass(frozen=True)
class PortraitFacts:
    """One portrait as a video in crop framing would show it.

    Attributes:
        image: The training crop, u8 [512, 512, 3].
        points: The mesh in its pixels, f64 [478, 3].
        sharpness: Of the face, see `image_quality`.
        scale: Size of the head in pixels of this crop.
    """

    image: Image
    points: Floats
    sharpness: float
    scale: float


@lru_cache(maxsize=64)
def portrait_facts(path: Path) -> PortraitFacts:
    """Reads a portrait and finds its largest face.

    Raises:
        InputError: The photo cannot be read or shows no usable face.
    """
    found = find_face(load_photo(path))
    image = cut(found.photo, found.box, SIDE)
    points = (found.landmarks.astype(np.float64) + [1, 1, 0]) * SIDE / 2
    seen = FaceSequence(points[None], np.ones(1, np.bool_))
    return PortraitFacts(image, points, sharpness(image, points), float(seen.scale[0]))
