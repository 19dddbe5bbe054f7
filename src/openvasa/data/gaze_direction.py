"""Head pose and eyes -> where somebody looks, relative to the camera; and the main direction.

Angles are degrees; right and up of the image are positive, (0, 0) is into the camera. The camera
counts as far away: a face beside the middle of the picture that looks straight ahead has gaze 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from openvasa.latent.surface import rotation_from
from openvasa.types import Array

BIN = 2.0  # degrees
WIDEST = 60.0  # degrees to either side; beyond, it is counted at the border
BLUR = 3.0  # degrees: about the error of a single reading of the eyes
NEAR = 10.0  # degrees around the main direction that count as looking there


def camera_gaze(pose: Array, eyes: Array) -> Array:
    """Gaze relative to the camera.

    Args:
        pose: f32 [T, 6], z_pose.
        eyes: f32 [T, 2], yaw and pitch of the eyes in the head, radians.

    Returns:
        f32 [T, 2], yaw and pitch in degrees.
    """
    yaw, pitch = np.asarray(eyes, np.float64).T
    ahead = np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], 1)
    turned = np.stack([rotation_from(row) @ ray for row, ray in zip(pose, ahead, strict=True)])
    up = np.arcsin(np.clip(turned[:, 1], -1, 1))
    return np.degrees(np.stack([np.arctan2(turned[:, 0], turned[:, 2]), up], 1)).astype(np.float32)


def main_direction(gaze: Array) -> tuple[tuple[float, float], float]:
    """The direction somebody looks in most, as VASA-1 has it: the mode of a 2-D histogram.

    Args:
        gaze: f32 [T, 2], degrees; T >= 1.

    Returns:
        (yaw, pitch) in degrees, and the share of frames within `NEAR` of it.
    """
    bins = round(2 * WIDEST / BIN)
    where = np.clip(np.floor((gaze + WIDEST) / BIN), 0, bins - 1).astype(int)
    counts = np.zeros((bins, bins))
    np.add.at(counts, (where[:, 0], where[:, 1]), 1)
    smooth: NDArray[np.float64] = gaussian_filter(counts, BLUR / BIN, mode="constant")
    peak = np.array(np.unravel_index(int(smooth.argmax()), smooth.shape))
    center = (peak + 0.5) * BIN - WIDEST
    near = np.linalg.norm(gaze - center, axis=1) <= NEAR / 2
    if near.any():
        center = gaze[near].mean(0)  # finer than the bins
    share = float((np.linalg.norm(gaze - center, axis=1) <= NEAR).mean())
    return (float(center[0]), float(center[1])), share
