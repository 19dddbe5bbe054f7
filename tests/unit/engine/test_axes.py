"""Named expressions inside z_dyn: read and added to, the rest untouched."""

from __future__ import annotations

import numpy as np

from openvasa.engine.axes import Axes


def test_what_is_added_is_read_and_nothing_else_moves() -> None:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((45, 48)).astype(np.float32)
    back = np.linalg.pinv(weight).astype(np.float32)
    some = [3, 7]
    axes = Axes(back[:, some].copy(), weight[some])
    shown = rng.standard_normal(45).astype(np.float32)
    more = axes.add(shown @ weight, np.array([0.5, -0.2]))
    np.testing.assert_allclose(axes.read(more), shown[some] + [0.5, -0.2], atol=1e-4)
    others = np.delete(more @ back - shown, some)
    np.testing.assert_allclose(others, 0, atol=1e-4)
