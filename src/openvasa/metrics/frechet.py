"""Frechet distance of two sets of features: FID on pictures, FVD on windows of 25 frames.

    d^2 = |m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2))

of the means and covariances (Heusel et al., NeurIPS 2017; Unterthiner et al., arXiv 1812.01717,
who take features of I3D). Lower is better; the unit is that of squared features. Both depend on
how many samples there are: few samples make the distance too large. So counts are always reported
beside it, and FVD on fewer than `ENOUGH` windows decides nothing. Knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WINDOW = 25  # frames, one second, as VASA-1 has it
ENOUGH = 500  # windows on either side below which FVD is told but never decides
ENOUGH_PICTURES = 2048  # below, the covariance of Inception's features has no full rank


@dataclass(frozen=True)
class FeatureStatistics:
    """What is kept of a set of features.

    Attributes:
        count: How many there were.
        mean: f64 [D].
        factor: f64 [K, D]; the covariance is `factor.T @ factor`.
    """

    count: int
    mean: Floats
    factor: Floats

    @classmethod
    def of(cls, features: NDArray[np.floating] | Sequence[Floats]) -> FeatureStatistics:
        """Statistics of features [N >= 2, D].

        Raises:
            ValueError: There are fewer than two.
        """
        rows = np.asarray(features, np.float64)
        if rows.ndim != 2 or len(rows) < 2:
            raise ValueError(f"statistics need two features at least, not {rows.shape}")
        mean = rows.mean(0)
        factor = (rows - mean) / np.sqrt(len(rows) - 1)
        if factor.shape[0] > factor.shape[1]:  # as small as it can be
            factor = np.linalg.qr(factor, mode="r")
        return cls(len(rows), mean, factor)


def frechet_distance(first: FeatureStatistics, second: FeatureStatistics) -> float:
    """The squared Frechet distance between two Gaussians of these statistics, >= 0."""
    apart = float(((first.mean - second.mean) ** 2).sum())
    # With C1 = A'A and C2 = B'B, trace((C1 C2)^(1/2)) is the sum of the singular values of AB'.
    shared = float(np.linalg.svd(first.factor @ second.factor.T, compute_uv=False).sum())
    total = float((first.factor**2).sum() + (second.factor**2).sum())
    return max(0.0, apart + total - 2 * shared)


def window_starts(frames: int, every: int, window: int = WINDOW) -> list[int]:
    """First frames of windows spread over a clip.

    Args:
        frames: Of the clip.
        every: Frames from one start to the next; `window` leaves no gap.
        window: Frames of a window.
    """
    return list(range(0, frames - window + 1, every))


def caution(made: int, real: int, enough: int = ENOUGH) -> str:
    """A sentence where there are too few samples to decide anything; else empty."""
    fewest = min(made, real)
    if fewest >= enough:
        return ""
    return f"{fewest} samples, below {enough}: too few to decide anything, too large by nature"
