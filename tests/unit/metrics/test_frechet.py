"""The Frechet distance of Gaussians whose distance is known."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.frechet import (
    FeatureStatistics,
    caution,
    frechet_distance,
    window_starts,
)


def gaussian(mean: list[float], spread: list[float]) -> FeatureStatistics:
    return FeatureStatistics(1000, np.array(mean, float), np.diag(spread))


def test_known_answers() -> None:
    one = gaussian([0, 0], [1, 2])
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(one, gaussian([3, 4], [1, 2])) == pytest.approx(25)
    # Commuting covariances: the squared differences of the spreads.
    assert frechet_distance(one, gaussian([0, 0], [3, 5])) == pytest.approx(4 + 9)


def test_the_formula_holds_for_any_covariances() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((300, 4)), 1 + rng.standard_normal((50, 4)) @ rng.random((4, 4))
    one, two = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.sqrt(np.linalg.eigvals(one @ two)).real.sum()
    wanted = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(one + two) - 2 * root
    found = frechet_distance(FeatureStatistics.of(a), FeatureStatistics.of(b))
    assert found == pytest.approx(wanted)


def test_rotation_of_both_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((200, 5)), 2 + rng.standard_normal((200, 5)) @ rng.random((5, 5))
    turn, _ = np.linalg.qr(rng.standard_normal((5, 5)))
    plain = frechet_distance(FeatureStatistics.of(a), FeatureStatistics.of(b))
    turned = frechet_distance(FeatureStatistics.of(a @ turn), FeatureStatistics.of(b @ turn))
    assert turned == pytest.approx(plain)
    swapped = frechet_distance(FeatureStatistics.of(b), FeatureStatistics.of(a))
    assert swapped == pytest.approx(plain)


def test_fewer_samples_than_features_still_give_a_number() -> None:
    rng = np.random.default_rng(0)
    few = FeatureStatistics.of(rng.standard_normal((6, 40)).astype(np.float32))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="two features"):
        FeatureStatistics.of(np.zeros((1, 40)))


def test_windows_and_their_number() -> None:
    assert window_starts(75, 25) == [0, 25, 50]
    assert window_starts(74, 25) == [0, 25]
    assert window_starts(24, 25) == []
    assert caution(500, 2000) == ""
    assert "499" in caution(499, 2000)
