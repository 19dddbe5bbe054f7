"""Stretches of a track: within their lengths, cut in pauses and where the head jumps."""

from __future__ import annotations

import numpy as np

from openvasa.data.clip_cutting import Stretch, TrackCutter
from openvasa.data.tracks import Track, jumped
from openvasa.face.landmarks import Mesh

SHORTEST, LONGEST = 10, 40


def _mesh(x: float) -> Mesh:
    points = np.random.default_rng(0).normal(0, 30, (478, 3)).astype(np.float32)
    points[10, :2], points[152, :2] = (0, -50), (0, 50)
    points[:, 0] += x
    return Mesh(points=points, presence=1.0)


def _cut(xs: list[float | None], quiet: tuple[int, ...] = ()) -> list[Stretch]:
    level = np.full(len(xs) + LONGEST, -20.0)
    for frame in quiet:
        level[frame - 3 : frame + 4] = -60
    track = Track(0, 0)
    loud = level.astype(np.float32)
    cutter = TrackCutter(track, SHORTEST, LONGEST, lambda first, n: loud[first : first + n])
    done: list[Stretch] = []
    for x in xs:
        track.meshes.append(None if x is None else _mesh(x))
        track.others.append([])
        done += cutter.take()
    return done + cutter.close()


def test_nothing_is_lost_or_doubled_and_lengths_are_kept() -> None:
    for count in (5, 39, 40, 41, 55, 130, 203):
        pieces = _cut([0.0] * count)
        assert [p.first for p in pieces] == list(np.cumsum([0, *map(len, pieces)])[:-1])
        assert sum(map(len, pieces)) == count
        assert all(SHORTEST <= len(p) <= LONGEST for p in pieces) or count < SHORTEST


def test_cuts_fall_into_pauses() -> None:
    pieces = _cut([0.0] * 90, quiet=(33, 62))
    ends = [p.first + len(p) for p in pieces[:-1]]
    assert abs(ends[0] - 33) <= 4 and abs(ends[1] - 62) <= 4


def test_a_jump_of_the_head_is_a_cut_and_a_fast_head_is_none() -> None:
    jump = _cut([0.1 * t for t in range(20)] + [40 + 0.1 * t for t in range(20)])
    assert [len(p) for p in jump] == [20, 20]
    fast = [20 * np.sin(t / 3) for t in range(38)]
    assert len(_cut(fast)) == 1


def test_lost_faces_at_the_end_are_left_out() -> None:
    (piece,) = _cut([0.0] * 20 + [None] * 3)
    assert len(piece) == 20


def test_nothing_is_said_of_lost_faces() -> None:
    assert not jumped([_mesh(0), None, _mesh(40), _mesh(40)])
