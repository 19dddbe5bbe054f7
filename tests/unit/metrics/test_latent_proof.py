"""Figures of disentanglement on faces whose motion is known."""

import numpy as np
import pytest

from openvasa.latent.surface import FLIP, transform
from openvasa.metrics.face_sequence import FaceSequence, mean_face
from openvasa.metrics.latent_proof import (
    correlations,
    expression_change,
    landmark_error,
    pose_change,
)


def _sequence(poses: np.ndarray, gaps: np.ndarray) -> FaceSequence:
    mean = mean_face()
    out = []
    for pose, gap in zip(poses, gaps, strict=True):
        face = np.concatenate([mean, mean[:10]])
        face[[14, 87, 317, 17], 1] -= gap
        out.append(transform(face, pose) * FLIP * 200)
    return FaceSequence(np.stack(out), np.ones(len(out), bool))


def test_pose_alone_moves_no_expression_and_the_reverse() -> None:
    rest = _sequence(np.zeros((1, 6)), np.zeros(1))
    poses = np.zeros((4, 6))
    poses[:, 0] = np.radians([-20, -10, 10, 20])
    turned = _sequence(poses, np.zeros(4))
    assert expression_change(turned, rest).max() < 0.1
    assert pose_change(turned.angles, rest.angles)[-1] == pytest.approx(100 * 20 / 3 / 30, rel=0.01)
    opened = _sequence(np.zeros((4, 6)), np.full(4, 0.05))
    assert expression_change(opened, rest).min() > 5
    assert pose_change(opened.angles, rest.angles).max() < 0.1


def test_correlation_and_points() -> None:
    gaps = 0.03 + 0.02 * np.sin(np.arange(20))
    still = np.zeros((20, 6))
    driver = _sequence(still, gaps)
    assert correlations(_sequence(still, 0.5 * gaps), driver)[0] > 0.99
    assert correlations(_sequence(still, -0.5 * gaps + 0.05), driver)[0] < -0.9
    assert np.isnan(correlations(driver, _sequence(still, np.zeros(20)))[0])
    assert landmark_error(driver, driver) == 0
