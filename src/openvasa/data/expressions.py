"""Feeling on a face: six emotions as ARKit patterns, brows that follow the voice, small smiles.

Adds to lips and eyes that others move, and never opens lips that a bilabial or silence closes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openvasa.data.headmotion import band_noise
from openvasa.data.prosody import Accent
from openvasa.types import EMOTIONS, EXPRESSION_DIM, EXPRESSION_NAMES, FPS, InputError

Curve = NDArray[np.float64]

# ARKit score at full strength; a name without a side means both.
_PATTERNS: dict[str, dict[str, float]] = {
    "happy": {
        "mouthSmile": 0.70, "cheekSquint": 0.55, "eyeSquint": 0.22, "mouthDimple": 0.12,
        "browOuterUp": 0.14, "browInnerUp": 0.10, "mouthUpperUp": 0.10,
    },
    "sad": {
        "browInnerUp": 0.75, "browDown": 0.12, "mouthFrown": 0.55, "eyeSquint": 0.15,
        "mouthShrugLower": 0.28, "eyeBlink": 0.14,
    },
    "angry": {
        "browDown": 0.85, "eyeSquint": 0.42, "eyeWide": 0.15, "noseSneer": 0.28,
        "mouthPress": 0.28, "mouthFrown": 0.22, "jawForward": 0.10, "mouthLowerDown": 0.12,
    },
    "surprised": {
        "browInnerUp": 0.75, "browOuterUp": 0.80, "eyeWide": 0.75, "jawOpen": 0.14,
        "mouthFunnel": 0.10,
    },
    "fearful": {
        "browInnerUp": 0.80, "browOuterUp": 0.30, "browDown": 0.18, "eyeWide": 0.62,
        "mouthStretch": 0.45, "jawOpen": 0.06, "mouthLowerDown": 0.12,
    },
    "disgusted": {
        "noseSneer": 0.80, "mouthUpperUp": 0.42, "browDown": 0.42, "eyeSquint": 0.35,
        "cheekSquint": 0.28, "mouthFrown": 0.28,
    },
}  # fmt: skip
# Chin lift in degrees and liveliness factor of each emotion at full strength.
_ATTITUDES = {
    "happy": (0.8, 1.15), "sad": (-3.5, 0.70), "angry": (-2.0, 1.15), "surprised": (1.8, 1.10),
    "fearful": (-0.5, 0.95), "disgusted": (2.0, 0.90),
}  # fmt: skip
_OPENING = ("jawOpen", "mouthUpperUp", "mouthLowerDown", "mouthFunnel")


def columns(name: str) -> list[int]:
    """Indices in the expression vector of a score, both sides when it has sides.

    Raises:
        ValueError: If there is no such score.
    """
    found = [
        i for i, n in enumerate(EXPRESSION_NAMES) if n in (name, name + "Left", name + "Right")
    ]
    if not found:
        raise ValueError(f"no expression is called {name!r}")
    return found


def emotion_pattern(emotion: tuple[str, float]) -> Curve:
    """Expression offset [45] of an emotion: (name in `EMOTIONS`, strength in [0, 1]).

    Raises:
        InputError: If the emotion is unknown or the strength out of range.
    """
    name, strength = emotion
    if name not in EMOTIONS:
        raise InputError(f"Emotion {name!r} is unknown; choose one of {', '.join(EMOTIONS)}.")
    if not 0 <= strength <= 1:
        raise InputError(f"Emotion strength {strength} is out of range; give 0 to 1.")
    pattern = np.zeros(EXPRESSION_DIM)
    for score, value in _PATTERNS[name].items():
        pattern[columns(score)] = value * strength
    return pattern


def attitude(emotion: tuple[str, float] | None) -> tuple[float, float]:
    """Chin lift in degrees and factor on head movement that an emotion brings."""
    if emotion is None:
        return 0.0, 1.0
    lift, factor = _ATTITUDES[emotion[0]]
    return lift * emotion[1], 1 + (factor - 1) * emotion[1]


def _hump(time: Curve, moment: float, rise: float, hold: float, fall: float) -> Curve:
    """A smooth rise to 1 around `moment`, held, and a fall; seconds."""
    up = np.clip((time - moment + rise) / rise, 0, 1)
    down = np.clip((moment + hold + fall - time) / fall, 0, 1)
    value = np.minimum(up, down)
    return value * value * (3 - 2 * value)


def _brows(
    rng: np.random.Generator, frames: int, accents: Sequence[Accent], size: float
) -> dict[str, Curve]:
    """Brows that rise on emphasis, over a slow idle life; `size` scales the rises."""
    time = (np.arange(frames) + 0.5) / FPS
    habit = rng.uniform(0.15, 0.6)  # how often this speaker's brows join in
    height = size * rng.uniform(0.15, 0.45)
    lift = np.zeros(frames)
    for accent in accents:
        if rng.random() < habit * (0.4 + 0.6 * accent.strength):
            rise = height * (0.5 + 0.5 * accent.strength) * rng.uniform(0.6, 1.2)
            hold = rng.uniform(0.05, 0.3)
            lift = np.maximum(lift, rise * _hump(time, accent.time, 0.16, hold, 0.3))
    frown = 0.04 * np.maximum(band_noise(rng, frames, 0, 0.3), 0) * (1 - lift)
    return {
        "browInnerUp": lift + 0.03 * np.abs(band_noise(rng, frames, 0, 0.4)),
        "browOuterUp": 0.75 * lift + 0.02 * np.abs(band_noise(rng, frames, 0, 0.4)),
        "browDown": frown,
        "eyeSquint": 0.04 * np.abs(band_noise(rng, frames, 0, 0.3)),
        "eyeWide": 0.25 * lift,
    }


def _smiles(rng: np.random.Generator, frames: int, ends: Sequence[float]) -> dict[str, Curve]:
    """Small spontaneous smiles where phrases end."""
    time = (np.arange(frames) + 0.5) / FPS
    friendly = rng.uniform(0.05, 0.4)
    smile = np.full(frames, max(0.0, rng.normal(0.01, 0.03)))
    for end in ends:
        if rng.random() < friendly:
            size = rng.uniform(0.12, 0.35)
            bump = _hump(time, end - 0.1, 0.35, rng.uniform(0.2, 0.7), 0.6)
            smile = np.maximum(smile, size * bump)
    return {"mouthSmile": smile, "cheekSquint": 0.5 * smile, "mouthDimple": 0.15 * smile}


def feeling(
    rng: np.random.Generator,
    lips: Curve,
    closure: Curve,
    rest: Curve,
    *,
    accents: Sequence[Accent],
    phrase_ends: Sequence[float],
    emotion: tuple[str, float] | None,
    brows: float = 1.0,
) -> Curve:
    """Adds brows, smiles and an emotion to moving lips.

    Args:
        rng: Source of randomness.
        lips: Expression with only the lips moved, [T, 45].
        closure: 1 where a bilabial owns the lips, [T].
        rest: 1 in silence, [T].
        accents: Emphasized syllables.
        phrase_ends: Seconds.
        emotion: (name, strength), or None.
        brows: Size of the brows' rises.

    Returns:
        [T, 45] in [0, 1].
    """
    frames = len(lips)
    added = np.zeros_like(lips)
    for layer in (_brows(rng, frames, accents, brows), _smiles(rng, frames, phrase_ends)):
        for score, curve in layer.items():
            added[:, columns(score)] += curve[:, None]
    if emotion is not None:
        breath = 1 + 0.12 * band_noise(rng, frames, 0, 0.25)
        added += np.clip(breath, 0.7, 1.25)[:, None] * emotion_pattern(emotion)
    # Speech has the lips first: feeling gives way to rounding, and to any closure.
    rounded = np.clip(lips[:, columns("mouthPucker")[0]] * 1.2, 0, 0.8)
    for i, name in enumerate(EXPRESSION_NAMES):
        if name.startswith(_OPENING):
            added[:, i] *= (1 - closure) * (1 - rest)
        elif name.startswith("mouth"):
            added[:, i] *= (1 - 0.3 * (1 - rest)) * (1 - rounded)
    added = np.clip(added, 0, 1)
    return 1 - (1 - lips) * (1 - added)


def asymmetry(rng: np.random.Generator, expression: Curve) -> Curve:
    """Makes left and right differ a little, by a fixed bias and a slow wander, [T, 45]."""
    out = expression.copy()
    for region, size in (("mouth", 0.05), ("brow", 0.07), ("cheek", 0.05), ("noseSneer", 0.05)):
        lean = size * (rng.normal() + 0.5 * band_noise(rng, len(out), 0, 0.3))
        lean = np.clip(lean, -0.2, 0.2)
        for i, name in enumerate(EXPRESSION_NAMES):
            if name.startswith(region) and name not in ("mouthLeft", "mouthRight"):
                sign = name.endswith("Left") * 1.0 - name.endswith("Right") * 1.0
                out[:, i] *= 1 + sign * lean
    sideways = band_noise(rng, len(out), 0, 0.5)
    speaking = out[:, columns("jawOpen")[0]]
    for stem, size in (("jaw", 0.06), ("mouth", 0.05)):
        for side, sign in (("Left", 1), ("Right", -1)):
            index = EXPRESSION_NAMES.index(stem + side)
            out[:, index] += size * np.maximum(sign * sideways, 0) * np.minimum(4 * speaking, 1)
    return np.clip(out, 0, 1)
