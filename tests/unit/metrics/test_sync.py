"""SyncNet's procedure with experts whose vectors are known."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.sync import REACH, sync_figures, sync_score, windows

RNG = np.random.default_rng(0)
SEEN = RNG.standard_normal((120, 8))


@pytest.mark.parametrize("late", [-7, -1, 0, 3, 15])
def test_the_offset_is_found(late: int) -> None:
    heard = np.roll(SEEN, late, axis=0)  # sound that comes `late` frames after the lips
    score = sync_score(SEEN, heard)
    assert score.offset == late
    assert score.distance == pytest.approx(0, abs=1e-9)
    assert score.confidence == pytest.approx(float(np.median(score.curve)))
    assert len(score.curve) == 2 * REACH + 1


def test_strange_sound_has_no_confidence() -> None:
    own = sync_score(SEEN, SEEN + 0.1 * RNG.standard_normal(SEEN.shape))
    strange = sync_score(SEEN, RNG.standard_normal(SEEN.shape))
    assert strange.confidence < 0.1 * own.confidence
    assert strange.distance > own.distance


def test_padding_counts_what_is_beyond_the_clip() -> None:
    # All distances are 0 inside; beyond, they are the vectors' length 2 (4 numbers of 1).
    same = np.ones((30, 4))
    score = sync_score(same, same, padded=True)
    assert score.offset == 0 and score.distance == 0
    assert score.curve[0] == pytest.approx(2 * 15 / 30)
    assert score.confidence == pytest.approx(2 * 8 / 30)


def test_clips_too_short_to_shift_are_refused() -> None:
    with pytest.raises(ValueError, match="shifted"):
        sync_score(SEEN[:15], SEEN[:15])


def test_windows_are_five_frames() -> None:
    rows = windows(np.arange(14.0).reshape(7, 2))
    assert rows.shape == (3, 10)
    assert sorted(rows[1]) == list(np.arange(2.0, 12.0))


def test_names_tell_whose_figures_they_are() -> None:
    score = sync_score(SEEN, np.roll(SEEN, -2, axis=0))
    figures = sync_figures("openvasa_sync", score)
    assert figures["openvasa_sync_offset"] == -2 and figures["openvasa_sync_off"] == 2
    assert all(name.startswith("openvasa_sync_") for name in figures)
