"""What the landmarker answers, kept frame by frame."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from openvasa.metrics.track import FaceTrack, RecordingDetector, angles_of, join


def turn(yaw: float, pitch: float) -> np.ndarray:
    """A head's rotation: right of the image by yaw, up by pitch, in degrees."""
    a, b = np.radians([yaw, pitch])
    sideways = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    up = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    return sideways @ up


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (20, 0), (-30, 0), (0, 15), (10, -12)])
def test_angles_are_those_of_the_nose(yaw: float, pitch: float) -> None:
    np.testing.assert_allclose(angles_of(3.0 * turn(yaw, pitch)), [yaw, pitch], atol=1e-9)


def test_frames_without_a_face_repeat_the_nearest() -> None:
    one, two = (
        (np.full((478, 2), float(k)), np.array([k, 0.0]), 0.1 * k) for k in (1, 2)
    )  # fmt: skip
    track = join([None, one, None, None, two])
    assert track is not None
    np.testing.assert_array_equal(track.found, [False, True, False, False, True])
    np.testing.assert_array_equal(track.angles[:, 0], [1, 1, 1, 2, 2])
    assert join([None, None]) is None


def test_a_track_survives_its_file(tmp_path: Path) -> None:
    points = np.random.default_rng(0).random((4, 478, 2)).astype(np.float32).astype(np.float64)
    track = FaceTrack(points, np.zeros((4, 2)), np.ones(4), np.ones(4, np.bool_))
    track.save(tmp_path / "t.npz")
    again = FaceTrack.load(tmp_path / "t.npz")
    np.testing.assert_array_equal(again.points, track.points)
    assert again.found.dtype == np.bool_ and len(again) == 4


class Detector:
    """Answers as MediaPipe does: one face at the picture's middle, or none."""

    def __init__(self) -> None:
        self.closed = False

    def detect(self, image: Any) -> Any:
        if image.empty:
            return SimpleNamespace(face_landmarks=[])
        shapes = [
            SimpleNamespace(category_name=f"eyeBlink{side}", score=score)
            for side, score in (("Left", 0.2), ("Right", 0.6))
        ]
        return SimpleNamespace(
            face_landmarks=[[SimpleNamespace(x=0.5, y=0.25)] * 478],
            face_blendshapes=[shapes],
            facial_transformation_matrixes=[np.eye(4)],
        )

    def close(self) -> None:
        self.closed = True


def test_the_detector_passes_answers_on_and_keeps_them() -> None:
    inner = Detector()
    detector = RecordingDetector(inner)
    picture = SimpleNamespace(empty=False, width=200, height=100)
    assert detector.detect(picture).face_landmarks
    detector.detect(SimpleNamespace(empty=True, width=200, height=100))
    track = detector.take()
    assert track is not None and len(track) == 2
    np.testing.assert_allclose(track.points[0, 0], [100, 25])
    assert track.blink[0] == pytest.approx(0.4)
    assert detector.take() is None
    detector.close()
    assert inner.closed
