"""Figures of disentanglement on faces whose motion is known."""

import numpy as np
import pytest

from openvasa.latent.surface import FLIP, transform
from openvasa.metrics.face_sequence import FaceSequence, mean_face
from openvasa.metrics.latent_proof import (
    correlations,
    curves,
    dynamics_moved,
    extra,
    landmark_errors,
    pose_moved,
)


def _sequence(poses: np.ndarray, gaps: np.ndarray) -> FaceSequence:
    mean = mean_face()
    out = []
    for pose, gap in zip(poses, gaps, strict=True):
        face = np.concatenate([mean, mean[:10]])
        face[[14, 87, 317, 17], 1] -= gap
        out.append(transform(face, pose) * FLIP * 200)
    return FaceSequence(np.stack(out), np.ones(len(out), bool))


def test_pose_alone_moves_no_dynamics_and_the_reverse() -> None:
    poses = np.zeros((5, 6))
    poses[1:, 0] = np.radians([-20, -10, 10, 20])
    turned = _sequence(poses, np.zeros(5))
    assert dynamics_moved(curves(turned) - curves(turned)[0]).max() < 0.1
    asked = 100 * 20 / 30 / 3
    assert pose_moved(turned.angles - turned.angles[0])[-1] == pytest.approx(asked, rel=0.01)
    opened = _sequence(np.zeros((2, 6)), np.array([0, 0.05]))
    assert dynamics_moved(curves(opened)[1] - curves(opened)[0]) > 5
    assert pose_moved(opened.angles[1] - opened.angles[0]) < 0.1


def test_what_the_reader_adds_to_both_is_taken_off() -> None:
    true = np.array([[1.0, 2.0], [3.0, 2.5]])
    bias = np.array([0.4, -0.3])
    assert extra(true + bias, true) == pytest.approx(np.zeros((1, 2)))
    assert extra(true * 2, true) == pytest.approx(np.array([[2.0, 0.5]]))


def test_correlation_and_points() -> None:
    gaps = 0.03 + 0.02 * np.sin(np.arange(20))
    still = np.zeros((20, 6))
    driver = _sequence(still, gaps)
    assert correlations(_sequence(still, 0.5 * gaps), driver)[0] > 0.99
    assert correlations(_sequence(still, -0.5 * gaps + 0.05), driver)[0] < -0.9
    assert np.isnan(correlations(driver, _sequence(still, np.zeros(20)))[0])
    assert not landmark_errors(driver.points, driver.points).any()
    moved = driver.points + [0.02 * driver.height[0], 0, 0]
    assert landmark_errors(moved, driver.points)[0] == pytest.approx(2.0, rel=0.01)
