"""Every IPA phone's lip target, in ARKit terms, with the weight it has on each lip parameter.

Knows nothing of time beyond a phone's start and end; `coarticulation` blends the targets.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES

Curve = NDArray[np.float64]

LIP_PARAMETERS = (
    "jaw", "close", "funnel", "pucker", "spread", "lower", "upper",
    "roll_lower", "roll_upper", "press", "shrug", "forward",
)  # fmt: skip


class Viseme(NamedTuple):
    """Lip target of one phone: values and dominance weights by lip parameter, and its gate."""

    target: dict[str, float]
    weight: dict[str, float]
    vowel: bool = False
    gate: str = ""


class Segment(NamedTuple):
    """One articulated phone: viseme key, start and end in seconds, stress 0, 1 or 2."""

    key: str
    start: float
    end: float
    stress: int


def _vowel(
    jaw: float, funnel: float = 0, pucker: float = 0, spread: float = 0, weight: float = 1
) -> Viseme:
    target = {"jaw": jaw, "funnel": funnel, "pucker": pucker, "spread": spread}
    target |= {"lower": 0.06 + 0.25 * jaw, "upper": 0.02 + 0.14 * jaw}
    rounding = 1.5 if pucker > 0.3 else 0.8
    weights = {"jaw": 1.0, "funnel": rounding, "pucker": rounding, "spread": 0.8 + 0.8 * spread}
    return Viseme(target, {k: weight * v for k, v in weights.items()} | {"": weight}, vowel=True)


def _consonant(weight: dict[str, float], gate: str = "", **target: float) -> Viseme:
    """A consonant; `weight[""]` is the dominance of the parameters that it does not name."""
    return Viseme(target, weight, gate=gate)


_ALVEOLAR = {"jaw": 0.7, "": 0.15, "lower": 0.3}
VISEMES: dict[str, Viseme] = {
    "a": _vowel(0.56, spread=0.10),
    "ɑ": _vowel(0.60),
    "æ": _vowel(0.54, spread=0.25),
    "ʌ": _vowel(0.44, spread=0.05),
    "ə": _vowel(0.24, spread=0.05, weight=0.5),
    "ɚ": _vowel(0.22, funnel=0.25, pucker=0.2, weight=0.8),
    "ɛ": _vowel(0.42, spread=0.25),
    "e": _vowel(0.30, spread=0.40),
    "ɪ": _vowel(0.24, spread=0.32, weight=0.8),
    "i": _vowel(0.13, spread=0.75),
    "ɨ": _vowel(0.16, spread=0.2, weight=0.7),
    "ɔ": _vowel(0.46, funnel=0.45, pucker=0.25),
    "ɒ": _vowel(0.50, funnel=0.30, pucker=0.10),
    "o": _vowel(0.30, funnel=0.50, pucker=0.50),
    "ʊ": _vowel(0.20, funnel=0.35, pucker=0.50),
    "u": _vowel(0.12, funnel=0.40, pucker=0.85),
    "y": _vowel(0.11, funnel=0.35, pucker=0.80),
    "ø": _vowel(0.26, funnel=0.45, pucker=0.55),
    "œ": _vowel(0.38, funnel=0.40, pucker=0.32),
    "p": _consonant({"jaw": 0.9, "": 0.2}, "closure", jaw=0.05),
    "f": _consonant(
        {"jaw": 0.9, "": 0.3}, "teeth", jaw=0.07, roll_lower=0.5, upper=0.2, shrug=0.12
    ),
    "ʋ": _consonant({"jaw": 0.6, "": 0.3}, "soft_teeth", jaw=0.08, roll_lower=0.4, upper=0.15),
    "β": _consonant({"jaw": 0.8, "": 0.3}, "soft_closure", jaw=0.06),
    "θ": _consonant({"jaw": 0.7, "": 0.25, "lower": 0.5}, jaw=0.13, lower=0.2, upper=0.1),
    "t": _consonant(_ALVEOLAR, jaw=0.10, lower=0.16, upper=0.06),
    "l": _consonant({**_ALVEOLAR, "jaw": 0.4}, jaw=0.19, lower=0.16, upper=0.06),
    "r": _consonant({**_ALVEOLAR, "jaw": 0.4}, jaw=0.15, lower=0.15, upper=0.06),
    "s": _consonant(
        {"jaw": 1.8, "": 0.3, "lower": 0.8}, jaw=0.05, lower=0.26, upper=0.12, spread=0.2
    ),
    "ʃ": _consonant(
        {"jaw": 1.6, "": 0.4, "funnel": 1.0, "pucker": 0.8},
        jaw=0.06, funnel=0.5, pucker=0.3, lower=0.2, upper=0.18, forward=0.1,
    ),
    "ɹ": _consonant(
        {"jaw": 0.5, "": 0.2, "funnel": 0.6, "pucker": 0.6},
        jaw=0.13, funnel=0.32, pucker=0.28, lower=0.1, upper=0.06,
    ),
    "w": _consonant(
        {"jaw": 0.9, "": 0.4, "funnel": 1.6, "pucker": 1.8},
        jaw=0.07, funnel=0.40, pucker=0.90, lower=0.05,
    ),
    "j": _consonant({"jaw": 0.5, "": 0.2, "spread": 0.6}, jaw=0.12, spread=0.5, lower=0.14),
    "k": _consonant({"jaw": 0.25, "": 0.06}, jaw=0.20, lower=0.14, upper=0.05),
    "h": _consonant({"jaw": 0.05, "": 0.04}, jaw=0.22, lower=0.1),
}  # fmt: skip
# Every further IPA letter by the viseme that it looks like.
_LIKE = {
    "a": "aᵃ", "ɑ": "ɑ", "æ": "æ", "ʌ": "ʌɐɜ", "ə": "əᵊɘ", "ɚ": "ɚɝɵ", "ɛ": "ɛᴇ", "e": "eɤ",
    "ɪ": "ɪᵻ", "i": "i", "ɨ": "ɨɯ", "ɔ": "ɔ", "ɒ": "ɒ", "o": "o", "ʊ": "ʊᵿ", "u": "uʉ", "y": "yʏ",
    "ø": "ø", "œ": "œɶɞ", "p": "pbmɓ", "f": "fvɱ", "ʋ": "ʋ", "β": "βɸ", "θ": "θð",
    "t": "tdnʈɖɳɗᴛT", "l": "lɫɭʟɬɮ", "r": "rɾɽ", "s": "szʦʣ", "ʃ": "ʃʒʧʤɕʑʂʐ", "ɹ": "ɹɻ",
    "w": "wʍɥ", "j": "jʎɲʝçcɟ", "k": "kgɡŋxɣqɢɴχʁʀɰ", "h": "hɦʔħʕ",
}  # fmt: skip
_LETTERS = {letter: key for key, letters in _LIKE.items() for letter in letters}
# Misaki writes English diphthongs as one capital.
_DIPHTHONGS = {"A": "eɪ", "I": "aɪ", "W": "aʊ", "Y": "ɔɪ", "O": "oʊ", "Q": "əʊ"}


def _letters(phone: str) -> list[str]:
    """Viseme keys of one phone string; marks, tones and modifiers carry none."""
    text = unicodedata.normalize("NFD", phone)
    text = "".join(_DIPHTHONGS.get(c, c) for c in text)
    keys = [_LETTERS[c] for c in text if c in _LETTERS]
    if len(keys) > 1 and keys[-1] in "ʃs" and keys[-2] == "t":  # tʃ, dʒ, ts: one gesture
        keys.pop(-2)
    return keys


def parse_phones(
    phones: Sequence[str], start: Sequence[float], end: Sequence[float]
) -> list[Segment]:
    """Turns timed IPA phones into articulated segments.

    Stress marks raise the next vowel, length marks lengthen the phone before; spaces, punctuation
    and silence names yield nothing, so that a gap stands for silence.

    Args:
        phones: IPA strings; one letter, a diphthong, an affricate, a mark or punctuation each.
        start: Start of each in seconds.
        end: End of each in seconds, same length.

    Returns:
        Segments in time order; diphthongs become two.

    Raises:
        ValueError: If the three lists differ in length.
    """
    segments: list[Segment] = []
    stress = 0
    for phone, begin, stop in zip(phones, start, end, strict=True):
        if "ˈ" in phone or "ˌ" in phone:
            stress = 2 if "ˈ" in phone else 1
        silent = str(phone).lower() in ("sil", "sp", "spn", "pau", "<pad>", "$")
        keys = [] if silent else _letters(str(phone))
        if not keys:
            if segments and any(c in "ːˑʰʲʷʱ̃" for c in phone):
                segments[-1] = segments[-1]._replace(end=float(stop))
            continue
        edges = np.linspace(begin, stop, len(keys) + 1)
        for key, left, right in zip(keys, edges[:-1], edges[1:], strict=True):
            vowel = VISEMES[key].vowel
            segments.append(Segment(key, float(left), float(right), stress if vowel else 0))
        if VISEMES[keys[-1]].vowel:
            stress = 0
    return segments


def _expansion() -> Curve:
    """The linear map from lip parameters to ARKit scores, [P, 45]."""
    parts = {
        "jaw": {"jawOpen": 1.0}, "close": {"mouthClose": 1.0}, "funnel": {"mouthFunnel": 0.6},
        "pucker": {"mouthPucker": 1.0}, "forward": {"jawForward": 1.0},
        "spread": {"mouthStretch": 0.42, "mouthSmile": 0.20, "mouthDimple": 0.10},
        "lower": {"mouthLowerDown": 1.0}, "upper": {"mouthUpperUp": 1.0},
        "roll_lower": {"mouthRollLower": 1.0}, "roll_upper": {"mouthRollUpper": 1.0},
        "press": {"mouthPress": 1.0}, "shrug": {"mouthShrugLower": 1.0, "mouthShrugUpper": 0.5},
    }  # fmt: skip
    matrix = np.zeros((len(LIP_PARAMETERS), EXPRESSION_DIM))
    for parameter, scores in parts.items():
        for score, value in scores.items():
            for name in (score, score + "Left", score + "Right"):
                if name in EXPRESSION_NAMES:
                    matrix[LIP_PARAMETERS.index(parameter), EXPRESSION_NAMES.index(name)] = value
    return matrix


LIPS_TO_EXPRESSION = _expansion()
