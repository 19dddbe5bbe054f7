"""Some named expressions inside z_dyn: how much of them a frame shows, and how to add to them.

Frame by frame, with sums of fixed order: a matrix product's rounding would depend on how many
frames come at a time, and a stream must give the bits of the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openvasa.types import Array


@dataclass(frozen=True)
class Axes:
    """K expressions of one model.

    Attributes:
        reading: f32 [48, K], z_dyn -> the expressions.
        putting: f32 [K, 48], what each at 1 adds to z_dyn.
    """

    reading: Array
    putting: Array

    def read(self, dynamics: Array) -> Array:
        """The expressions f32 [K] of one frame's z_dyn f32 [48]."""
        return np.asarray((dynamics[:, None] * self.reading).sum(0))

    def add(self, dynamics: Array, more: Array) -> Array:
        """One frame's z_dyn f32 [48] with `more` [K] of the expressions; all others stay."""
        added = (np.asarray(more, np.float32)[:, None] * self.putting).sum(0)
        return np.asarray(dynamics + added, np.float32)
