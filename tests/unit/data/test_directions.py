"""Edit directions: planted ones are found, and the strength search keeps the person."""

import numpy as np
import pytest

pytest.importorskip("torch")

from openvasa.data import directions  # noqa: E402
from openvasa.data.directions import EDITS, Studio, apply_edit, edits_of, fit_directions  # noqa: E402
from openvasa.data.identity import _similarity  # noqa: E402
from openvasa.data.labels import FaceLabels  # noqa: E402
from openvasa.data.readings import READINGS, head_angles, readings  # noqa: E402

OPEN = READINGS.index("open")


def mesh(yaw: float = 0.0, pitch: float = 0.0, gap: float = 0.0) -> np.ndarray:
    """Corner points of a face turned by degrees: x right, y down, z away from the camera."""
    points = np.zeros((478, 3), np.float32)
    points[10], points[152], points[234], points[454] = (
        (0, -1, 0),
        (0, 1, 0),
        (-0.8, 0, 0),
        (0.8, 0, 0),
    )
    points[13], points[14] = (0, 0.4 - gap, 0), (0, 0.4 + gap, 0)
    for left, right, top, bottom in ((33, 133, 159, 145), (362, 263, 386, 374)):
        points[left, 0], points[right, 0] = -0.1, 0.1
        points[top, 1], points[bottom, 1] = -0.03, 0.03
    y, p = np.radians([yaw, pitch])
    turn = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    return (points @ (turn @ nod).T).astype(np.float32)


def test_head_angles_have_the_signs_of_the_contract() -> None:
    nose = np.array([0, 0, -1.0])
    for yaw, pitch in ((20, 0), (0, 15), (-10, -5)):
        found = head_angles(mesh(yaw, pitch))
        assert found[:2] == pytest.approx((yaw, pitch), abs=0.1)
    y = np.radians(20)
    turned = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]]) @ nose
    assert turned[0] > 0  # positive yaw: the nose moves to the image's right


def test_readings_of_an_open_mouth() -> None:
    scores = np.zeros(52, np.float32)
    closed = readings(FaceLabels(mesh(gap=0.0), scores))
    opened = readings(FaceLabels(mesh(gap=0.1), scores))
    assert opened[OPEN] - closed[OPEN] == pytest.approx(0.1, abs=1e-3)
    assert closed[READINGS.index("closed")] == pytest.approx(-0.3, abs=1e-3)


def test_planted_directions_are_found() -> None:
    rng = np.random.default_rng(0)
    planted = rng.standard_normal((8, 512)).astype(np.float32)
    values = rng.standard_normal((400, 8)).astype(np.float32)
    w = values @ planted + 0.1 * rng.standard_normal((400, 512)).astype(np.float32)
    found = fit_directions(w, values)
    assert np.abs(found.vectors - planted).max() < 0.05
    assert found.correlation.min() > 0.95


def studio(identity_loss: float) -> Studio:
    """Pictures are one number: how far the mouth direction went; so is everything else."""
    vectors = np.zeros((8, 512), np.float32)
    vectors[OPEN, 0] = 1.0

    def render(w: np.ndarray) -> np.ndarray:
        return np.full((1, 1, 3), 1000 * w[:, 0].max(), np.uint8)

    def label(image: np.ndarray) -> FaceLabels:
        return FaceLabels(mesh(gap=image[0, 0, 0] / 1000), np.zeros(52, np.float32))

    def identify(image: np.ndarray, labels: FaceLabels) -> np.ndarray:
        angle = min(identity_loss * image[0, 0, 0] / 1000, np.pi)
        return np.array([np.cos(angle), np.sin(angle)], np.float32)

    return Studio(render, label, identify, directions.Directions(vectors, np.ones(8)))


def edit_with(identity_loss: float) -> directions.Edited | None:
    base = readings(FaceLabels(mesh(), np.zeros(52, np.float32)))
    styles = np.zeros((23, 512), np.float32)
    return apply_edit(studio(identity_loss), styles, EDITS[0], base, np.array([1, 0], np.float32))


def test_an_edit_touches_only_its_layers_and_reports_the_change() -> None:
    done = edit_with(0.0)
    assert done is not None
    assert done.change[OPEN] >= 0.8 * EDITS[0].change
    first, last = EDITS[0].layers
    assert not done.styles[:first].any() and not done.styles[last:].any()


def test_a_weaker_edit_is_taken_where_the_person_would_change() -> None:
    free, held = edit_with(0.0), edit_with(10.0)
    assert free is not None and held is not None
    assert held.change[OPEN] < free.change[OPEN]
    assert held.similarity >= directions.SAME_PERSON


def test_no_edit_where_any_change_loses_the_person() -> None:
    assert edit_with(100.0) is None


def test_faces_get_the_smile_or_the_calm_they_lack_and_turn_toward_the_camera() -> None:
    values = np.zeros(8, np.float32)
    values[READINGS.index("smile")], values[READINGS.index("yaw")] = 0.9, 20.0
    names = [edit.name for edit in edits_of(values, 0)]
    assert "neutral" in names and "smile" not in names
    assert "left" in names and "right" not in names


def test_similarity_transform_is_recovered() -> None:
    source = np.array([[0.0, 0], [1, 0], [0, 1], [2, 3]])
    target = source @ np.array([[1.5, -0.5], [0.5, 1.5]]).T + [3, -2]
    assert _similarity(source, target) == pytest.approx((1.5, 0.5, 3, -2))
