"""Phones become the right lip targets, and blending keeps what the lips must do."""

import numpy as np
import pytest

from openvasa.data.coarticulation import Articulation, lip_curves, speech_spans
from openvasa.data.visemes import LIP_PARAMETERS, VISEMES, parse_phones
from openvasa.types import FPS

P = {name: i for i, name in enumerate(LIP_PARAMETERS)}


def spoken(phones: str, seconds: float = 0.08, lead: float = 0.5) -> list:
    """Segments of space-separated phones, each `seconds` long, after `lead` of silence."""
    names = phones.split()
    start = lead + seconds * np.arange(len(names))
    return parse_phones(names, list(start), list(start + seconds))


def curves(segments: list, frames: int = 60) -> tuple:
    return lip_curves(frames, segments, np.ones(len(segments)), Articulation())


def during(values: np.ndarray, start: float, end: float) -> np.ndarray:
    """The frames whose middle lies within reach of a stretch of time."""
    middle = (np.arange(len(values)) + 0.5) / FPS
    return values[(middle > start - 0.02) & (middle < end + 0.02)]


@pytest.mark.parametrize(
    ("phone", "keys"),
    [
        ("m", ["p"]), ("v", ["f"]), ("tʃ", ["ʃ"]), ("dʒ", ["ʃ"]), ("ʤ", ["ʃ"]), ("aɪ", ["a", "ɪ"]),
        ("O", ["o", "ʊ"]), ("ɑ̃", ["ɑ"]), ("ã", ["a"]), ("pʰ", ["p"]), ("t̪", ["t"]), ("ʈ", ["t"]),
        ("ç", ["j"]), ("ts", ["s"]), ("ɜː", ["ʌ"]), ("sil", []), (" ", []), (",", []),
    ],
)  # fmt: skip
def test_ipa_letters_find_their_visemes(phone: str, keys: list[str]) -> None:
    assert [s.key for s in parse_phones([phone], [0.0], [0.1])] == keys


def test_every_phone_of_six_languages_is_known() -> None:
    sounds = "b d ð f ɡ h j k l m n ŋ p ɹ r ɾ s ʃ t θ v w z ʒ x ɣ β ɲ ʎ ʁ ɥ ɟ c ɽ ʋ dz ts ɖ ɳ ʂ "
    sounds += "a ɑ æ ʌ ə ɚ ɛ e ɪ i ɨ ɔ ɒ o ʊ u y ø œ ɐ ɜ ᵻ ɔ̃ ɛ̃ aʊ eɪ ɔɪ əʊ"
    for sound in sounds.split():
        assert parse_phones([sound], [0.0], [0.1]), sound


def test_marks_lengthen_and_stress() -> None:
    segments = parse_phones(["ˈ", "b", "u", "ː"], [0, 0, 0.1, 0.2], [0, 0.1, 0.2, 0.3])
    assert [s.stress for s in segments] == [0, 2]
    assert segments[-1].end == pytest.approx(0.3)


def test_unequal_lists_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        parse_phones(["a"], [0.0, 1.0], [0.1])


def test_short_gaps_do_not_split_speech() -> None:
    segments = parse_phones(["a", " ", "b", ",", "o"], [0, 0.1, 0.14, 0.2, 0.5],
                            [0.1, 0.14, 0.2, 0.5, 0.6])  # fmt: skip
    assert speech_spans(segments) == [(0, 0.2), (0.5, 0.6)]


@pytest.mark.parametrize("labial", ["p", "b", "m"])
@pytest.mark.parametrize("seconds", [0.04, 0.09])
def test_bilabials_close_even_in_fast_speech(labial: str, seconds: float) -> None:
    for shift in np.linspace(0, 0.04, 9):
        segments = spoken(f"ɑ {labial} ɑ o", seconds, 0.5 + shift)
        lips, closure, _ = curves(segments)
        jaw, close = lips[:, P["jaw"]], lips[:, P["close"]]
        shut = during(np.abs(jaw - close), segments[1].start, segments[1].end)
        assert shut.min() < 1e-6
        assert closure.max() == pytest.approx(1)
        assert during(jaw, segments[1].start, segments[1].end).min() <= 0.08 + 1e-9


def test_rounded_closure_keeps_its_pucker() -> None:
    segments = spoken("b u b u", 0.1)
    lips, _, _ = curves(segments)
    assert during(lips[:, P["pucker"]], segments[2].start, segments[2].end).min() > 0.4


def test_rounding_is_planned_before_the_vowel() -> None:
    segments = spoken("s t u", 0.08)
    lips, _, _ = curves(segments)
    assert during(lips[:, P["pucker"]], segments[1].start, segments[1].end).max() > 0.3


def test_vowels_differ_in_width_rounding_and_height() -> None:
    peak = {}
    for vowel in "iua":
        segments = spoken(f"t {vowel} t", 0.12)
        lips, _, _ = curves(segments)
        peak[vowel] = during(lips, segments[1].start, segments[1].end).max(axis=0)
    assert peak["i"][P["spread"]] > 0.4 > 0.15 > peak["u"][P["spread"]]
    assert peak["u"][P["pucker"]] > 0.5 > 0.1 > peak["i"][P["pucker"]]
    assert peak["a"][P["jaw"]] > 0.35 > 0.2 > max(peak["i"][P["jaw"]], peak["u"][P["jaw"]])


def test_labiodentals_tuck_the_lower_lip_and_sibilants_close_the_teeth() -> None:
    segments = spoken("ɑ f ɑ s ɑ", 0.09)
    lips, _, _ = curves(segments)
    f = during(lips, segments[1].start, segments[1].end)
    s = during(lips, segments[3].start, segments[3].end)
    assert f[:, P["roll_lower"]].max() > 0.45
    assert s[:, P["roll_lower"]].max() < 0.1
    assert s[:, P["jaw"]].min() < 0.2
    assert s[:, P["lower"]].min() > 0.1  # the lips stay apart


def test_lips_rest_in_silence_and_open_in_time() -> None:
    segments = spoken("ɑ t ɑ", 0.1)
    lips, _, rest = curves(segments)
    first, last = int(segments[0].start * FPS), int(segments[-1].end * FPS)
    assert np.all(lips[: first - 3] == 0)
    assert np.all(lips[last + 3 :] == 0)
    assert lips[first - 1, P["jaw"]] > 0.01
    assert np.all(rest[last + 3 :] == 1)


def test_curves_are_bounded_and_do_not_pop() -> None:
    keys = [k for k in VISEMES if not VISEMES[k].gate]
    names = np.random.default_rng(0).choice(keys, 60)
    segments = spoken(" ".join(names), 0.07)
    lips, _, _ = curves(segments, 130)
    assert lips.min() >= 0
    assert lips.max() <= 1
    assert np.abs(np.diff(lips[:, P["jaw"]])).max() < 0.4


def test_nothing_said_is_silence() -> None:
    lips, closure, rest = curves([], 10)
    assert not lips.any()
    assert not closure.any()
    assert rest.all()
