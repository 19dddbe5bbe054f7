"""What a landmarker saw -> control points of the surface, and where the head is (numpy only)."""

from __future__ import annotations

import numpy as np

from openvasa.latent.surface import EYES, FLIP, IRIS, STABLE, Similarity, rigid_fit

FLATTEST = 0.10  # crop units: points further back than this are drawn forward


def control_points(landmarks: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, Similarity]:
    """What a landmarker saw -> control points, and where the mean face lies in them.

    Args:
        landmarks: [478, 3] in crop units, image convention.
        mean: [468, 3] the mean face.

    Returns:
        Control points [478, 3], y up, and (scale, rotation, shift) with
        points ~ scale * mean @ R.T + shift.
    """
    points = landmarks * FLIP
    scale, rotation, shift = rigid_fit(mean[STABLE], points[STABLE])
    points[:, 2] -= shift[2]  # depth counts from the ears: crops have no absolute depth
    return shallow(points), (scale, rotation, shift * np.array([1.0, 1.0, 0.0]))


def shallow(points: np.ndarray) -> np.ndarray:
    """Keep the cheeks' sides from folding when turned; put the irises on their lids' plane.

    A photograph has no pixels for a surface seen edge-on, so a little less depth at the
    silhouette looks truer than torn triangles.
    """
    points = points.copy()
    depth = (points[:, 2] - FLATTEST) / 0.08
    points[:, 2] = FLATTEST + 0.08 * np.logaddexp(0.0, depth)
    for contour, iris in zip(EYES, IRIS, strict=True):
        points[iris : iris + 5, 2] = points[contour, 2].mean()
    return points
