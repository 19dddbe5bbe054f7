"""Landmarks as control points: where the head is, and how deep its sides are."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.data.toy_head import toy_basis
from openvasa.latent.control_points import FLATTEST, control_points, shallow
from openvasa.latent.surface import FLIP, rotation_from, transform

POSE = np.array([0.3, -0.2, 0.15, 0.05, -0.04, 0.1])


def test_control_points_bring_the_mean_face_onto_the_landmarks() -> None:
    basis = toy_basis()
    iris = np.repeat(basis.mean[[33, 263]], 5, 0)
    seen = transform(np.concatenate([basis.mean, iris]), POSE) * FLIP
    seen[:, 2] += 0.4  # a landmarker's depth has no origin
    points, (scale, rotation, shift) = control_points(seen, basis.mean)
    assert scale == pytest.approx(np.exp(POSE[5]), abs=1e-6)
    np.testing.assert_allclose(rotation, rotation_from(POSE), atol=1e-6)
    np.testing.assert_allclose(points[:, :2], (seen * FLIP)[:, :2], atol=1e-6)
    assert shift[2] == 0


def test_shallow_keeps_what_is_near_and_lifts_what_is_far() -> None:
    points = np.zeros((478, 3))
    points[:, 2] = np.linspace(-1, 1, 478)
    lifted = shallow(points)[:468, 2]
    assert (lifted >= FLATTEST).all()
    assert (np.diff(lifted) >= 0).all()
    assert lifted[-10:] == pytest.approx(points[458:468, 2], abs=1e-3)
