"""The meshes of one face through a clip -> one crop, and head pose, expression, gaze, distance.

Knows nothing of files, pictures or sound.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from openvasa.data.emotion_reading import distances, emotion_strengths, own_rest
from openvasa.data.gaze_direction import camera_gaze, main_direction
from openvasa.data.head import HeadBasis, fit
from openvasa.data.tracks import height_of
from openvasa.face.align import crop_box, to_crop_units
from openvasa.face.landmarks import POINTS, Mesh
from openvasa.types import EMOTIONS, Array, CropBox

ROUGH = 8  # every so many frames tell the person's neutral shape
HAIR, BESIDE = 0.35, 0.12  # face heights kept around the face: above it, and on the other sides
TRAVEL = (1, 99)  # percentiles of the face's border that must stay inside
WIDEST = 1.8  # largest crop per usual crop; beyond, the head goes too far for one crop


class Motion(NamedTuple):
    """What a head does through a clip.

    Attributes:
        pose: f32 [T, 6], z_pose in the clip's crop.
        expression: f32 [T, 45].
        gaze: f32 [T, 2], degrees relative to the camera.
        distances: f64 [T, 12], of the face (`emotion_reading.distances`).
    """

    pose: Array
    expression: Array
    gaze: Array
    distances: NDArray[np.float64]


def filled(meshes: list[Mesh | None]) -> tuple[Array, NDArray[np.bool_]]:
    """The points of every frame; where a face is lost, those of the nearest frame.

    Args:
        meshes: T of them, at least one found.

    Returns:
        f32 [T, 478, 3] in pixels, and bool [T], whether the face was found there.
    """
    found = np.array([mesh is not None for mesh in meshes])
    known = np.flatnonzero(found)
    nearest = known[np.abs(np.arange(len(found))[:, None] - known).argmin(axis=1)]
    points = {int(i): mesh.points for i, mesh in enumerate(meshes) if mesh is not None}
    return np.stack([points[int(i)] for i in nearest]), found


def clip_box(points: Array) -> CropBox | None:
    """One crop for a whole clip: the usual one around the median face, wider if the head travels.

    Args:
        points: f32 [T, 478, 3], pixels.

    Returns:
        The square in pixels, or None if the head goes too far for one crop.
    """
    usual = crop_box(np.median(points[:, :POINTS], axis=0))
    height = float(np.median(height_of(points)))
    low = np.percentile(points[:, :POINTS, :2].min(1), TRAVEL[0], axis=0)
    high = np.percentile(points[:, :POINTS, :2].max(1), TRAVEL[1], axis=0)
    low, high = low - np.array([BESIDE, HAIR]) * height, high + BESIDE * height
    side = max(usual.side, float((high - low).max()))
    if side > WIDEST * usual.side:
        return None
    center = np.clip([usual.cx, usual.cy], high - side / 2, low + side / 2)
    return CropBox(float(center[0]), float(center[1]), side)


def head_motion(basis: HeadBasis, points: Array, box: CropBox) -> Motion:
    """Fits the parametric head to every frame, with one neutral shape for the clip.

    Args:
        basis: The head.
        points: f32 [T, 478, 3], pixels.
        box: The clip's crop.
    """
    landmarks = to_crop_units(points, box).astype(np.float64)
    rough = [fit(basis, landmarks[t]) for t in range(0, len(landmarks), ROUGH)]
    shapes = [h.canonical - np.tensordot(h.expression, basis.expression, 1) for h in rough]
    neutral = np.median(shapes, axis=0)
    heads = [fit(basis, frame, neutral) for frame in landmarks]
    pose = np.stack([head.pose for head in heads]).astype(np.float32)
    expression = np.stack([head.expression for head in heads]).astype(np.float32)
    face = np.stack([distances(head.canonical) for head in heads])
    return Motion(pose, expression, camera_gaze(pose, expression[:, -2:]), face)


def relative_distance(pose: Array) -> Array:
    """Distance from head to camera relative to the clip's median, f32 [T].

    Args:
        pose: f32 [T, 6], z_pose.
    """
    return np.exp(np.median(pose[:, 5]) - pose[:, 5]).astype(np.float32)


def described(motion: Motion, heights: Array, frame_height: int) -> dict[str, Any]:
    """What the manifest says of a clip's motion.

    Args:
        motion: Of the clip.
        heights: f32 [T], forehead to chin in pixels of the video.
        frame_height: Of the video, pixels.

    Returns:
        Angles in degrees; `gaze` is the main direction and `gaze_share` the share of frames near
        it; `distance` holds the 5th and 95th percentile of `relative_distance`; `emotion` the six
        strengths.
    """
    angles = np.degrees(motion.pose[:, :3])
    gaze, share = main_direction(motion.gaze)
    far = np.percentile(relative_distance(motion.pose), [5, 95])
    rest = own_rest(motion.distances)
    strengths = emotion_strengths(motion.distances.mean(0) - rest)
    moved = np.linalg.norm(np.diff(motion.pose[:, :3], axis=0), axis=1)
    about: dict[str, Any] = {
        name: round(float(value), 1)
        for name, value in zip(("yaw", "pitch", "roll"), np.median(angles, 0), strict=True)
    }
    for name, column in zip(("yaw", "pitch", "roll"), angles.T, strict=True):
        about[f"{name}_range"] = [round(float(v), 1) for v in np.percentile(column, [5, 95])]
    return about | {
        "head_speed": round(float(np.degrees(np.median(moved) if len(moved) else 0.0)), 2),
        "gaze": [round(value, 1) for value in gaze],
        "gaze_share": round(share, 2),
        "distance": [round(float(value), 3) for value in far],
        "face_pixels": round(float(np.median(heights)), 1),
        "face_share": round(float(np.median(heights)) / frame_height, 3),
        "emotion": {n: round(float(v), 2) for n, v in zip(EMOTIONS, strengths, strict=True)},
    }
