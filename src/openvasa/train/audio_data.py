"""Prepared training material of the audio encoder: sound, teacher states, mouth-shape labels.

Knows nothing of networks being trained.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from openvasa.audio.clock import CONTEXT_COLUMNS, MEL_HOP, frame_count
from openvasa.audio.mel import HISTORY, log_mel_batch
from openvasa.data.speech import SILENCE, read_utterance
from openvasa.train.audio_teacher import Teacher, teach
from openvasa.train.sound_augment import augment
from openvasa.types import SAMPLE_RATE, SAMPLES_PER_FRAME, Array

MOUTHS = ("silence", "closed", "lip-teeth", "rounded", "spread", "open", "other")
_MOUTH_OF = {
    1: "p b m pʰ bʰ ɸ β",
    2: "f v ʋ",
    3: "u ʊ w o ɔ oʊ əʊ ɔɪ y ø œ ɥ ʃ ʒ tʃ dʒ ɒ ɯ",
    4: "i ɪ e eɪ j ɛ ᵻ",
    5: "a ɑ æ ʌ aɪ aʊ ɐ ɜ",
}
_CODE = {phone: mouth for mouth, phones in _MOUTH_OF.items() for phone in phones.split()}
PHONES = (
    "? sil p b m f v t d n k ɡ s z ʃ ʒ tʃ dʒ θ ð h l ɹ r ɾ ŋ ɲ j w i ɪ e eɪ ɛ æ a ɑ aɪ aʊ ʌ ə ɜ "
    "ɔ o oʊ ɔɪ ʊ u y ø œ ʁ ɥ β ɣ x ʎ"
).split()


def mouth_of(phone: str) -> int:
    """Index in `MOUTHS` of an IPA symbol."""
    return 0 if phone == SILENCE else _CODE.get(phone, _CODE.get(phone.rstrip("̃ːʰ"), 6))


def frame_labels(
    phones: tuple[str, ...], start: Array, end: Array, frames: int
) -> tuple[Array, Array]:
    """Labels on the 25 Hz clock.

    Args:
        phones: IPA symbols.
        start: f32 [P] seconds.
        end: f32 [P] seconds.
        frames: How many frames.

    Returns:
        The share of each frame that each mouth shape and each phone takes, f32 [frames, 7] and
        f32 [frames, len(PHONES)].
    """
    edges = np.arange(frames)[:, None] / 25.0
    share = np.minimum(edges + 0.04, end) - np.maximum(edges, start)
    share = np.maximum(share, 0.0) / 0.04
    index = {phone: i for i, phone in enumerate(PHONES)}
    mouths = np.eye(len(MOUTHS), dtype=np.float32)[[mouth_of(p) for p in phones]]
    names = np.eye(len(PHONES), dtype=np.float32)[[index.get(p.rstrip("̃ːʰ"), 0) for p in phones]]
    out = []
    for code, rest in ((mouths, 0), (names, 1)):
        soft = (share @ code).astype(np.float32)
        soft[:, rest] += np.maximum(0.0, 1.0 - soft.sum(1))
        out.append(soft / soft.sum(1, keepdims=True))
    return out[0], out[1]


def decode_sound(path: Path) -> Array:
    """The sound of any media file, f32 [N] mono at 16 kHz."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    pieces: list[Array] = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            pieces += [np.asarray(f.to_ndarray())[0] for f in resampler.resample(frame)]
        pieces += [np.asarray(f.to_ndarray())[0] for f in resampler.resample(None)]
    return np.concatenate(pieces).astype(np.float32)


