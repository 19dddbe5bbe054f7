"""A fixed linear smoothing of a window that continues what came before it."""

from __future__ import annotations

from functools import cache

import numpy as np

from openvasa.types import Array


@cache
def pose_smoother(window: int, smoothness: float) -> tuple[Array, Array]:
    """Whittaker smoothing of a window, alone and as the continuation of two known frames.

    The smooth x minimizes |x - y|^2 + smoothness * |second differences|^2, those across the seam
    included, so x is linear in y and in the known frames.

    Args:
        window: W.
        smoothness: 0 changes nothing; at 1 a swing of 4.2 Hz keeps half its size.

    Returns:
        f32 [W, W], applied to y; f32 [W, W + 2], applied to the two known frames and y.
    """
    second = np.diff(np.eye(window + 2), n=2, axis=0)  # [W, W + 2]
    inside = second[2:, 2:]
    alone = np.linalg.inv(np.eye(window) + smoothness * inside.T @ inside)
    known, own = second[:, :2], second[:, 2:]
    solve = np.linalg.inv(np.eye(window) + smoothness * own.T @ own)
    joined = np.concatenate([-smoothness * solve @ own.T @ known, solve], axis=1)
    return alone.astype(np.float32), joined.astype(np.float32)
