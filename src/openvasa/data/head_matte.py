"""Which matte a renderer of heads goes by: a segmentation network's, or none.

The network is selfie_segmentation.tflite of MediaPipe, as `face.matte` ships it, or a file that the
user names; without one the whole crop is taken for the person. Knows nothing of heads.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from openvasa.face.detect import TfliteNet
from openvasa.face.matte import matte_of
from openvasa.types import Array, Image, InputError


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
        return matte_of(photo, self._net)
