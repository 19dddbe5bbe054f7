"""Timed phones to lip curves: targets blended by dominance, with lips that really close.

Coarticulation after Cohen & Massaro (1993): every phone has a target and, for each lip parameter,
a dominance that rises before and falls after it; the curve is the dominance-weighted mean. Plain
blending undershoots closures in fast speech, so bilabials, labiodentals and silence also get a
gate that owns the lips outright. Knows nothing of audio files, eyes or heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openvasa.data.visemes import LIP_PARAMETERS, VISEMES, Segment
from openvasa.types import FPS

Curve = NDArray[np.float64]

RATE = 200  # internal samples per second of the lip curves
PAUSE_SECONDS = 0.08  # shorter gaps between words are spoken through
REST_RAMP = 0.11  # seconds from the last sound to closed lips, and of opening before the first
GATE_RAMP = 0.08  # seconds to close for, and to open after, a bilabial

_P = {name: i for i, name in enumerate(LIP_PARAMETERS)}
_OPENING = [_P[n] for n in ("jaw", "lower", "upper")]  # what loudness and stress enlarge
_CLOSURE_OWNS = [_P[n] for n in LIP_PARAMETERS if n not in ("pucker", "spread", "forward")]
# Dominance spread in seconds (before, after); rounding is planned early.
_SPREAD = {"": (0.050, 0.045), "funnel": (0.085, 0.055), "pucker": (0.095, 0.060)}


def speech_spans(segments: Sequence[Segment]) -> list[tuple[float, float]]:
    """Stretches of speech (start, end) in seconds, split where a gap is a real pause."""
    spans: list[tuple[float, float]] = []
    for segment in segments:
        if spans and segment.start - spans[-1][1] < PAUSE_SECONDS:
            spans[-1] = (spans[-1][0], max(segment.end, spans[-1][1]))
        else:
            spans.append((segment.start, segment.end))
    return spans


def smoothstep(x: Curve) -> Curve:
    """0 below 0, 1 above 1, an S between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def gate(time: Curve, start: float, end: float, rise: float, fall: float) -> Curve:
    """1 between start and end, S-shaped ramps of `rise` and `fall` seconds outside."""
    return smoothstep(1 + np.minimum((time - start) / rise, (end - time) / fall))


def rest_gate(time: Curve, segments: Sequence[Segment]) -> Curve:
    """1 in silence, 0 in speech: closed `REST_RAMP` after a sound, opening as early before one."""
    speaking = np.zeros_like(time)
    for start, end in speech_spans(segments):
        speaking = np.maximum(speaking, gate(time, start, end, REST_RAMP, REST_RAMP))
    return 1 - speaking


@dataclass(frozen=True)
class Articulation:
    """How one speaker moves the lips.

    Attributes:
        strength: Size of all lip movements, about 0.8 to 1.2.
        reduction: How much unstressed vowels shrink, 0 to 0.4.
        jaw: Share of the targets' jaw opening; real speakers move the lips more than the jaw.
        lips: Factor on how far the lips themselves part.
        width: Factor on spreading, rounding and funneling.
        smoothing: Standard deviation in seconds of the smoothing over time.
    """

    strength: float = 1.0
    reduction: float = 0.2
    jaw: float = 1.0
    lips: float = 1.0
    width: float = 1.0
    smoothing: float = 0.024

    def sizes(self) -> Curve:
        """Factor on every lip parameter, [P]."""
        factors = np.full(len(LIP_PARAMETERS), self.strength)
        for share, names in (
            (self.jaw, ("jaw",)), (self.lips, ("lower", "upper")),
            (self.width, ("spread", "pucker", "funnel")),
        ):  # fmt: skip
            factors[[_P[name] for name in names]] *= share
        return factors


