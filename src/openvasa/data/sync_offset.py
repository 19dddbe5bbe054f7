"""Whether picture and sound belong together, and by how many pictures they are apart.

What the sound predicts of the lips (`lip_prediction`) is compared with what the lips do, at every
shift up to 15 pictures. Knows nothing of files, sound or faces.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

REACH = 15  # pictures, 600 ms, that are tried to either side
APART = 3  # pictures from the best shift; what is nearer belongs to the same peak
CERTAIN = 0.12  # lead of the best shift over all others; see `docs/data.md`
TOLERATED = 2  # pictures: up to 80 ms nobody notices, and the map itself is not surer


class Offset(NamedTuple):
    """How sound and picture lie.

    Attributes:
        frames: Pictures by which the sound comes too late; negative: too early.
        fit: Mean correlation of lips and sound at that shift, in [-1, 1].
        lead: By how much it beats every other shift: how certain `frames` is.
    """

    frames: int
    fit: float
    lead: float

    @property
    def wrong(self) -> bool:
        """Whether sound and picture are surely apart."""
        return abs(self.frames) > TOLERATED and self.lead > CERTAIN


def sync_offset(predicted: NDArray[np.float64], seen: NDArray[np.float64]) -> Offset:
    """Finds the shift at which sound and lips fit best.

    Args:
        predicted: f64 [T, K], what the sound says of the lips; T > 2 * `REACH`.
        seen: f64 [T, K], what the lips do.

    Raises:
        ValueError: The clip is too short to be shifted.
    """
    frames = len(seen)
    if frames <= 2 * REACH:
        raise ValueError(f"{frames} frames cannot be shifted by {REACH}")
    fits = np.array([_fit(predicted, seen, shift) for shift in range(-REACH, REACH + 1)])
    best = int(np.argmax(fits))
    apart = np.abs(np.arange(len(fits)) - best) >= APART
    return Offset(best - REACH, float(fits[best]), float(fits[best] - fits[apart].max()))


def _fit(predicted: NDArray[np.float64], seen: NDArray[np.float64], shift: int) -> float:
    """Mean correlation of the curves where they overlap, less where they overlap less."""
    frames = len(seen)
    sound = predicted[max(0, shift) : frames + min(0, shift)]
    lips = seen[max(0, -shift) : frames - max(0, shift)]
    sound, lips = sound - sound.mean(0), lips - lips.mean(0)
    power = (sound**2).sum(0) * (lips**2).sum(0)
    agreement = (sound * lips).sum(0) / np.sqrt(power + 1e-9)
    return float(agreement.mean() * np.sqrt(len(sound) / frames))
