"""A portrait's face without expression: even, with lips that meet.

Networks take an expression away only about as well as they see it; what speech does to the lips is
added to what they leave, so an error here opens or shuts the mouth in every frame.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openvasa.engine.backends import Backend
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER, LIPS, to_canonical
from openvasa.types import DYNAMICS_DIM, POSE_DIM, Array

Floats = NDArray[np.floating]

MOUTH_REACH, LIP_REACH = 0.25, 0.08  # crop units around the lips
PASSES = 4  # each leaves 0.4 of the gap before
PRESSED = 0.001  # crop units by which lips at rest cross: a smile alone does not part them


def at_rest(neutral: Array, points: Array, pose: Array, mean: Array) -> Array:
    """The portrait's neutral points [478, 3] with lips that meet, and as even as its own.

    What the networks take away as expression is made symmetric around the mouth: a smile in a
    turned face otherwise leaves the lips askew.

    Args:
        neutral: [478, 3] canonical points as the networks see them without expression.
        points: [478, 3] the portrait's control points in its own view.
        pose: The portrait's z_pose [6].
        mean: [468, 3] the mean face.
    """
    own = to_canonical(points.astype(np.float64), pose.astype(np.float64))
    taken = (own - neutral)[: len(mean)]
    flip = np.array([-1.0, 1.0, 1.0])
    twin = np.linalg.norm(mean[:, None] * flip - mean[None], axis=2).argmin(1)
    even = (taken + taken[twin] * flip) / 2
    apart = np.linalg.norm(mean[:, None, :2] - mean[None, LIPS, :2], axis=2).min(1)
    share = np.exp(-((apart / MOUTH_REACH) ** 2))[:, None]
    out = neutral.astype(np.float64)
    out[: len(mean)] = own[: len(mean)] - (taken + share * (even - taken))
    return _closed(out, out[INNER_UPPER] - out[INNER_LOWER], mean)


def lips_met(run: Backend, neutral: Array, identity: Array, mean: Array) -> Array:
    """The neutral points [478, 3] whose lips the model's own warp, told no expression, shuts.

    The warp of this model presses lips together by 0.4 to 2 % of the face's height even then, and
    harder where its neutral points are further apart, so that what brings them together is found
    step by step. Lips that stay crossed open too little in every frame, by how much depends on the
    portrait.

    Args:
        run: Must know the graph `move`.
        neutral: f32 [478, 3], from `at_rest`.
        identity: f32 [1, I], z_id.
        mean: [468, 3] the mean face.
    """
    still = np.zeros((1, POSE_DIM), np.float32)
    for _ in range(PASSES):
        shown = run("move", {
            "neutral": neutral[None], "identity": identity, "rest": still, "pose": still,
            "dynamics": np.zeros((1, DYNAMICS_DIM), np.float32),
        })["points"][0]  # fmt: skip
        gap = shown[INNER_UPPER] - shown[INNER_LOWER] + np.array([0, PRESSED, 0], np.float32)
        neutral = _closed(neutral, gap, mean)
    return neutral


def _closed(neutral: Floats, gap: Floats, mean: Array) -> Array:
    """Neutral points whose inner lips are nearer by gap [9, 3]."""
    out = neutral.astype(np.float64)
    line = mean[INNER_UPPER], mean[INNER_LOWER]
    above = mean[:, 1] > np.interp(mean[:, 0], line[0][:, 0], (line[0] + line[1])[:, 1] / 2)
    above[INNER_UPPER], above[INNER_LOWER] = True, False
    for lip, side, half in ((INNER_UPPER, above, -0.5), (INNER_LOWER, ~above, 0.5)):
        apart = np.linalg.norm(mean[:, None, :2] - mean[None, lip, :2], axis=2)
        weight = 1 / (apart**3 + 1e-9)
        weight *= np.exp(-((apart.min(1, keepdims=True) / LIP_REACH) ** 2))
        weight /= (1 / (apart**3 + 1e-9)).sum(1, keepdims=True)
        out[: len(mean)] += half * (side[:, None] * weight) @ gap
    return out.astype(np.float32)
