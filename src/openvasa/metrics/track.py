"""What the landmarker saw in one video, kept so that no video is looked at twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TOP, _CHIN = 10, 152
_INNER_LIPS = ((13, 14), (82, 87), (312, 317))  # upper and lower, middle and beside it
_MOUTH_CORNERS = (61, 291)
_EYE_CORNERS = (33, 263)


@dataclass(frozen=True)
class FaceTrack:
    """One face over T frames; frames where none was found repeat the nearest that has one.

    Attributes:
        points: f64 [T, 478, 2] in pixels.
        angles: f64 [T, 2], yaw and pitch in degrees: nose to the image's right, nose up.
        blink: f64 [T] in [0, 1], mean of both eyes.
        found: bool [T].
    """

    points: Floats
    angles: Floats
    blink: Floats
    found: NDArray[np.bool_]

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.points)

    @property
    def height(self) -> Floats:
        """Forehead to chin in pixels, [T]."""
        return _apart(self.points, _TOP, _CHIN)

    @property
    def gap(self) -> Floats:
        """Opening between the inner lips relative to the face's height, [T]."""
        gaps = [_apart(self.points, upper, lower) for upper, lower in _INNER_LIPS]
        return np.asarray(np.mean(gaps, axis=0) / self.height)

    @property
    def lip_width(self) -> Floats:
        """Mouth corner to corner, relative to outer eye corner to eye corner, [T]."""
        return _apart(self.points, *_MOUTH_CORNERS) / _apart(self.points, *_EYE_CORNERS)

    def save(self, path: Path) -> None:
        """Writes the track as npz."""
        np.savez_compressed(
            path, points=self.points.astype(np.float32), angles=self.angles.astype(np.float32),
            blink=self.blink.astype(np.float32), found=self.found,
        )  # fmt: skip

    @classmethod
    def load(cls, path: Path) -> FaceTrack:
        """Reads what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            points, angles, blink = (
                stored[key].astype(np.float64) for key in ("points", "angles", "blink")
            )
            return cls(points, angles, blink, stored["found"])


class RecordingDetector:
    """Passes pictures on to a MediaPipe face landmarker and keeps what it answers."""

    def __init__(self, detector: Any) -> None:
        """Wraps a detector that gives landmarks, blendshapes and transformation matrices."""
        self._detector = detector
        self._seen: list[tuple[Floats, Floats, float] | None] = []

    def close(self) -> None:
        """Frees the detector."""
        self._detector.close()

    def detect(self, image: Any) -> Any:
        """The detector's own answer."""
        result = self._detector.detect(image)
        self._seen.append(_read(result, image.width, image.height))
        return result

    def take(self) -> FaceTrack | None:
        """The track of all pictures since the last call; None where no face was ever found."""
        seen, self._seen = self._seen, []
        return join(seen)


def join(seen: list[tuple[Floats, Floats, float] | None]) -> FaceTrack | None:
    """(points, angles, blink) of each frame, or None, as one track; None if all are None."""
    known = np.array([i for i, one in enumerate(seen) if one is not None])
    if len(known) == 0:
        return None
    nearest = [seen[known[np.argmin(np.abs(known - i))]] for i in range(len(seen))]
    points, angles, blink = zip(*[one for one in nearest if one is not None], strict=True)
    return FaceTrack(
        np.stack(points), np.stack(angles), np.array(blink, np.float64),
        np.array([one is not None for one in seen]),
    )  # fmt: skip


def angles_of(matrix: Floats) -> Floats:
    """Yaw and pitch in degrees of a head's rotation [3, 3] (x right, y up, z to the camera)."""
    forward = matrix[:, 2] / np.linalg.norm(matrix[:, 2])
    yaw = np.arctan2(forward[0], forward[2])
    return np.degrees(np.array([yaw, np.arcsin(np.clip(forward[1], -1, 1))]))


def _read(result: Any, width: int, height: int) -> tuple[Floats, Floats, float] | None:
    if not result.face_landmarks:
        return None
    points = np.array([(p.x * width, p.y * height) for p in result.face_landmarks[0]])
    scores = {shape.category_name: shape.score for shape in result.face_blendshapes[0]}
    blink = (scores["eyeBlinkLeft"] + scores["eyeBlinkRight"]) / 2
    matrix = np.asarray(result.facial_transformation_matrixes[0], np.float64)[:3, :3]
    return points, angles_of(matrix), float(blink)


def _apart(points: Floats, first: int, second: int) -> Floats:
    return np.asarray(np.linalg.norm(points[:, first] - points[:, second], axis=1))
