"""Six emotions from a person's face, against the same person's own rest.

Twelve distances of the face stand for its action units. What each emotion does to them follows
from the patterns that performances are made with (`expressions`) on the parametric head, so that
a strength means the same in real and in made clips. A face is explained by as little emotion as
fits (non-negative least squares), and distances that speech moves count little.

FACS (Ekman and Friesen): happy 6+12, sad 1+4+15, angry 4+5+7+23, surprised 1+2+5+26,
fearful 1+2+4+5+20+26, disgusted 9+10+15.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from openvasa.data.expressions import emotion_pattern
from openvasa.data.head import load_basis
from openvasa.types import EMOTIONS

Distances = NDArray[np.float64]

# By how much speech moves each distance in calm people (1,875 frames of 125 GRID clips), and what
# 90 % of calm people show at rest (72 London people); crop units.
SPEECH = np.array([18, 28, 17, 110, 27, 53, 48, 113, 71, 255, 90, 24]) * 1e-4
CALM = np.array([
    [939, 592, 1277, 439, 1768, -965, -193, 2526, -1472, -10, 1737, -201],
    [1341, 943, 1532, 618, 2007, -659, 4, 3097, -1113, 70, 2306, -86],
]) * 1e-4  # fmt: skip
LEAST = 0.002  # crop units, the mesh's own noise


def distances(face: NDArray[np.floating]) -> Distances:
    """What a face does, whatever its pose.

    Args:
        face: [468, 3], the canonical points of `head.fit`.

    Returns:
        f64 [12], crop units: height of the inner and outer brows over the eyes, gap between the
        brows, opening of the lids, nose wrinkled, upper lip raised, lip corners over the lips'
        middle, width of the mouth, lip corners under the nose, lips parted, chin drawn up, lower
        lids raised.
    """

    def y(*points: int) -> float:
        return float(face[list(points), 1].mean())

    def apart(one: int, two: int) -> float:
        return float(abs(face[one, 0] - face[two, 0]))

    corners, inner_eyes = y(61, 291), y(133, 362)
    return np.array([
        y(55, 107, 285, 336) - inner_eyes, y(46, 70, 276, 300) - y(33, 263), apart(55, 285),
        y(159, 386) - y(145, 374), inner_eyes - y(129, 358), y(0) - y(2),
        corners - y(13, 14), apart(61, 291), corners - y(2),
        y(13) - y(14), y(17) - y(152), y(145, 374) - y(33, 133, 362, 263),
    ])  # fmt: skip


@cache
def prototypes() -> NDArray[np.float64]:
    """What each emotion at full strength adds to the distances, f64 [12, 6] as `EMOTIONS`."""
    basis = load_basis()
    calm = distances(basis.mean)
    faces = [np.tensordot(emotion_pattern((name, 1.0)), basis.expression, 1) for name in EMOTIONS]
    return np.stack([distances(basis.mean + face) - calm for face in faces], 1)


def emotion_strengths(change: Distances) -> NDArray[np.float64]:
    """How strong each emotion is.

    Args:
        change: f64 [12], distances minus those of the person's own rest.

    Returns:
        f64 [6] in the order of `EMOTIONS`, each in [0, 1].
    """
    weight = 1 / np.hypot(SPEECH, LEAST)
    found: NDArray[np.float64] = nnls(prototypes() * weight[:, None], change * weight)[0]
    return np.minimum(found, 1.0)


def own_rest(seen: Distances) -> Distances:
    """A person's distances at rest, from a clip of which nobody knows whether it is calm.

    The clip's median, but no further than calm people go: a smile that never ends stays a smile.

    Args:
        seen: f64 [T, 12].
    """
    low, high = CALM
    return np.clip(np.median(seen, axis=0), low, high)
