"""Eyes and mouth corners are read the right way round."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.face_sequence import FaceSequence
from openvasa.metrics.steering import sideways, smile, upward


def test_steering_reads_eyes_and_mouth() -> None:
    points = np.zeros((8, 478, 3))
    points[:, 152, 1] = 100
    points[:, 14, 1] = 5
    for left, right, iris in ((33, 133, 468), (362, 263, 473)):
        points[:, left, 0], points[:, right, 0], points[:, iris, 0] = 10, 20, 18
    points[:, [468, 473], 1] = -2
    seen = FaceSequence(points, np.ones(8, np.bool_))
    assert sideways(seen)[0] == pytest.approx(30)
    assert upward(seen)[0] == pytest.approx(20)
    assert smile(seen)[0] == pytest.approx(25)  # corners above the middle of the lips
