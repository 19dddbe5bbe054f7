"""The tile: its waves, its key, and that ids change only what carries them."""

from __future__ import annotations

import numpy as np

from openvasa.provenance.mark_code import CODE_LENGTH
from openvasa.provenance.mark_pattern import TILE, tile, unit_of, waves


def test_waves_lie_in_the_band_and_none_is_another_s_mirror_image() -> None:
    key = waves()
    length = np.hypot(*key.all.T)
    assert length.min() >= 20 and length.max() < 48
    told = {tuple(wave) for wave in key.all.tolist()}
    assert len(told) == len(key.all) and not told & {tuple(wave) for wave in (-key.all).tolist()}
    assert np.allclose(np.abs(key.sync_phase), 1)
    assert np.bincount(key.carries).min() >= len(key.data) // CODE_LENGTH > 5


def test_the_key_never_changes() -> None:
    """Else no video made before could be read."""
    key = waves()
    assert np.allclose(np.angle(key.sync_phase[:3]), [-3.1116, -0.6650, 0.4588], atol=1e-4)
    assert key.data[:2].tolist() == [[28, 27], [20, 7]]


def test_tile() -> None:
    one, other = tile(1), tile(2)
    assert one.shape == (TILE, TILE) and one.dtype == np.float32
    assert abs(one.mean()) < 0.01 and 0.97 < one.std() < 1 and np.abs(one).max() <= 2.5
    # What they share is what tells where the tile lies, and the signs that are alike.
    assert 0.3 < np.corrcoef(one.ravel(), other.ravel())[0, 1] < 0.95
    shifted = np.roll(one, (5, 9), (0, 1))
    assert abs(np.corrcoef(one.ravel(), shifted.ravel())[0, 1]) < 0.3


def test_units_grow_with_the_frame() -> None:
    assert unit_of(512, 512) == 1 and unit_of(1080, 1920) == 1080 / 512
    assert unit_of(128, 300) == 0.5
