"""Means with a percentile bootstrap interval (Efron, 1979); knows nothing of what they mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_DRAWS = 2000
LEVEL = 0.95


def interval(values: ArrayLike, weights: ArrayLike | None = None, *, seed: int = 0,
             draws: int = _DRAWS) -> tuple[float, float]:  # fmt: skip
    """The 95 % interval of a mean when cases are drawn again with replacement.

    Args:
        values: [N >= 1], one a case.
        weights: [N], >= 0; None weighs all alike.
        seed: The same seed gives the same interval.
        draws: How often they are drawn.

    Returns:
        Low and high; both the value itself where N is 1.
    """
    found = np.asarray(values, np.float64)
    heavy = np.ones_like(found) if weights is None else np.asarray(weights, np.float64)
    chosen = np.random.default_rng(seed).integers(0, len(found), (draws, len(found)))
    total = heavy[chosen].sum(1)
    means = (found * heavy)[chosen].sum(1)[total > 0] / total[total > 0]
    if not len(means):
        return float("nan"), float("nan")
    edge = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(means, [edge, 100 - edge])
    return float(low), float(high)


def weighted_mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Mean of values [N] with weights [N]; NaN where all weights are 0."""
    total = float(weights.sum())
    return float((values * weights).sum() / total) if total > 0 else float("nan")