def prepare(name: str, source: Path, out: Path, teacher: Teacher, layer: int) -> Path:
    """Sound, teacher states and labels of one recording, stored as npz unless already there."""
    path = out / f"{name}.npz"
    if path.exists():
        return path
    mouths = phones = np.zeros((0, 0), np.float32)
    split, language = "train", ""
    if source.suffix == ".npz":
        said, facts = read_utterance(source)
        samples, split, language = said.audio, facts["split"], facts.get("lang", "")
        frames = frame_count(len(samples))
        mouths, phones = frame_labels(said.phones, said.start, said.end, frames)
    else:
        samples = decode_sound(source)
    states = teach(teacher, samples, layer).astype(np.float16)
    partial = out / f"{name}.partial"
    with partial.open("wb") as file:
        np.savez(
            file, samples=samples.astype(np.float16), states=states, split=np.array(split),
            mouths=mouths.astype(np.float16), phones=phones.astype(np.float16),
            language=np.array(language),
        )  # fmt: skip
    partial.rename(path)
    return path


@dataclass(frozen=True)
class Recording:
    """One prepared recording: sound [N], states [T, 512], labels [T, 7], [T, P] or empty.

    The language is the code that the utterance was stored with, or empty.
    """

    name: str
    split: str
    samples: Array
    states: Array
    mouths: Array
    phones: Array
    language: str = ""


def load(paths: list[Path]) -> list[Recording]:
    """Prepared recordings from disk."""
    out = []
    for path in paths:
        with np.load(path, allow_pickle=False) as z:
            names = ("samples", "states", "mouths", "phones")
            arrays = {name: z[name].astype(np.float32) for name in names}
            language = str(z["language"]) if "language" in z else ""  # earlier files lack it
            out.append(
                Recording(name=path.stem, split=str(z["split"]), language=language, **arrays)
            )
    return out


@dataclass(frozen=True)
class Batch:
    """Mel [B, n, 80], targets [B, T, D], labels with a weight of 1 where they are known."""

    mel: Array
    targets: Array
    mouths: Array
    phones: Array
    labelled: Array  # [B]


def batches(
    recordings: list[Recording], size: int, frames: int, seed: int, step: int = 0
) -> Iterator[Batch]:
    """Endless augmented batches; batch number `step` depends only on it and on the seed."""
    labelled = [r for r in recordings if len(r.mouths)]
    plain = [r for r in recordings if not len(r.mouths)]
    while True:
        draw = np.random.default_rng((seed, step))
        rows = []
        for _ in range(size):
            pool = labelled if labelled and (draw.random() < 0.6 or not plain) else plain
            other = recordings[draw.integers(len(recordings))].samples
            rows.append(_crop(pool[draw.integers(len(pool))], frames, draw, other))
        columns = [np.stack(column) for column in zip(*rows, strict=True)]
        yield Batch(log_mel_batch(columns[0]), *columns[1:])
        step += 1


def _crop(r: Recording, frames: int, draw: np.random.Generator, other: Array) -> tuple[Array, ...]:
    speed = float(draw.uniform(0.9, 1.1)) if draw.random() < 0.6 else 1.0
    total = len(r.states) / speed
    first = int(draw.integers(-4, max(-3, int(total) - frames + 6)))
    # Output frame i of the crop ends its context one frame after its own end.
    begin = (first + 2) * SAMPLES_PER_FRAME - CONTEXT_COLUMNS * MEL_HOP - HISTORY
    end = (first + frames + 1) * SAMPLES_PER_FRAME
    times = np.arange(begin, end) * speed
    grid = np.arange(len(r.samples))
    sound = np.interp(times, grid, r.samples, left=0.0, right=0.0).astype(np.float32)
    where = (np.arange(first, first + frames) + 0.5) * speed - 0.5
    low = np.clip(np.floor(where).astype(int), 0, len(r.states) - 2)
    part = np.clip(where - low, 0.0, 1.0)[:, None].astype(np.float32)

    def at(values: Array, width: int) -> Array:
        if not len(values):
            return np.zeros((frames, width), np.float32)
        return values[low] * (1 - part) + values[low + 1] * part

    mouths, phones = at(r.mouths, len(MOUTHS)), at(r.phones, len(PHONES))
    known = np.array(len(r.mouths) > 0, np.float32)
    return augment(sound, draw, other), at(r.states, r.states.shape[1]), mouths, phones, known


def stable_share(name: str) -> float:
    """A number in [0, 1) that depends on the name alone, to draw the same subset every time."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32
