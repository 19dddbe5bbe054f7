"""A fixed linear smoothing of a window that continues what came before it."""

from __future__ import annotations

from functools import cache

import numpy as np

from openvasa.types import Array


@cache
def pose_smoother(window: int, smoothness: float, order: int = 2) -> tuple[Array, Array]:
    """Whittaker smoothing of a window, alone and as the continuation of known frames.

    The smooth x minimizes |x - y|^2 + smoothness * |differences|^2, those across the seam
    included, so x is linear in y and in the known frames.

    Args:
        window: W > order.
        smoothness: 0 changes nothing; a swing of f Hz keeps half its size where
            smoothness * (2 sin(pi f / 25)) ** (2 * order) = 1: 4.2 Hz at 1.
        order: Of the differences: 2 are accelerations, 3 are jerks.

    Returns:
        f32 [W, W], applied to y; f32 [W, W + order], applied to `order` known frames and y.
    """
    differences = np.diff(np.eye(window + order), n=order, axis=0)  # [W, W + order]
    inside = differences[order:, order:]
    alone = np.linalg.inv(np.eye(window) + smoothness * inside.T @ inside)
    known, own = differences[:, :order], differences[:, order:]
    solve = np.linalg.inv(np.eye(window) + smoothness * own.T @ own)
    joined = np.concatenate([-smoothness * solve @ own.T @ known, solve], axis=1)
    return alone.astype(np.float32), joined.astype(np.float32)
