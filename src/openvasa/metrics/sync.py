"""Do lips and sound belong together, and by how many frames are they apart?

The procedure is SyncNet's (Chung and Zisserman, ACCV 2016 workshops): pictures at 25 fps and sound
at 16 kHz are cut into windows of 5 frames (0.2 s), one a frame; an expert turns both kinds into
vectors; the distance of a picture window to the sound windows up to 15 frames before and after it
is averaged over time.

| figure | unit | better | definition |
|---|---|---|---|
| distance (S_D, LSE-D) | of the vectors | lower | smallest mean distance over the shifts |
| confidence (S_C, LSE-C) | of the vectors | higher | median over the shifts minus the smallest |
| offset | frames | near 0 | the shift of the smallest; positive: the sound comes too late |

Figures of different experts cannot be compared. So each has names of its own: `syncnet_*` is the
published network, `openvasa_sync_*` our own expert, `lip_map_*` the small linear map that ships.
Knows nothing of networks or files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openvasa.types import Array

Floats = NDArray[np.float64]

WINDOW = 5  # frames
REACH = 15  # frames to either side
SHORTEST = WINDOW + REACH  # frames a clip needs


@dataclass(frozen=True)
class SyncScore:
    """The three figures, and the mean distance at each shift from -15 to 15, f64 [31]."""

    confidence: float
    distance: float
    offset: int
    curve: Floats


def sync_score(
    pictures: Floats | Array, sounds: Floats | Array, *, padded: bool = False
) -> SyncScore:
    """Scores one clip.

    Args:
        pictures: [N, D], vectors of picture windows, one a frame.
        sounds: [N, D], vectors of the sound windows of the same frames.
        padded: Whether windows beyond the clip count as zero vectors, as in the published code;
            else they are left out.

    Raises:
        ValueError: There are too few windows to shift them, or their numbers differ.
    """
    seen, heard = np.asarray(pictures, np.float64), np.asarray(sounds, np.float64)
    if seen.shape != heard.shape or len(seen) <= REACH:
        raise ValueError(f"windows {seen.shape} and {heard.shape} cannot be shifted by {REACH}")
    if padded:
        heard = np.pad(heard, ((REACH, REACH), (0, 0)))
        parts = (heard[k : k + len(seen)] for k in range(2 * REACH + 1))
        curve = np.array([np.linalg.norm(seen - part, axis=1).mean() for part in parts])
    else:
        curve = np.array([_mean_distance(seen, heard, s) for s in range(-REACH, REACH + 1)])
    best = int(curve.argmin())
    return SyncScore(float(np.median(curve) - curve[best]), float(curve[best]), best - REACH, curve)


def _mean_distance(seen: Floats, heard: Floats, shift: int) -> float:
    """Mean distance of picture window t and sound window t + shift, where both exist."""
    count = len(seen)
    first = seen[max(0, -shift) : count - max(0, shift)]
    second = heard[max(0, shift) : count + min(0, shift)]
    return float(np.linalg.norm(first - second, axis=1).mean())


def windows(values: Floats, size: int = WINDOW) -> Floats:
    """Rows of `size` frames each, flattened: [T, D] -> [T - size + 1, size * D]."""
    view = np.lib.stride_tricks.sliding_window_view(values, size, axis=0)
    return np.ascontiguousarray(view.reshape(len(view), -1))


def sync_figures(name: str, score: SyncScore) -> dict[str, float]:
    """The figures under names that tell whose they are."""
    return {
        f"{name}_confidence": score.confidence,
        f"{name}_distance": score.distance,
        f"{name}_offset": float(score.offset),
        f"{name}_off": float(abs(score.offset)),
    }
