"""Do the lips know more than loudness? Closure at p, b, m; spread /i/ against rounded /u/; rest.

| figure | unit | better | definition |
|---|---|---|---|
| aperture | % of the face's height | near real | 5th to 95th percentile of the inner lips' gap |
| bilabial closure | [0, 1] | higher | share of p, b, m at which the lips close |
| vowel closure | [0, 1] | lower | the same of open vowels: how much of it is chance |
| /i/ wider than /u/ | [0, 1] | higher | share of pairs; 0.5 is chance |
| rest | ratio | lower | mean gap in pauses over that elsewhere |
| quiet rest | ratio | lower | mean gap in the quietest fifth of the frames over the mean gap |

All but the first and the last need timed phones. Counts are kept, so that clips can be added up.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from openvasa.metrics.phones import Phones
from openvasa.types import FPS, SAMPLES_PER_FRAME, Array

Floats = NDArray[np.float64]

_BILABIALS = {"p", "b", "m"}
_OPEN_VOWELS = {"a", "ɑ", "æ", "ɔ", "aɪ", "aʊ"}
_LONE = "lone"  # name of an open vowel with neither a bilabial nor silence beside it
_SPREAD, _ROUNDED, _SILENCE = {"i", "iː"}, {"u", "uː"}, {"sil"}
_REACH = 2  # frames searched on either side of a phone's middle
_CLOSED = 0.25  # of the clip's 90th percentile of the gap
_MOVES = 0.008  # of the face's height: a gap that varies less (10th to 90th percentile) is still
_SOON = 3  # frames from the end of the sound to lips at rest
_PAUSE = 0.2  # seconds; shorter silences give lips no time to rest


@dataclass(frozen=True)
class LipCounts:
    """What was counted in one clip, or in several added up.

    Attributes:
        closures: Bilabials at which the lips close.
        bilabials: All bilabials.
        vowel_closures: Of `vowels`, those at which they close, by the same rule: better none.
        vowels: All open vowels with neither a bilabial nor silence beside them.
        wider: Pairs of an /i/ and an /u/ of one clip in which the lips are wider at the /i/.
        pairs: All such pairs.
        rest: Sum over clips of the mean gap in pauses relative to that in the rest.
        rests: Clips with a pause.
        moving: Clips in which the lips move at all.
        clips: All clips.
    """

    closures: int = 0
    bilabials: int = 0
    vowel_closures: int = 0
    vowels: int = 0
    wider: int = 0
    pairs: int = 0
    rest: float = 0.0
    rests: int = 0
    moving: int = 0
    clips: int = 0

    def __add__(self, more: LipCounts) -> LipCounts:
        """Both together."""
        names = [item.name for item in fields(self)]
        return LipCounts(*(getattr(self, name) + getattr(more, name) for name in names))


class Lips(Protocol):
    """A face over T frames: gap by the face's height [T], width by that of the eyes [T]."""

    def __len__(self) -> int:
        """T."""
        ...

    @property
    def gap(self) -> Floats:
        """Opening between the inner lips."""
        ...

    @property
    def lip_width(self) -> Floats:
        """Mouth corner to mouth corner."""
        ...


def aperture(gap: Floats) -> float:
    """How far the mouth moves: 5th to 95th percentile of the gap [T], % of the face's height."""
    low, high = np.percentile(gap, [5, 95])
    return float(100 * (high - low))


def quiet_rest(gap: Floats, sound: Array) -> float:
    """Mean gap [T] in the quietest fifth of the sound f32 [640 T], relative to the mean gap."""
    power = (sound.reshape(len(gap), SAMPLES_PER_FRAME).astype(np.float64) ** 2).mean(1)
    quiet = power <= np.quantile(power, 0.2)
    return float(gap[quiet].mean() / max(float(gap.mean()), 1e-9))


def measure_lips(track: Lips, phones: Phones) -> LipCounts:
    """Counts one clip.

    A clip whose lips do not move counts as never closing: it would otherwise pass by standing
    still with closed lips.
    """
    gap, width = track.gap, track.lip_width
    least, most = (float(q) for q in np.quantile(gap, (0.1, 0.9)))
    moving = most - least >= _MOVES
    limit = _CLOSED * most if moving else -1.0
    labial = [_lowest(gap, at) <= limit for at in _middles(phones, _BILABIALS, len(track))]
    vowel = [_lowest(gap, at) <= limit for at in _middles(_lone(phones), {_LONE}, len(track))]
    spread = [_about(width, at) for at in _middles(phones, _SPREAD, len(track))]
    rounded = [_about(width, at) for at in _middles(phones, _ROUNDED, len(track))]
    wider = sum(i > u for i in spread for u in rounded)
    quiet = _pauses(phones, len(track))
    rested = bool(quiet.any() and not quiet.all())
    return LipCounts(
        closures=sum(labial), bilabials=len(labial), vowel_closures=sum(vowel), vowels=len(vowel),
        wider=wider, pairs=len(spread) * len(rounded),
        rest=float(gap[quiet].mean() / gap[~quiet].mean()) if rested else 0.0, rests=int(rested),
        moving=int(moving), clips=1,
    )  # fmt: skip


def settled(gap: Floats, phones: Phones) -> tuple[int, int]:
    """Pauses of 0.2 s and more: those whose lips rest in time, and all.

    In time is when the gap [T] has come under a quarter of its 90th percentile no later than
    `_SOON` frames after the frame in which the sound ends.
    """
    limit = _CLOSED * float(np.quantile(gap, 0.9))
    ends = [
        frame_of(start)
        for name, start, end in zip(phones.names, phones.start, phones.end, strict=True)
        if name in _SILENCE and end - start >= _PAUSE and start > 0
    ]
    ends = [at for at in ends if at + _SOON < len(gap)]
    return sum(float(gap[at : at + _SOON + 1].min()) <= limit for at in ends), len(ends)


def frame_of(seconds: float) -> int:
    """The frame that is shown at a time."""
    return int(np.floor(seconds * FPS))


def _middles(phones: Phones, names: set[str], frames: int) -> list[int]:
    """Frames at the middles of phones of these names, inside the video."""
    middle = (phones.start + phones.end) / 2
    at = [frame_of(t) for name, t in zip(phones.names, middle, strict=True) if name in names]
    return [t for t in at if 0 <= t < frames]


def _lone(phones: Phones) -> Phones:
    """The same phones with those open vowels renamed that nothing beside them closes."""
    names = ("sil", *phones.names, "sil")
    closing = _BILABIALS | _SILENCE
    renamed = [
        _LONE if name in _OPEN_VOWELS and not {before, after} & closing else name
        for before, name, after in zip(names, names[1:], names[2:], strict=False)
    ]
    return Phones(tuple(renamed), phones.start, phones.end)


def _around(values: Floats, at: int, reach: int) -> Floats:
    return values[max(at - reach, 0) : at + reach + 1]


def _lowest(values: Floats, at: int) -> float:
    return float(_around(values, at, _REACH).min())


def _about(values: Floats, at: int) -> float:
    return float(_around(values, at, 1).mean())


def _pauses(phones: Phones, frames: int) -> np.ndarray:
    """Frames well inside silences: bool [frames]."""
    quiet = np.zeros(frames, np.bool_)
    for name, start, end in zip(phones.names, phones.start, phones.end, strict=True):
        if name in _SILENCE and end - start >= _PAUSE:
            quiet[max(frame_of(start + 0.08), 0) : max(frame_of(end - 0.08), 0)] = True
    return quiet
