"""The pattern of the invisible mark: one square tile, repeated over the frame.

Lengths are in units of 1/512 of the frame's short side, so the pattern is scaled with a video and
is found again without knowing its first size. The tile is a sum of waves whose phases are a key,
fixed once: some of them are always the same and tell where the tile lies, the others are each
turned by half a circle or not, and carry the content id. Spread-spectrum marking: Cox et al.,
"Secure spread spectrum watermarking for multimedia", IEEE Trans. Image Processing 6, 1997.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openvasa.provenance.mark_code import CODE_LENGTH, encode
from openvasa.types import Array

UNITS = 512  # units along the short side
TILE = 256  # units along a side of the tile
SMALLEST_UNIT = 0.5  # pixels: below 256 pixels the pattern keeps its size and shows less of itself
# Waves along a side of the tile: periods of 12.8 to 5.3 units. Longer ones drown in the picture
# and are seen sooner, shorter ones do not survive half size.
_LONGEST, _SHORTEST = 20, 48
_SYNC_SHARE = 0.28  # the id needs more strength to be read than the presence to be told
_PEAK = 2.5  # in standard deviations; higher peaks would be seen first
_KEY = 0x6F70656E76617361  # public: the mark tells honest people, it does not stop forgers


@dataclass(frozen=True, kw_only=True)
class Waves:
    """The waves of the tile.

    Attributes:
        sync: i64 [S, 2], waves (down, across) of those that never change, down in [-48, 48].
        sync_phase: c128 [S], of length 1.
        data: i64 [P, 2], those that carry the id.
        data_phase: c128 [P], of length 1, for a sign of 1.
        carries: i64 [P], which sign of the code each carries.
        all: i64 [S + P, 2], sync and data.
    """

    sync: NDArray[np.int64]
    sync_phase: NDArray[np.complex128]
    data: NDArray[np.int64]
    data_phase: NDArray[np.complex128]
    carries: NDArray[np.int64]
    all: NDArray[np.int64]


@cache
def waves() -> Waves:
    """The waves and the key."""
    reach = np.arange(-_SHORTEST, _SHORTEST + 1)
    down, across = (grid.ravel() for grid in np.meshgrid(reach, reach, indexing="ij"))
    length = np.hypot(down, across)
    # Of each wave and its mirror image, which are the same to real numbers, one.
    half = (across > 0) | ((across == 0) & (down > 0))
    used = half & (length >= _LONGEST) & (length < _SHORTEST)
    found = np.stack([down[used], across[used]], 1)
    # PCG64's raw output is the same on every machine and in every numpy.
    raw = np.random.PCG64(_KEY).random_raw(2 * len(found)).reshape(2, -1)
    phase = np.exp(2j * np.pi * (raw[0] >> np.uint64(11)) / 2.0**53)
    order = np.argsort(raw[1], kind="stable")
    sync, data = np.split(order, [int(_SYNC_SHARE * len(found))])
    return Waves(
        sync=found[sync], sync_phase=phase[sync], data=found[data], data_phase=phase[data],
        carries=np.arange(len(data)) % CODE_LENGTH, all=found[order],
    )  # fmt: skip


def tile(payload: int) -> Array:
    """The tile that carries a content id.

    Args:
        payload: In [0, 2**48).

    Returns:
        f32 [256, 256], one value a unit, mean 0, standard deviation just below 1, peak 2.5.
    """
    key = waves()
    spectrum = np.zeros((TILE, TILE // 2 + 1), np.complex128)
    spectrum[key.sync[:, 0], key.sync[:, 1]] = key.sync_phase
    signs = encode(payload)[key.carries]
    spectrum[key.data[:, 0], key.data[:, 1]] = key.data_phase * signs
    made = np.fft.irfft2(spectrum, (TILE, TILE))
    return np.clip(made / made.std(), -_PEAK, _PEAK).astype(np.float32)


def unit_of(height: int, width: int) -> float:
    """Pixels a unit in a whole frame of this size."""
    return max(min(height, width) / UNITS, SMALLEST_UNIT)
