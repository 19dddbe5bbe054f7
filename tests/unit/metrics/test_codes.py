"""How much a picture changes is counted in the face, and averaged by what was changed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from openvasa.metrics.codes import Effect, average, change


def test_change_counts_the_face_only() -> None:
    points = np.array([[-0.5, 0.5, 0.0], [0.5, -0.5, 0.0]], np.float32)
    avatar = cast(Any, SimpleNamespace(points=points))
    before = np.zeros((40, 40, 3), np.uint8)
    after = before.copy()
    after[:5] = 255  # above the face
    assert change(avatar, [before], [after]) == (0.0, 0.0, 0.0)
    after[:] = 10
    assert change(avatar, [before], [after]) == (10.0, 10.0, 1.0)


def test_effects_of_one_kind_are_averaged() -> None:
    effects = [Effect("a", 1, 0, 0, 0, 0), Effect("b", 5, 0, 0, 0, 0), Effect("a", 3, 8, 0.5, 0, 0)]
    assert average(effects) == [Effect("a", 2, 4, 0.25, 0, 0), Effect("b", 5, 0, 0, 0, 0)]
