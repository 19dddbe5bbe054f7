"""Speech in, synthetic performances in a store out; one utterance is one unit of work.

    python -m openvasa.data.performance_store --speech DIR --store STORE --quiet 30 [--lips DIR]

Run again, it makes only what is missing. Arrays of a sample are those of `Performance`; the sound,
f32 as i16, is with take 0 of its utterance, and `about["sound"]` names that sample.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from openvasa.data import packing, store, timing, visemes
from openvasa.data.pcm import to_pcm
from openvasa.data.performance_figures import blink_spans
from openvasa.data.performances import Performance, draw_controls, perform, quiet_audio
from openvasa.data.shards import Arrays, Sample
from openvasa.data.speech import read_utterance
from openvasa.data.tts import Utterance
from openvasa.types import EXPRESSION_NAMES, FPS, Array, Controls, InputError

KIND = "performance"
LICENCE = "Apache-2.0"
SPOKEN = "Kokoro-82M text to speech"
QUIET = "made-up sound without speech"
CONSENT = "none needed: a synthetic voice, no face"
LAG_FILES = 400  # files whose sibilants tell the lag of the labels
_LID = EXPRESSION_NAMES.index("eyeBlinkLeft")
_JAW = EXPRESSION_NAMES.index("jawOpen")


def label_lag(sources: Sequence[Path]) -> float:
    """Seconds by which the phone labels of these speech files trail the sound."""
    lags: list[float] = []
    for source in sources:
        said, _ = read_utterance(source)
        segments = visemes.parse_phones(said.phones, said.start.tolist(), said.end.tolist())
        lags += timing.sibilant_lags(said.audio, segments)
    return timing.median_lag(lags)


def act_out(
    name: str, said: Utterance, facts: dict[str, str], takes: int, seed: int,
    lips: Array | None = None,
) -> Iterator[Sample]:  # fmt: skip
    """The performances of one utterance; the first one is plain, the others are asked for more.

    Args:
        name: The utterance's, a clean name.
        said: The sound and its phones, whose times are those of the sound.
        facts: `split` and, of speech, `lang`, `voice` and `text`.
        takes: How many performances.
        seed: Base seed; takes of different utterances differ.
        lips: f32 [T, 45], see `perform`.
    """
    spoken = bool(said.phones)
    for take in range(takes):
        rng = np.random.default_rng([seed, take, *name.encode()])
        asked = draw_controls(rng) if take else Controls()
        done = perform(
            said.audio, said.phones, said.start.tolist(), said.end.tolist(),
            int(rng.integers(2**31)),
            gaze=asked.gaze, distance=asked.distance, emotion=asked.emotion, spoken=lips,
        )  # fmt: skip
        arrays: Arrays = {key: np.asarray(value, np.float32) for key, value in vars(done).items()}
        if take == 0:
            arrays["audio"] = to_pcm(said.audio)
        about = {
            "source": SPOKEN if spoken else QUIET, "licence": LICENCE, "consent": CONSENT,
            "person": facts.get("voice", "none"), "split": facts["split"], "status": "kept",
            "reason": "", "language": facts.get("lang", "none"), "sound": f"{name}-0",
            "frames": len(done.pose), "gaze": [round(float(v), 2) for v in done.main_gaze],
            "distance": round(done.distance, 3), "asked": asked.emotion and asked.emotion[0],
            **measured(done),
        }  # fmt: skip
        yield Sample(f"{name}-{take}", KIND, about, arrays)


def measured(done: Performance) -> dict[str, float]:
    """What the manifest says of one performance."""
    lids = done.expression[:, _LID].astype(np.float64)
    minutes = len(lids) / FPS / 60
    steps = np.degrees(np.abs(np.diff(done.pose[:, :3], axis=0)))
    return {
        "blinks_per_minute": round(len(blink_spans(lids)) / max(minutes, 1e-9), 1),
        "jaw_mean": round(float(done.expression[:, _JAW].mean()), 4),
        "head_step_degrees": round(float(steps.mean()), 4) if len(steps) else 0.0,
    }


def write_utterance(
    out: Path, source: Path, takes: int, seed: int, lag: float, lips: Path | None = None
) -> int:
    """Commits the performances of one speech file; how many frames.

    Args:
        out: The store.
        source: The speech file.
        takes: How many performances.
        seed: Base seed.
        lag: Seconds by which phone labels trail the sound.
        lips: Folder of what `train.lips_stage speak` wrote; None is lips by rule.

    Raises:
        InputError: The folder lacks this utterance.
    """
    told = None if lips is None else read_lips(lips / source.name)
    name = store.clean_name(source.stem)
    said, facts = read_utterance(source)
    timed = Utterance(said.audio, said.phones, said.start - lag, said.end - lag)
    facts["split"] = "train" if facts.get("split") == "train" else "eval"
    samples = list(act_out(name, timed, facts, takes, seed, told))
    store.write_unit(out, KIND, name, samples, [])
    return sum(len(sample.arrays["pose"]) for sample in samples)


def read_lips(path: Path) -> Array:
    """Lips of one utterance, f32 [T, 45].

    Raises:
        InputError: There is no such file, or it is another one.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return stored["lips"].astype(np.float32)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"'{path}' holds no lips: run lips_stage speak again.") from error


def write_quiet(out: Path, number: int, takes: int, seed: int) -> int:
    """Commits performances of a listener to a sound without speech; frames made."""
    name = f"quiet{number:03d}"
    rng = np.random.default_rng([seed, number])
    none = np.zeros(0, np.float32)
    said = Utterance(quiet_audio(rng, rng.uniform(4, 12)), (), none, none)
    samples = list(act_out(name, said, {"split": "train"}, takes, seed))
    store.write_unit(out, KIND, name, samples, [])
    return sum(len(sample.arrays["pose"]) for sample in samples)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speech", type=Path, required=True, help="folder of speech npz files")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--lips", type=Path, help="folder of `train.lips_stage speak`")
    parser.add_argument("--per-utterance", type=int, default=3)
    parser.add_argument("--quiet", type=int, default=0, help="also this many quiet recordings")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    store.create(asked.store)
    sources = sorted(asked.speech.glob("*.npz"))
    lag = label_lag(sources[:LAG_FILES])
    print(f"phone labels trail the sound by {1000 * lag:.0f} ms; taken back")
    done = store.done_units(asked.store, KIND)
    missing = [s for s in sources if store.clean_name(s.stem) not in done]
    started, frames = time.process_time(), 0
    for source in tqdm(missing, unit="utterance", mininterval=5):
        frames += write_utterance(
            asked.store, source, asked.per_utterance, asked.seed, lag, asked.lips
        )
    for number in (n for n in range(asked.quiet) if f"quiet{n:03d}" not in done):
        frames += write_quiet(asked.store, number, asked.per_utterance, asked.seed)
    spent = max(time.process_time() - started, 1e-9)
    packing.pack(asked.store)
    print(f"{frames} frames, {frames / spent:.0f} a second of one core")


if __name__ == "__main__":
    main()
