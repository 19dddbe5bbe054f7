from types import SimpleNamespace

import numpy as np
import pytest

from openvasa.data.labels import (
    MESH_POINTS,
    SCORE_NAMES,
    Landmarker,
    largest,
    valid_region,
)
from openvasa.types import EXPRESSION_NAMES, CropBox, InputError


def mesh(height: float, x: float = 0.5) -> np.ndarray:
    points = np.zeros((MESH_POINTS, 3), np.float32)
    points[:, 0] = x
    points[10, 1], points[152, 1] = 0.5 - height / 2, 0.5 + height / 2
    return points


def stub(faces: list[np.ndarray]) -> Landmarker:
    """A landmarker whose network always finds these faces, in relative coordinates."""
    found = SimpleNamespace(
        face_landmarks=[[SimpleNamespace(x=p[0], y=p[1], z=p[2]) for p in f] for f in faces],
        face_blendshapes=[
            [SimpleNamespace(score=0.1 * i) for _ in SCORE_NAMES] for i in range(len(faces))
        ],
    )
    landmarker = object.__new__(Landmarker)
    landmarker._mediapipe = SimpleNamespace(
        Image=lambda image_format, data: data, ImageFormat=SimpleNamespace(SRGB=1)
    )
    landmarker._detector = SimpleNamespace(detect=lambda picture: found, close=lambda: None)
    return landmarker


def test_score_names_hold_every_expression_but_gaze():
    assert len(SCORE_NAMES) == len(set(SCORE_NAMES)) == 52
    assert set(EXPRESSION_NAMES) - {"gazeYaw", "gazePitch"} <= set(SCORE_NAMES)


def test_labels_are_in_pixels_and_of_the_largest_face():
    faces = [mesh(0.2), mesh(0.6, x=0.25), mesh(0.3)]
    faces[1][4, 2] = -0.1
    labels = stub(faces).label(np.zeros((100, 400, 3), np.uint8))
    assert labels is not None
    assert labels.landmarks.shape == (478, 3) and labels.landmarks.dtype == np.float32
    np.testing.assert_allclose(labels.landmarks[4, 0], 100)
    np.testing.assert_allclose(labels.landmarks[152, 1] - labels.landmarks[10, 1], 60, rtol=1e-5)
    np.testing.assert_allclose(labels.landmarks[4, 2], -40, rtol=1e-5)  # z by the width
    np.testing.assert_allclose(labels.scores, np.full(52, 0.1), rtol=1e-6)


def test_no_face_is_none():
    assert stub([]).label(np.zeros((8, 8, 3), np.uint8)) is None


def test_largest_goes_by_height():
    assert largest([mesh(0.5), mesh(0.1), mesh(0.7)]) == 2


def test_a_missing_network_is_said_in_words(tmp_path):
    with pytest.raises(InputError, match="face_landmarker.task"):
        Landmarker(tmp_path / "nothing.task")


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (CropBox(50, 50, 40), [-1, -1, 1, 1]),  # wholly inside
        (CropBox(50, 50, 200), [-0.5, -0.5, 0.5, 0.5]),  # larger than the picture
        (CropBox(50, 90, 40), [-1, -1, 1, 0.5]),  # past the lower edge
    ],
)
def test_valid_region(box, expected):
    np.testing.assert_allclose(valid_region(box, 100, 100), expected, atol=1e-6)
