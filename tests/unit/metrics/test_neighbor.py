"""Recordings played back where they sound alike, and shipped with the code."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.neighbor import (
    HEARD,
    SEEN,
    SHIPPED,
    Table,
    choose,
    load_table,
    played,
    predict,
    sound_windows,
)
from openvasa.types import POSE_DIM, InputError


def _table(frames: int = 60, clips: int = 3) -> Table:
    rng = np.random.default_rng(0)
    heard = (rng.standard_normal((frames, HEARD)) / np.sqrt(HEARD)).astype(np.float32)
    seen = rng.uniform(0.2, 0.8, (frames, SEEN)).astype(np.float32)
    ends = np.arange(1, clips + 1) * (frames // clips)
    return Table(heard, seen, ends, np.zeros(640, np.float32), np.zeros((640, HEARD), np.float32))


def test_a_recording_finds_itself() -> None:
    table = _table()
    path = choose(table, table.heard[20:40])
    np.testing.assert_array_equal(path, np.arange(20, 40))
    np.testing.assert_allclose(played(table, path), table.seen[20:40])


def test_one_frame_is_enough() -> None:
    table = _table()
    assert choose(table, table.heard[7:8]).tolist() == [7]


def test_a_recording_goes_on_where_two_sound_almost_alike() -> None:
    table = _table()
    # Frame 45 sounds a little more like frame 5 than frame 5 itself: not worth two cuts.
    asked = table.heard[0:10].copy()
    table.heard[45] = asked[5]
    table.heard[5] = asked[5] + 0.1 / np.sqrt(HEARD)
    assert choose(table, asked).tolist() == list(range(10))


def test_the_end_of_a_clip_is_followed_by_no_other() -> None:
    table = _table()
    assert table.following[[0, 19, 20, 39, 59]].tolist() == [1, 19, 21, 39, 59]


def test_a_cut_makes_no_step_and_is_soon_forgotten() -> None:
    table = _table()
    table.seen[:20], table.seen[20:40] = 0.3, 0.7
    out = played(table, np.array([3, 4, *range(21, 40)]))
    assert np.abs(np.diff(out, axis=0)).max() < 0.25  # of a step of 0.4
    np.testing.assert_allclose(out[-1, POSE_DIM:], 0.7, atol=1e-3)
    assert 0.3 < out[4, 0] < out[12, 0] < 0.7  # the head takes its time


def test_windows_reach_two_frames_to_either_side() -> None:
    features = np.zeros((9, 128), np.float32)
    features[4] = 1
    heard = sound_windows(features)
    assert heard.shape == (9, 640)
    assert np.flatnonzero(heard.any(1)).tolist() == [2, 3, 4, 5, 6]


def test_what_ships_was_made_for_the_encoder_that_ships_and_keeps_scores_in_range() -> None:
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 0.1, 640 * 49 + 1).astype(np.float32)
    pose, expression = predict(sound)
    assert pose.shape == (50, 6) and expression.shape == (50, 45)
    assert expression[:, :43].min() >= 0 and expression[:, :43].max() <= 1
    np.testing.assert_array_equal(predict(sound)[1], expression)


def test_a_table_of_another_encoder_is_refused() -> None:
    with pytest.raises(InputError, match="neighbor_table"):
        load_table(SHIPPED, "another")
