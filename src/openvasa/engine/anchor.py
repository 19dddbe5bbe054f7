"""Named expressions <-> z_dyn, through the model's own linear anchor (graph `embed`).

The anchor is z_dyn = e W with W of full rank, so that what a portrait or a frame expresses can be
read back by the pseudo-inverse, and a named value set without touching the rest of z_dyn.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from openvasa.engine.axes import Axes
from openvasa.engine.backends import Backend
from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES, Array

GAZE = ("gazeYaw", "gazePitch")
BLINKS = ("eyeBlinkLeft", "eyeBlinkRight")
NUMBER = {name: k for k, name in enumerate(EXPRESSION_NAMES)}


class Anchor:
    """The linear map of one model.

    Attributes:
        weight: f32 [45, 48], z_dyn of each expression at 1.
    """

    def __init__(self, run: Backend) -> None:
        """Reads the map out of the graph `embed`."""
        one = np.eye(EXPRESSION_DIM, dtype=np.float32)
        self.weight: Array = run("embed", {"expression": one})["dynamics"]
        self._back = np.linalg.pinv(self.weight).astype(np.float32)

    def axes(self, *names: str) -> Axes:
        """How z_dyn and these expressions hang together."""
        columns = [NUMBER[name] for name in names]
        return Axes(np.ascontiguousarray(self._back[:, columns]), self.weight[columns])

    def read(self, dynamics: Array) -> Array:
        """Expressions f32 [N, 45] of z_dyn [N, 48], in the order of `EXPRESSION_NAMES`."""
        return dynamics @ self._back

    def put(self, dynamics: Array, values: Mapping[str, float | Array]) -> Array:
        """z_dyn [N, 48] with some expressions set, all others and what no name says kept.

        Args:
            dynamics: f32 [N, 48].
            values: By name, one number or f32 [N]: scores in [0, 1], gaze in radians.
        """
        wanted = self.read(dynamics)
        before = wanted.copy()
        for name, value in values.items():
            wanted[:, NUMBER[name]] = value
        return np.asarray(dynamics + (wanted - before) @ self.weight, np.float32)
