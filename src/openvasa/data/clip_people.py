"""Who is in a clip.

Without a network of identities everybody in one video is one person.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from openvasa.data.identity import Identity
from openvasa.data.labels import FaceLabels
from openvasa.types import Array, Image

SAME = 0.363  # cosine from which SFace's authors take two faces for one person
SEEN_AT = 512  # pixels; `Identity` halves the picture


class People:
    """The people of one video.

    Attributes:
        default: The name of the first.
    """

    def __init__(self, default: str, identity: Path | None) -> None:
        """Nobody is known yet.

        Args:
            default: The name of the first person.
            identity: The SFace network, if there is one.

        Raises:
            InputError: The network is missing.
        """
        self.default = default
        self._identity = None if identity is None else Identity(identity)
        self._known: list[Array] = []

    def name(self, crops: list[Image], landmarks: Array) -> tuple[str, Array | None]:
        """Names the person of a clip: `default`, then `default-2` and so on.

        Args:
            crops: The first, middle and last frame, u8 [S, S, 3] each.
            landmarks: f32 [T, 478, 3] of all frames, crop units.

        Returns:
            The name, and f32 [128], unit length, where there is a network.
        """
        if self._identity is None:
            return self.default, None
        frames = (0, len(landmarks) // 2, len(landmarks) - 1)
        found = []
        for crop, t in zip(crops, frames, strict=False):
            picture = cv2.resize(crop, (SEEN_AT, SEEN_AT), interpolation=cv2.INTER_CUBIC)
            points = (landmarks[t] + np.array([1, 1, 0], np.float32)) * (SEEN_AT / 2)
            labels = FaceLabels(points, np.zeros(0, np.float32))
            found.append(self._identity(np.asarray(picture, np.uint8), labels))
        vector = np.mean(found, axis=0)
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        alike = [float(vector @ other) for other in self._known]
        best = int(np.argmax(alike)) if alike else -1
        if best < 0 or alike[best] < SAME:
            self._known.append(vector)
            best = len(self._known) - 1
        return (self.default if best == 0 else f"{self.default}-{best + 1}"), vector
