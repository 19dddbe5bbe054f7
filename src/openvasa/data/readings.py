"""What a labeled face does, in a handful of numbers: head angles, mouth, eyes, brows."""

from __future__ import annotations

import numpy as np

from openvasa.data.labels import SCORE_NAMES, FaceLabels
from openvasa.types import Array

READINGS = ("yaw", "pitch", "open", "smile", "closed", "gaze_yaw", "gaze_pitch", "brows")


def head_angles(landmarks: Array) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees, from mesh points f32 [>= 455, 3]; signs as in `types`."""
    across, down = landmarks[454] - landmarks[234], landmarks[152] - landmarks[10]
    forward = np.cross(down, across)
    forward /= np.linalg.norm(forward)
    yaw = np.arctan2(forward[0], -forward[2])
    pitch, roll = -np.arcsin(forward[1]), np.arctan2(across[1], across[0])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def readings(labels: FaceLabels) -> Array:
    """f32 [R]: degrees, lip gap over face height, scores, minus eye height over eye width."""
    points = labels.landmarks

    def length(a: int, b: int) -> float:
        return float(np.linalg.norm(points[a] - points[b]))

    def score(*names: str) -> float:
        return float(np.mean([labels.scores[SCORE_NAMES.index(n)] for n in names]))

    yaw, pitch, _ = head_angles(points)
    eyes = length(159, 145) / length(33, 133) + length(386, 374) / length(263, 362)
    right = score("eyeLookOutLeft", "eyeLookInRight") - score("eyeLookInLeft", "eyeLookOutRight")
    up = score("eyeLookUpLeft", "eyeLookUpRight") - score("eyeLookDownLeft", "eyeLookDownRight")
    brows = score("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
    brows -= score("browDownLeft", "browDownRight")
    gap = length(13, 14) / length(10, 152)
    smile = score("mouthSmileLeft", "mouthSmileRight")
    return np.array([yaw, pitch, gap, smile, -eyes / 2, right, up, brows], np.float32)