def _blend(time: Curve, segments: Sequence[Segment], gains: Curve, manner: Articulation) -> Curve:
    """Dominance-weighted targets (Cohen & Massaro 1993), before any gate, [N, P]."""
    top = np.full((len(time), len(LIP_PARAMETERS)), 1e-3) * _posture()
    bottom = np.full_like(top, 1e-3)
    for segment, gain in zip(segments, gains, strict=True):
        viseme = VISEMES[segment.key]
        stressed = 1 + manner.reduction * (segment.stress - 1) / 2
        # Only the neighborhood is touched: beyond it a dominance is below e^-6.
        first, last = np.searchsorted(time, (segment.start - 0.6, segment.end + 0.4))
        near = time[first:last]
        core = 0.3 * (segment.end - segment.start)
        before = np.maximum(segment.start + core - near, 0)
        after = np.maximum(near - segment.end + core, 0)
        for name, p in _P.items():
            lead, lag = _SPREAD.get(name, _SPREAD[""])
            weight = viseme.weight.get(name, viseme.weight[""])
            fade = (before / lead + after / lag) ** 1.3
            dominance = weight * (stressed if viseme.vowel else 1) * np.exp(-fade)
            size = gain * stressed if viseme.vowel and p in _OPENING else 1.0
            top[first:last, p] += dominance * size * viseme.target.get(name, 0.0)
            bottom[first:last, p] += dominance
    return manner.sizes() * top / bottom


def _posture() -> Curve:
    """The neutral speaking posture that holds where no phone dominates."""
    posture = np.zeros(len(LIP_PARAMETERS))
    posture[[_P["jaw"], _P["lower"]]] = 0.1, 0.08
    return posture


def _smooth(curve: Curve, seconds: float) -> Curve:
    """Gaussian smoothing along time; `seconds` is one standard deviation."""
    reach = int(3 * seconds * RATE)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (seconds * RATE)) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(curve, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(column, kernel, "valid") for column in padded.T], axis=1)


def _closures(time: Curve, segments: Sequence[Segment]) -> tuple[Curve, Curve]:
    """Gates [N] of the bilabials and of the labiodentals."""
    closure, teeth = np.zeros_like(time), np.zeros_like(time)
    for segment in segments:
        kind = VISEMES[segment.key].gate
        if not kind:
            continue
        # At least 60 ms, so that some frame at 25 fps always falls inside.
        middle = segment.start + 0.45 * (segment.end - segment.start)
        half = max(0.4 * (segment.end - segment.start), 0.030)
        value = gate(time, middle - half, middle + half, GATE_RAMP, GATE_RAMP)
        value *= 0.6 if kind.startswith("soft") else 1.0
        if kind.endswith("closure"):
            closure = np.maximum(closure, value)
        else:
            teeth = np.maximum(teeth, 0.95 * value)
    return closure, teeth


def _seal(lips: Curve, closure: Curve, teeth: Curve, rest: Curve) -> Curve:
    """Gives the lips to labiodentals, bilabials and silence, in that order, [N, P]."""
    out = lips.copy()
    bite = {"jaw": 0.06, "roll_lower": 0.55, "upper": 0.22, "lower": 0.02, "shrug": 0.12}
    for p in _CLOSURE_OWNS:
        out[:, p] += teeth * (bite.get(LIP_PARAMETERS[p], 0.0) - out[:, p])
    jaw = np.clip(0.03 + 0.10 * lips[:, _P["jaw"]], 0.03, 0.08)
    tight = {"roll_lower": 0.10, "roll_upper": 0.08, "press": 0.14, "shrug": 0.04}
    for p in _CLOSURE_OWNS:
        name = LIP_PARAMETERS[p]
        goal = jaw if name in ("jaw", "close") else tight.get(name, 0.0)
        out[:, p] += closure * (goal - out[:, p])
    return out * (1 - rest[:, None])


def lip_curves(
    frames: int, segments: Sequence[Segment], gains: Curve, manner: Articulation
) -> tuple[NDArray[np.float64], Curve, Curve]:
    """Lip parameters on the motion clock, sampled at the middle of every frame.

    Args:
        frames: Number of frames T at 25 fps.
        segments: From `parse_phones`.
        gains: Size of each segment's opening (local loudness), [S], about 0.7 to 1.3.
        manner: The speaker.

    Returns:
        (lips [T, P] in [0, 1], closure [T]: 1 where a bilabial owns the lips, rest [T]: 1 in
        silence).
    """
    time = np.arange(frames * (RATE // FPS)) / RATE
    rest = rest_gate(time, segments)
    closure, teeth = _closures(time, segments)
    lips = _smooth(_blend(time, segments, gains, manner), manner.smoothing)
    lips = np.clip(_seal(lips, closure, teeth, rest), 0, 1)
    middle = np.arange(frames) * (RATE // FPS) + RATE // FPS // 2
    return lips[middle], closure[middle], rest[middle]
