"""Synthetic training speech with exact phone times: what to say, in whose voice, and the files.

`python -m openvasa.data.speech {train,eval,lips,demo} MODEL_FOLDER OUT`. Knows nothing of faces or
training.
"""

from __future__ import annotations

import argparse
import random
import sys
import wave
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from openvasa.data.sentences import DEMO, EVALUATION, LIP_SENTENCES, SENTENCES
from openvasa.data.tts import SILENCE, TTS_RATE, Kokoro, Utterance
from openvasa.types import SAMPLE_RATE, Array

__all__ = ["SILENCE", "Utterance", "main", "make", "make_evaluation", "plan", "read_utterance"]

_SHARE = {"en": 0.6, "es": 0.1, "fr": 0.09, "it": 0.08, "pt": 0.07, "hi": 0.06}
# Heard only when the audio encoder is probed, besides the voices of `EVALUATION`.
PROBE_VOICES = ("bf_lily", "am_eric", "hm_psi")
_PACES = (("", 1.0), ("_fast", 1.5))  # evaluation sentences are said at these speeds


def plan(minutes: float, seed: int = 1, mixed: bool = False) -> list[tuple[str, str, str, float]]:
    """Which sentences to say: (language, voice, text, speed), about 6 seconds each.

    The order is mixed, so that any beginning of the list is a fair sample.

    Args:
        minutes: How long it may be in all.
        seed: Of the draw.
        mixed: Whether each utterance has a voice of its own: the mean of two or three training
            voices, of any language.
    """
    draw = random.Random(seed)
    voices = _training_voices()
    every = sorted({voice for group in voices.values() for voice in group} - set(PROBE_VOICES))
    jobs: list[tuple[str, str, str, float]] = []
    for language, share in _SHARE.items():
        count = round(minutes * 60 * share / 6.2)
        slots: list[str] = []
        while len(slots) < 2 * count:
            block = list(SENTENCES[language])
            draw.shuffle(block)
            slots += block
        for i in range(count):
            speed = draw.choice((0.9, 0.95, 1.0, 1.0, 1.05, 1.12))
            text = f"{slots[2 * i]} {slots[2 * i + 1]}"
            voice = voices[language][i % len(voices[language])]
            if mixed:
                voice = "+".join(draw.sample(every, draw.choice((2, 3))))
            jobs.append((language, voice, text, speed))
    draw.shuffle(jobs)
    return jobs


def _training_voices() -> dict[str, list[str]]:
    english = (
        "af_heart am_fenrir bf_emma af_bella am_puck bm_george af_nicole am_adam bf_isabella "
        "af_sarah am_echo bm_fable af_kore am_liam bf_alice af_sky am_onyx bm_lewis af_nova "
        "am_eric bf_lily af_aoede bm_daniel af_jessica af_alloy af_river am_santa"
    ).split()
    return {
        "en": english,
        "es": ["ef_dora", "em_santa", "ef_dora", "pm_alex"],
        "fr": ["ef_dora", "im_nicola", "bf_emma", "bm_george"],
        "it": ["im_nicola", "ef_dora", "em_santa"],
        "pt": ["pf_dora", "pm_alex"],
        "hi": ["hm_omega", "hf_beta", "hm_psi"],
    }


def write_utterance(path: Path, said: Utterance, **facts: str) -> None:
    """Store an utterance as npz, complete or not at all."""
    partial = path.with_suffix(".partial.npz")
    arrays: dict[str, Any] = {
        "audio": said.audio, "phones": np.array(said.phones), "start": said.start,
        "end": said.end, **facts,
    }  # fmt: skip
    np.savez(partial, **arrays)
    partial.rename(path)


def read_utterance(path: Path) -> tuple[Utterance, dict[str, str]]:
    """An utterance and its facts (text, lang, voice, split) as `write_utterance` stored them."""
    with np.load(path, allow_pickle=False) as stored:
        said = Utterance(
            stored["audio"], tuple(stored["phones"].tolist()), stored["start"], stored["end"]
        )
        known = ("audio", "phones", "start", "end")
        return said, {name: str(stored[name]) for name in stored.files if name not in known}


def write_wav(path: Path, audio: Array, rate: int) -> None:
    """Store mono audio as 16-bit PCM."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(audio, -1, 1) * 32767).round().astype("<i2").tobytes())


def make(model: Kokoro, out: Path, minutes: float, seed: int = 1, mixed: bool = False) -> None:
    """Say the sentences of a `plan` that are not there yet; safe to stop and start again."""
    out.mkdir(parents=True, exist_ok=True)
    for number, (language, voice, text, speed) in enumerate(plan(minutes, seed, mixed)):
        path = out / f"{number:04d}.npz"
        if path.exists():
            continue
        _, said = model.speak(text, language, voice, speed)
        split = "held_out" if voice in PROBE_VOICES else "train"
        write_utterance(path, said, text=text, lang=language, voice=voice, split=split)
        print(f"{path.name} {language} {voice} {len(said.audio) / SAMPLE_RATE:.2f} s", flush=True)


def make_evaluation(model: Kokoro, out: Path) -> None:
    """Say the evaluation sentences, also half as fast again, as npz with phones and as wav."""
    out.mkdir(parents=True, exist_ok=True)
    for (language, voice, text), (ending, speed) in product(EVALUATION, _PACES):
        _, said = model.speak(text, language, voice, speed)
        facts = {"text": text, "lang": language, "voice": voice, "split": "eval"}
        name = f"tts_{language}{ending}"
        write_utterance(out / f"{name}.npz", said, **facts)
        write_wav(out / f"{name}.wav", said.audio, SAMPLE_RATE)


def make_lip_sentences(model: Kokoro, out: Path) -> None:
    """Say what `openvasa evaluate speech` counts lips in, as npz with phones."""
    out.mkdir(parents=True, exist_ok=True)
    for language, (voice, texts) in LIP_SENTENCES.items():
        for number, text in enumerate(texts):
            _, said = model.speak(text, language, voice)
            facts = {"text": text, "lang": language, "voice": voice, "split": "eval"}
            write_utterance(out / f"{language}_{number}.npz", said, **facts)


def main(argv: list[str] | None = None) -> int:
    """Make speech: `python -m openvasa.data.speech {train,eval,lips,demo} MODEL_FOLDER OUT`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("train", "eval", "lips", "demo"))
    parser.add_argument("model", type=Path, help="folder with kokoro.onnx, vocab.json, voices/")
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=27.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mixed", action="store_true", help="means of voices, one an utterance")
    args = parser.parse_args(argv)
    model = Kokoro(args.model)
    if args.what == "train":
        make(model, args.out, args.minutes, args.seed, args.mixed)
    elif args.what == "eval":
        make_evaluation(model, args.out)
    elif args.what == "lips":
        make_lip_sentences(model, args.out)
    else:
        args.out.mkdir(parents=True, exist_ok=True)
        audio, _ = model.speak(DEMO[2], DEMO[0], DEMO[1])
        write_wav(args.out / "speech.wav", 0.9 * audio / np.abs(audio).max(), TTS_RATE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
