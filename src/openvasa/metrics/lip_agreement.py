"""Whether lips move as those of the real speaker did while the same was said.

| figure | unit | better | definition |
|---|---|---|---|
| opening, width: r | [-1, 1] | higher | correlation with the real speaker's curve, frame by frame |
| opening, width: r spoken | [-1, 1] | higher | the same from the first to the last loud frame |
| opening, width: lag | frames | near 0 | shift up to 0.2 s either way at which it is highest |

Curves are those of `lips`: the gap by the face's height, the mouth's width by that of the eyes. A
correlation asks neither for the same face nor for the same amplitude. Lips that do not move follow
nothing: r is 0 and there is no lag. Positive lags are lips that come late. Speakers breathe in with
open mouths before they are heard; what is spoken leaves that out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openvasa.metrics.lips import Lips

Floats = NDArray[np.float64]

REACH = 5  # frames
_STILL = 1e-3  # spread of a curve that does not move: the mesh on a still picture trembles less
CURVES = ("gap", "lip_width")


def lip_agreement(face: Lips, real: Lips, spoken: slice | None = None) -> dict[str, float]:
    """Compares two faces over their common frames.

    Args:
        face: The face that is judged.
        real: The face of the real speaker.
        spoken: Frames from the first to the last loud one, where that is asked for too.

    Returns:
        `gap_r`, `gap_lag`, `lip_width_r`, `lip_width_lag`, and with `spoken` `gap_spoken_r` and
        `lip_width_spoken_r`; a lag is left out where nothing moves.

    Raises:
        ValueError: Fewer than 4 `REACH` frames are common.
    """
    frames = min(len(face), len(real))
    found: dict[str, float] = {}
    for name in CURVES:
        both = correlations(getattr(face, name)[:frames], getattr(real, name)[:frames])
        moves = bool(np.isfinite(both).all())
        found[f"{name}_r"] = float(both[REACH]) if moves else 0.0
        if moves:
            found[f"{name}_lag"] = float(both.argmax() - REACH)
        if spoken is not None:
            curves = [getattr(lips, name)[:frames][spoken] for lips in (face, real)]
            found[f"{name}_spoken_r"] = _correlation(*curves)
    return found


def correlations(curve: Floats, real: Floats) -> Floats:
    """Correlation of a curve [T] with the real one [T] at each lag.

    Returns:
        f64 [2 REACH + 1]: at each shift from -`REACH` to `REACH` frames, over the frames that
        overlap then; at the k-th the curve trails by k - `REACH`. NaN where one does not move.

    Raises:
        ValueError: The curves differ in length or are shorter than 4 `REACH`.
    """
    if len(curve) != len(real) or len(curve) < 4 * REACH:
        raise ValueError(f"curves of {len(curve)} and {len(real)} frames cannot be compared")
    found = []
    for lag in range(-REACH, REACH + 1):
        late = curve[max(lag, 0) : len(curve) + min(lag, 0)]
        early = real[max(-lag, 0) : len(real) - max(lag, 0)]
        found.append(_correlation(late, early, still=np.nan))
    return np.array(found)


def _correlation(curve: Floats, real: Floats, still: float = 0.0) -> float:
    """Of two curves [T]; `still` where one does not move."""
    if len(curve) < 2 or min(curve.std(), real.std()) < _STILL:
        return still
    return float(np.corrcoef(curve, real)[0, 1])
