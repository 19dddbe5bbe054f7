"""Phone times from token durations, the plan of what to say, and the stored format."""

from pathlib import Path

import numpy as np

from openvasa.data import speech, tts
from openvasa.data.sentences import EVALUATION, LIP_SENTENCES, SENTENCES


def spoken(tokens: str, units: list[int], quiet: tuple[int, ...] = ()) -> list[tuple[str, int]]:
    loud = np.ones(sum(units), bool)
    loud[list(quiet)] = False
    phones, edges = tts.label(["", *tokens, ""], np.array(units), loud)
    return list(zip(phones, np.diff(edges).tolist(), strict=True))


def test_stress_belongs_to_the_sound_after_it_and_length_to_the_one_before() -> None:
    made = spoken("bˈiː", [2, 1, 3, 4, 2, 1])
    assert made == [("sil", 2), ("b", 1), ("i", 9), ("sil", 1)]


def test_a_word_gap_is_shared() -> None:
    assert spoken("a m", [1, 2, 3, 2, 1]) == [("sil", 1), ("a", 4), ("m", 3), ("sil", 1)]


def test_a_quiet_tail_before_a_comma_is_silence() -> None:
    made = spoken("a,a", [1, 6, 2, 2, 1], quiet=(5, 6))
    assert made == [("sil", 1), ("a", 4), ("sil", 4), ("a", 2), ("sil", 1)]


def test_two_equal_sounds_stay_apart() -> None:
    assert [p for p, _ in spoken("bb", [1, 2, 2, 1])] == ["sil", "b", "b", "sil"]


def test_diphthong_tokens_become_ipa() -> None:
    assert spoken("A", [1, 3, 1])[1] == ("eɪ", 3)


def test_plan_is_fixed_and_keeps_evaluation_voices_out() -> None:
    jobs = speech.plan(5.0)
    assert jobs == speech.plan(5.0)
    assert not {voice for _, voice, _, _ in jobs} & {voice for _, voice, _ in EVALUATION}
    english = sum(language == "en" for language, *_ in jobs) / len(jobs)
    assert 0.5 < english < 0.7


def test_evaluation_sentences_are_not_training_sentences() -> None:
    known = {line for lines in SENTENCES.values() for line in lines}
    assert not any(line in text for _, _, text in EVALUATION for line in known)


def test_resampling_keeps_a_tone_and_its_time() -> None:
    time = np.arange(24_000) / 24_000
    made = tts.resample_24k(np.sin(2 * np.pi * 440 * time).astype(np.float32))
    assert len(made) == 16_000
    truth = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    np.testing.assert_allclose(made[100:-100], truth[100:-100], atol=0.01)


def test_utterances_come_back_as_stored(tmp_path: Path) -> None:
    times = np.float32([0, 0.5, 1.0])
    said = speech.Utterance(np.zeros(16_000, np.float32), ("sil", "m"), times[:-1], times[1:])
    speech.write_utterance(tmp_path / "0000.npz", said, text="Mm.", lang="en", split="train")
    again, facts = speech.read_utterance(tmp_path / "0000.npz")
    assert again.phones == said.phones and facts["split"] == "train"
    assert np.array_equal(again.end, said.end)


def test_mixed_voices_are_of_training_voices_and_hardly_repeat() -> None:
    jobs = speech.plan(20, seed=3, mixed=True)
    voices = [voice for _, voice, _, _ in jobs]
    assert all(2 <= len(set(voice.split("+"))) <= 3 for voice in voices)
    assert not {part for voice in voices for part in voice.split("+")} & set(speech.PROBE_VOICES)
    assert len(set(voices)) > 0.9 * len(voices)


def test_sentences_for_lips_are_said_by_voices_held_out_and_trained_on_by_none() -> None:
    heard = {v for _, voice, _, _ in speech.plan(60) for v in voice.split("+")}
    known = {line for lines in SENTENCES.values() for line in lines}
    for voice, texts in LIP_SENTENCES.values():
        assert voice not in heard - set(speech.PROBE_VOICES)
        assert not known & set(texts)
