"""The smoother leaves steady motion alone and stops shaking."""

from __future__ import annotations

import numpy as np

from openvasa.motion.smoother import pose_smoother


def test_smoother_keeps_straight_motion_and_removes_shaking() -> None:
    begun, followed = pose_smoother(7, 1.0)
    line = np.arange(9, dtype=np.float32)
    np.testing.assert_allclose(followed @ line, line[2:], atol=1e-4)
    np.testing.assert_allclose(begun @ line[:7], line[:7], atol=1e-4)
    shaking = np.concatenate([[0, 0], (-1.0) ** np.arange(7)])
    assert np.abs(followed @ shaking)[:-1].max() < 0.15  # the last frame is freer
    np.testing.assert_allclose(pose_smoother(7, 0.0)[1][:, 2:], np.eye(7), atol=1e-6)
