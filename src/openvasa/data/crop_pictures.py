"""Crops <-> the bytes that a sample holds: JPEG one after the other. Knows nothing of faces."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from openvasa.face.align import to_crop_units
from openvasa.types import Array, CropBox, Image

JPEG_QUALITY = 95


def encode_jpeg(image: Image, quality: int = JPEG_QUALITY) -> bytes:
    """Encodes a picture as JPEG without color subsampling.

    Args:
        image: u8 [H, W, 3].
        quality: 1 to 100.

    Returns:
        The bytes of a JPEG file.
    """
    buffer = io.BytesIO()
    PilImage.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def joined(files: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Files one after the other, u8 [bytes], and where each begins and the last ends, i64 [T+1]."""
    offsets = np.cumsum([0, *map(len, files)]).astype(np.int64)
    return np.frombuffer(b"".join(files), np.uint8), offsets


def read_frames(sample: Mapping[str, Any], frames: Iterable[int] | None = None) -> Image:
    """Decodes crops of a sample.

    Args:
        sample: Has the arrays `jpeg` and `offsets`.
        frames: Which frames; all if None.

    Returns:
        u8 [N, size, size, 3].
    """
    blob, offsets = sample["jpeg"], sample["offsets"]
    wanted = range(len(offsets) - 1) if frames is None else frames
    pictures = []
    for i in wanted:
        picture = PilImage.open(io.BytesIO(blob[offsets[i] : offsets[i + 1]].tobytes()))
        pictures.append(np.asarray(picture.convert("RGB")))
    return np.stack(pictures)


def valid_region(box: CropBox, inside: tuple[int, int, int, int]) -> Array:
    """Where a crop shows the picture; elsewhere the picture's edge pixels are repeated.

    Args:
        box: The crop, in pixels of the picture.
        inside: left, top, right, bottom of the picture without black bars, in pixels.

    Returns:
        f32 [4], left, top, right, bottom in crop units, each in [-1, 1].
    """
    corners = to_crop_units(np.array(inside, np.float64).reshape(2, 2), box)
    return np.clip(corners, -1.0, 1.0).reshape(4)
