"""Parted lips rounded as real ones are (numpy only).

The scans' jaw pulls the middle of the lower lip farthest and the warp learned that, so an open
mouth was a triangle with its point down: a quarter of its width from a corner, performances opened
it 0.57 times as far as in the middle. Real lips do 0.8 to 0.9 times, whoever they are and however
far they part.
"""

from __future__ import annotations

import numpy as np

from openvasa.engine.lip_seam import CORNERS
from openvasa.latent.surface import (
    INNER_LOWER,
    INNER_UPPER,
    LOWER_LIP,
    PART,
    TOUCH,
    UPPER_LIP,
    rotation_from,
    smooth,
)

# Gap at each of nine points along the lips, relative to the middle: medians of mesh points in
# 3,000 frames of GRID's training speakers, lips parted by 0.01 and by 0.08 crop units.
NARROW = np.array([0.25, 0.49, 0.81, 0.94, 1.0, 0.94, 0.81, 0.49, 0.25])
WIDE = np.array([0.38, 0.64, 0.86, 0.97, 1.0, 0.97, 0.86, 0.64, 0.38])
NARROW_AT, WIDE_AT = 0.01, 0.08  # crop units
REACH = 0.08  # crop units from the lips, over which skin follows them
# The corners sink with the jaw and take their neighbors along. Performances had the upper lip's
# middle 0.1 of the gap above them, GRID speakers 0.3; driven faces are right already: half of it.
SINK = 0.12  # of the gap
NEIGHBORS = np.array([0.45, 0.12, 0, 0, 0, 0, 0, 0.12, 0.45])


class LipShape:
    """The lips of one portrait."""

    def __init__(self, neutral: np.ndarray) -> None:
        """Work out how the skin follows.

        Args:
            neutral: [478, 3] the portrait's canonical points without expression, lips shut.
        """
        line = np.concatenate([neutral[[CORNERS[0]]], neutral[INNER_UPPER], neutral[[CORNERS[1]]]])
        above = neutral[:, 1] > np.interp(neutral[:, 0], line[:, 0], line[:, 1])
        above[UPPER_LIP], above[LOWER_LIP] = True, False
        self._up = _follows(neutral, INNER_UPPER, above)
        self._down = _follows(neutral, INNER_LOWER, ~above)

    def __call__(self, points: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """Control points [478, 3] with rounded lips; the gap in their middle stays.

        Args:
            points: [478, 3] control points in the target's view, y up, crop units.
            pose: The target's z_pose [6].
        """
        up = rotation_from(pose)[:, 1]
        gap = (points[INNER_UPPER] - points[INNER_LOWER]) @ up
        opened = gap[len(gap) // 2]
        wide = smooth((opened - NARROW_AT) / (WIDE_AT - NARROW_AT))
        lacking = opened * (NARROW + wide * (WIDE - NARROW)) - (gap + gap[::-1]) / 2
        lacking *= smooth((opened - TOUCH) / (PART - TOUCH))
        sunk = SINK * max(opened, 0.0)
        corners = -sunk * np.ones(len(CORNERS))
        upper = np.concatenate([lacking / 2 - sunk * NEIGHBORS, corners])
        lower = np.concatenate([-lacking / 2 - sunk * NEIGHBORS, corners])
        return np.asarray(points + (self._up @ upper + self._down @ lower)[:, None] * up)


def _follows(neutral: np.ndarray, lip: np.ndarray, side: np.ndarray) -> np.ndarray:
    """[478, 11], by how much each point goes with each of a lip's and with the corners."""
    apart = np.linalg.norm(neutral[:, None] - neutral[None, [*lip, *CORNERS]], axis=2)
    weight = side[:, None] / (apart**3 + 1e-9)
    weight /= weight.sum(1, keepdims=True) + 1e-9
    near = np.exp(-((apart.min(1, keepdims=True) / REACH) ** 2))
    return np.asarray(weight * near)
