"""Closure, width and rest on tracks whose answer is known."""

from __future__ import annotations

import numpy as np

from openvasa.metrics.face_sequence import FaceSequence
from openvasa.metrics.lips import LipCounts, frame_of, measure_lips, settled
from openvasa.metrics.phones import Phones

NAMES = ("sil", "a", "p", "t", "a", "i", "m", "u", "a", "k")
START = np.arange(len(NAMES)) * 0.4
PHONES = Phones(NAMES, START, START + 0.4)
FRAMES = 100


def face(gap: np.ndarray, width: np.ndarray) -> FaceSequence:
    """A face 100 pixels high, its eyes 80 apart; gap and width are relative to those."""
    points = np.zeros((len(gap), 478, 3))
    points[:, 152, 1] = 100
    points[:, 263, 0] = 80
    for upper, lower in ((13, 14), (82, 87), (312, 317)):
        points[:, upper, 1], points[:, lower, 1] = 60, 60 + 100 * gap
    points[:, 291, 0] = 80 * width
    return FaceSequence(points, np.ones(len(gap), np.bool_))


def speaking(closed: set[str], wide: dict[str, float]) -> FaceSequence:
    gap, width = np.full(FRAMES, 0.06), np.full(FRAMES, 0.6)
    for name, start in zip(NAMES, START, strict=True):
        frames = slice(frame_of(start), frame_of(start + 0.4))
        gap[frames] = 0.002 if name in closed else 0.06
        width[frames] = wide.get(name, 0.6)
    return face(gap, width)


def test_a_track_gives_back_gap_and_width() -> None:
    track = face(np.array([0.0, 0.05]), np.array([0.5, 0.7]))
    np.testing.assert_allclose(track.gap, [0.0, 0.05])
    np.testing.assert_allclose(track.lip_width, [0.5, 0.7])


def test_lips_that_know_every_phone() -> None:
    counts = measure_lips(speaking({"sil", "p", "m"}, {"i": 0.8, "u": 0.4}), PHONES)
    assert (counts.closures, counts.bilabials) == (2, 2)
    assert (counts.vowel_closures, counts.vowels) == (0, 2)
    assert (counts.wider, counts.pairs) == (1, 1)
    assert counts.rests == 1 and counts.rest < 0.1


def test_lips_that_know_nothing() -> None:
    counts = measure_lips(speaking({"a"}, {"i": 0.4, "u": 0.8}), PHONES)
    assert counts.closures == 0 and counts.vowel_closures == 2
    assert counts.wider == 0 and counts.rest > 1


def test_a_closed_mouth_that_never_moves_closes_nowhere() -> None:
    counts = measure_lips(face(np.full(FRAMES, 0.003), np.full(FRAMES, 0.6)), PHONES)
    assert counts.closures == 0 and counts.moving == 0 and counts.bilabials == 2


def test_phones_beyond_the_video_do_not_count() -> None:
    track = speaking({"p", "m"}, {})
    short = FaceSequence(track.points[:40], track.found[:40])
    assert measure_lips(short, PHONES).bilabials == 1


def test_clips_add_up() -> None:
    one = LipCounts(closures=1, bilabials=2, rest=0.5, rests=1, clips=1)
    assert one + one == LipCounts(closures=2, bilabials=4, rest=1.0, rests=2, clips=2)


def test_lips_settle_in_time_only_if_they_close_within_three_frames() -> None:
    pause = Phones(("a", "sil", "a"), np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    for late, answer in ((3, 1), (4, 0)):
        gap = np.full(75, 0.06)
        gap[25 + late : 50] = 0.0
        assert settled(gap, pause) == (answer, 1)
    assert settled(np.full(20, 0.06), pause) == (0, 0)  # the pause lies beyond the video
