"""Blinks of a clip: how often, how long, how far the lids go.

| figure | unit | better | definition |
|---|---|---|---|
| blink rate | a minute | near real | closures of both lids |
| blink duration | milliseconds | near real | time beyond half of the depth, mean |
| blink amplitude | [0, 1] | near real | share of the opening that is lost, mean |

The opening is that of the eye aspect ratio (Soukupova and Cech, CVWW 2016): lids' distance over the
eye's width, mean of both eyes. The usual opening is the 75th percentile within two seconds, so that
squinting and looking down are no blinks. Talking people blink 10 to 25 times a minute. A clip of a
few seconds says little; add many up. Knows nothing of pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import percentile_filter

from openvasa.types import FPS

Floats = NDArray[np.float64]

_AROUND = 4 * FPS + 1  # frames that tell the usual opening
_USUAL = 75  # percentile
SHUT = 0.45  # share of the usual opening that must be lost
_LONGEST = 0.8  # seconds; lids that stay shut longer are no blink


@dataclass(frozen=True)
class Blinks:
    """What the lids of a clip did.

    Attributes:
        count: Blinks.
        seconds: Length of the clip.
        duration: Mean, milliseconds; NaN without a blink.
        amplitude: Mean, in [0, 1]; NaN without a blink.
    """

    count: int
    seconds: float
    duration: float
    amplitude: float

    @property
    def rate(self) -> float:
        """Blinks a minute."""
        return 60 * self.count / self.seconds


def find_blinks(opening: Floats) -> Blinks:
    """Counts and measures the blinks of a clip.

    Args:
        opening: f64 [T >= 1], eye aspect ratio at 25 fps, any unit.
    """
    usual = percentile_filter(opening, _USUAL, size=_AROUND, mode="nearest")
    lost = np.clip(1 - opening / np.maximum(usual, 1e-9), 0, 1)
    durations, depths = [], []
    for start, end in _runs(lost >= SHUT):
        depth = float(lost[start:end].max())
        # A run may be the bottom of a closure that begins earlier: walk to half its depth.
        left, right = start, end
        while left > 0 and lost[left - 1] >= depth / 2:
            left -= 1
        while right < len(lost) and lost[right] >= depth / 2:
            right += 1
        if (right - left) / FPS <= _LONGEST:
            durations.append(1000 * (right - left) / FPS)
            depths.append(depth)
    return Blinks(
        len(depths), len(opening) / FPS,
        float(np.mean(durations)) if durations else float("nan"),
        float(np.mean(depths)) if depths else float("nan"),
    )  # fmt: skip


def _runs(marks: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First frame and the frame after the last of each run; gaps of one frame are bridged."""
    bridged = marks.copy()
    bridged[1:-1] |= marks[:-2] & marks[2:]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bridged, [False]]).astype(int)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
