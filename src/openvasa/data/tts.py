"""Text to speech that tells when every phone sounds: Kokoro-82M with its durations exposed.

A tool that makes training data (Apache-2.0 weights, not a dependency of the product). Knows
nothing of sentences or files written. espeak-ng must be installed to turn text into phonemes.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openvasa.types import Array, InputError

TTS_RATE = 24_000
TTS_FRAME = 600  # samples per duration unit: 25 ms
SILENCE = "sil"
# Phoneme tokens of the model that stand for two sounds, as espeak writes them (tied by "^").
_TIED = {
    "e^ɪ": "A", "a^ɪ": "I", "o^ʊ": "O", "ə^ʊ": "Q", "a^ʊ": "W", "ɔ^ɪ": "Y", "d^ʒ": "ʤ",
    "t^ʃ": "ʧ", "d^z": "ʣ", "t^s": "ʦ", "ə^l": "ᵊl",
}  # fmt: skip
_IPA = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "ʤ": "dʒ", "ʧ": "tʃ",
    "ʣ": "dz", "ʦ": "ts", "ᵊ": "ə",
}  # fmt: skip
_ENGLISH = {
    "ɚ": "əɹ", "r": "ɹ", "ɐ": "ə", "ɜː": "ɜɹ", "o": "ɔ", "e": "A", "ː": "", "̩": "", "ɬ": "l",
}  # fmt: skip
_AFTER = "ː̃ʲʰ"  # marks that belong to the sound before them
_PUNCTUATION = ";:,.!?—…"
_ESPEAK = {"es": "es", "fr": "fr-fr", "it": "it", "pt": "pt-br", "hi": "hi"}


@dataclass(frozen=True)
class Utterance:
    """Speech with the time of every phone.

    Attributes:
        audio: f32 [N] in [-1, 1] at 16 kHz.
        phones: IPA symbols; `SILENCE` for pauses.
        start: f32 [P] seconds; the first is 0.
        end: f32 [P] seconds; the last is the length of the audio.
    """

    audio: Array
    phones: tuple[str, ...]
    start: Array
    end: Array


def phonemes(text: str, language: str, british: bool = False) -> str:
    """Text as the model's phoneme string, punctuation kept.

    Args:
        text: One or more sentences.
        language: Two letters, a key of `SENTENCES`.
        british: For English, the British accent instead of the American one.

    Raises:
        InputError: If espeak-ng is not installed.
    """
    voice = _ESPEAK.get(language, "en-gb" if british else "en-us")
    spoken = text.replace("¿", "").replace("¡", "").replace("।", ".")
    pieces = [p.strip() for p in re.split(rf"([{re.escape(_PUNCTUATION)}])", spoken) if p.strip()]
    words = [p for p in pieces if p not in _PUNCTUATION]
    heard = iter([_espeak(piece, voice, language) for piece in words])
    out = "".join(p + " " if p in _PUNCTUATION else next(heard) for p in pieces)
    return out.strip()


def _espeak(text: str, voice: str, language: str) -> str:
    command = ["espeak-ng", "-q", "--ipa", "--tie=^", "-v", voice, text]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise InputError("Install espeak-ng: it turns the sentences into phonemes.") from error
    out = re.sub(r"\([^)]*\)", "", " ".join(done.stdout.split()))  # "(en)": a language switch
    for tied, token in _TIED.items():
        out = out.replace(tied, token)
    if language == "en":
        for ipa, token in _ENGLISH.items():
            out = out.replace(ipa, token)
    return out.replace("r.", "ɽ").replace("^", "").replace("-", "")


class Kokoro:
    """The text-to-speech model with its durations exposed."""

    def __init__(self, folder: Path) -> None:
        """Open the model.

        Args:
            folder: Holds kokoro.onnx, vocab.json and voices/*.bin.

        Raises:
            InputError: If a file is missing.
        """
        for name in ("kokoro.onnx", "vocab.json", "voices"):
            if not (folder / name).exists():
                raise InputError(f"Put {name} of Kokoro-82M into {folder} (see docs/data.md).")
        self._folder = folder
        self._vocabulary: dict[str, int] = json.loads((folder / "vocab.json").read_text())["vocab"]
        self._session = _session_with_durations(folder)

    def speak(
        self, text: str, language: str, voice: str, speed: float = 1.0
    ) -> tuple[Array, Utterance]:
        """Say a text.

        Args:
            text: What to say; at most about 500 phonemes.
            language: Two letters.
            voice: The name of a file in voices/, or several with "+" between: the mean of them,
                which is a voice of its own.
            speed: 1.0 is normal; larger is faster.

        Returns:
            The audio at 24 kHz, and the utterance at 16 kHz with its phones.
        """
        tokens = [c for c in phonemes(text, language, voice[0] == "b") if c in self._vocabulary]
        ids = [0, *(self._vocabulary[c] for c in tokens), 0]
        files = [self._folder / "voices" / f"{name}.bin" for name in voice.split("+")]
        style = np.mean([np.fromfile(file, np.float32) for file in files], axis=0)
        feed = {
            "input_ids": np.array([ids], np.int64),
            "style": style.reshape(-1, 256)[len(tokens)][None],
            "speed": np.array([speed], np.float32),
        }
        audio, frames = (np.asarray(x).reshape(-1) for x in self._session.run(None, feed))
        units = frames.astype(np.int64)
        if units.sum() * TTS_FRAME != len(audio):
            raise RuntimeError("The durations do not add up to the length of the audio.")
        loud = _frame_level(audio)
        phones, edges = label(["", *tokens, ""], units, loud > 0.02 * loud.max())
        at_16k = resample_24k(audio)
        seconds = edges.astype(np.float32) * (TTS_FRAME / TTS_RATE)
        return audio, Utterance(at_16k, phones, seconds[:-1], seconds[1:])


def _session_with_durations(folder: Path) -> Any:
    import onnx
    import onnxruntime

    timed = folder / "kokoro_timed.onnx"
    if not timed.exists():
        graph = onnx.load(str(folder / "kokoro.onnx"))
        graph.graph.output.append(onnx.ValueInfoProto(name="/encoder/Clip_output_0"))
        onnx.save(graph, str(timed))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(timed), options, providers=["CPUExecutionProvider"])


def _frame_level(audio: Array) -> Array:
    frames = audio[: len(audio) // TTS_FRAME * TTS_FRAME].reshape(-1, TTS_FRAME)
    return np.sqrt((frames**2).mean(1))


def label(
    tokens: list[str], units: NDArray[np.int64], loud: NDArray[np.bool_]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Phones and their edges from the duration of every token.

    Stress marks lend their time to the sound after them, length marks to the one before, and
    the gap between two words is shared. Quiet frames around punctuation become silence.

    Args:
        tokens: One character each; "" for the padding at both ends.
        units: Duration of each token in 25 ms frames.
        loud: For each frame, whether anything is heard.

    Returns:
        The phones, and their P + 1 edges in frames.
    """
    frames: list[str] = []
    owner: list[int] = []  # index of the token, so that repeated sounds stay apart
    for index, (token, length) in enumerate(zip(tokens, units.tolist(), strict=True)):
        frames += [token] * length
        owner += [index] * length
    for index, token in enumerate(tokens):
        own = [f for f, o in enumerate(owner) if o == index]
        if token in ("ˈ", "ˌ"):
            _give(frames, owner, own, tokens, index + 1)
        elif token and token in _AFTER:
            _give(frames, owner, own, tokens, index - 1)
        elif token == " " and 0 < index < len(tokens) - 1:
            half = (len(own) + 1) // 2
            _give(frames, owner, own[:half], tokens, index - 1)
            _give(frames, owner, own[half:], tokens, index + 1)
    pauses = {i for i, t in enumerate(tokens) if t == "" or t in _PUNCTUATION}
    for frame, index in enumerate(owner):
        token = tokens[index]
        near = token in (" ", "ˈ", "ˌ") or index in pauses
        first = owner.index(index)
        long_tail = index + 1 in pauses and frame - first >= 3
        if near or (long_tail and not loud[frame]):
            frames[frame], owner[frame] = SILENCE, -1
    return _runs(frames, owner)


def _give(
    frames: list[str], owner: list[int], own: list[int], tokens: list[str], heir: int
) -> None:
    step = 1 if heir > 0 and own and owner[own[0]] < heir else -1
    while 0 < heir < len(tokens) - 1 and tokens[heir] in ("ˈ", "ˌ"):
        heir += step
    while 0 < heir < len(tokens) - 1 and tokens[heir] and tokens[heir] in _AFTER:
        heir -= 1
    for frame in own:
        frames[frame], owner[frame] = tokens[heir], heir


def _runs(frames: list[str], owner: list[int]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    phones: list[str] = []
    edges: list[int] = []
    for frame, (token, index) in enumerate(zip(frames, owner, strict=True)):
        if frame and index == owner[frame - 1]:
            continue
        phones.append(_IPA.get(token, token))
        edges.append(frame)
    return tuple(phones), np.array([*edges, len(frames)])


def resample_24k(audio: Array) -> Array:
    """24 kHz to 16 kHz by a windowed-sinc filter, f32 [N] to f32 [2 N / 3].

    Output sample k stands for input time 1.5 k, so phone times stay exact.
    """
    taps = np.arange(-48, 49)
    kernel = np.sinc(taps / 3) * np.hanning(99)[1:-1] / 3  # at 48 kHz, cut at 8 kHz
    raised = np.zeros(2 * len(audio), np.float32)
    raised[::2] = audio
    low = np.convolve(raised, (kernel * 2).astype(np.float32), mode="same")
    return np.ascontiguousarray(low[::3].astype(np.float32))
