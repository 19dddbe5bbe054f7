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
    """Mean f64 [D] and covariance f64 [D, D] of `count` features."""

    count: int
    mean: Floats
    covariance: Floats

    @classmethod
    def of(cls, features: NDArray[np.floating] | Sequence[Floats]) -> FeatureStatistics:
        """Statistics of features [N >= 2, D].

        Raises:
            ValueError: There are fewer than two.
        """
        rows = np.asarray(features, np.float64)
        if rows.ndim != 2 or len(rows) < 2:
            raise ValueError(f"statistics need two features at least, not {rows.shape}")
        return cls(len(rows), rows.mean(0), np.atleast_2d(np.cov(rows, rowvar=False)))


def frechet_distance(first: FeatureStatistics, second: FeatureStatistics) -> float:
    """The squared Frechet distance between two Gaussians of these statistics, >= 0."""
    apart = float(((first.mean - second.mean) ** 2).sum())
    # trace((C1 C2)^(1/2)) = trace((A C2 A)^(1/2)) with A = C1^(1/2): symmetric, so it is stable.
    values, vectors = np.linalg.eigh(first.covariance)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    inner = np.linalg.eigvalsh(root @ second.covariance @ root)
    shared = float(np.sqrt(np.clip(inner, 0, None)).sum())
    total = float(np.trace(first.covariance) + np.trace(second.covariance))
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
