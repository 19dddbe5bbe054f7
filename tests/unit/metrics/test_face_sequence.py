"""Pose, gaze and openings of a face that was placed by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.face.landmarks import Mesh
from openvasa.latent.surface import FLIP, IRIS, rotation_from
from openvasa.metrics.face_sequence import (
    _EYE_CORNERS,
    _EYEBALL,
    _REST,
    FaceSequence,
    joined,
    mean_face,
)


def face(pose: tuple[float, float, float], eyes: tuple[float, float] = (0, 0)) -> np.ndarray:
    """The mean face [478, 3] in pixels at yaw, pitch, roll in degrees, 200 pixels a unit."""
    mean = mean_face()
    off = _EYEBALL * np.sin(np.radians(eyes) + _REST)
    irises = []
    for outer, inner in _EYE_CORNERS:
        center = (mean[outer] + mean[inner]) / 2 + [off[0], off[1], 0]
        irises.append(np.tile(center, (5, 1)))
    points = np.concatenate([mean, *irises]) @ rotation_from(np.radians(pose)).T
    return (200 * points + [0, 0, 3]) * FLIP + [300, 200, 0]


def sequence(*points: np.ndarray) -> FaceSequence:
    return FaceSequence(np.stack(points), np.ones(len(points), np.bool_))


@pytest.mark.parametrize("pose", [(0, 0, 0), (25, 0, 0), (0, -12, 0), (0, 0, 15), (20, 10, -5)])
def test_the_pose_is_read_back(pose: tuple[float, float, float]) -> None:
    seen = sequence(face(pose))
    np.testing.assert_allclose(seen.angles[0], pose, atol=0.01)
    assert seen.scale[0] == pytest.approx(200, rel=1e-6)
    np.testing.assert_allclose(seen.canonical[0, :468], mean_face(), atol=1e-6)


@pytest.mark.parametrize(
    ("head", "eyes", "wanted"),
    [((0, 0, 0), (0, 0), (0, 0)), ((0, 0, 0), (12, 0), (12, 0)), ((20, 0, 0), (0, 0), (20, 0)),
     ((20, 0, 0), (-20, 0), (0, 0)), ((0, 10, 0), (0, -10), (0, 0)), ((0, 0, 30), (0, 0), (0, 0))],
)  # fmt: skip
def test_gaze_is_head_and_eyes(head, eyes, wanted) -> None:
    np.testing.assert_allclose(sequence(face(head, eyes)).gaze[0], wanted, atol=0.6)


def test_openings_do_not_depend_on_size() -> None:
    one = face((0, 0, 0))
    seen = sequence(one, 2 * one)
    assert seen.height[1] == pytest.approx(2 * seen.height[0])
    for values in (seen.gap, seen.lip_width, seen.eye_opening):
        assert values[0] == pytest.approx(values[1]) and values[0] > 0


def test_lost_frames_repeat_the_nearest() -> None:
    meshes = [
        Mesh(points=np.full((478, 3), float(k), np.float32), presence=1.0) for k in (1, 2)
    ]  # fmt: skip
    seen = joined([None, meshes[0], None, None, meshes[1]])
    assert seen is not None
    np.testing.assert_array_equal(seen.points[:, 0, 0], [1, 1, 1, 2, 2])
    np.testing.assert_array_equal(seen.found, [False, True, False, False, True])
    assert joined([None]) is None


def test_a_sequence_survives_its_file(tmp_path: Path) -> None:
    seen = sequence(face((5, 5, 5)))
    seen.save(tmp_path / "s.npz")
    again = FaceSequence.load(tmp_path / "s.npz")
    np.testing.assert_allclose(again.points, seen.points, rtol=1e-6)
    assert len(again) == 1 and IRIS[0] == 468
