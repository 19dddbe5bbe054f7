"""Sound in 16 bits: back within a step, never wrapped around."""

from __future__ import annotations

import numpy as np

from openvasa.data.pcm import from_pcm, to_pcm


def test_sound_comes_back_within_a_step_and_is_clipped_beyond() -> None:
    sound = np.array([-1.5, -1, -0.3, 0, 0.3, 1, 2], "f4")
    stored = to_pcm(sound)
    assert stored.dtype == np.int16
    np.testing.assert_allclose(from_pcm(stored), np.clip(sound, -1, 1), atol=4e-5)
