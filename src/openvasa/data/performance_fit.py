"""Fits the law of performances to the real clips of a store.

    python -m openvasa.data.performance_fit --store STORE --speech DIR --out law.json

Lips, lids, brows and eyes are fitted to the clips. GRID's speakers hold their heads still, so head
rotation is set by published figures instead: `HEAD_STEP` degrees between frames.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from openvasa.data import timing, visemes
from openvasa.data.eyes import BlinkLaw
from openvasa.data.head import HeadBasis, load_basis
from openvasa.data.performance_figures import Curve, Figures, figures, made_pieces, real_pieces
from openvasa.data.performance_law import SHIPPED, PerformanceLaw, read_law, write_law
from openvasa.data.performances import perform
from openvasa.data.shards import Sample
from openvasa.data.speech import read_utterance
from openvasa.data.store import Store
from openvasa.data.tts import Utterance
from openvasa.types import InputError

# Degrees between frames, mean of three axes. A landmarker sees two thirds of it in our videos: as
# much as the best published models move (0.30 to 0.32), less than people do (0.41 to 0.51).
HEAD_STEP = 0.46
MOST_CLIPS = 25  # of one speaker, so that none outweighs the others
QUANTILES = np.linspace(0.01, 0.99, 99)
FACTORS = (0.6, 0.8, 1.25, 1.6)
ROUNDS = 2
# Beyond these, phones blur into each other or lower teeth are bared.
LIMITS = {"smoothing": 0.044, "lips": 2.4}
# What each number of the law shows in.
_SHOWN = {
    "jaw": ("jaw speed", "lip aperture"),
    "lips": ("lip aperture", "lip speed", "jaw speed"),
    "width": ("lip width",),
    "smoothing": ("lip speed", "jaw speed"),
    "brows": ("brow height",),
    "wander": ("gaze yaw", "gaze pitch"),
}
Made = Callable[[PerformanceLaw], Figures]


def distance(first: Curve, second: Curve) -> float:
    """Wasserstein distance of two sets of samples, in standard deviations of the first."""
    if not len(first) or not len(second):
        return float("nan")
    apart = np.abs(np.quantile(first, QUANTILES) - np.quantile(second, QUANTILES)).mean()
    return float(apart / max(float(np.std(first)), 1e-9))


def training_clips(store: Store) -> Iterator[Sample]:
    """Real clips that may be fitted to, evenly picked, at most `MOST_CLIPS` of a person.

    Raises:
        InputError: There are none.
    """
    people: dict[str, list[str]] = {}
    for split in ("train", "validation"):
        for key in store.keys("real", split):
            people.setdefault(str(store.about(key)["person"]), []).append(key)
    if not people:
        raise InputError(f"'{store.path}' holds no real clips: make some with prepare-data.")
    for person in sorted(people):
        keys = sorted(people[person])
        yield from map(store.read, keys[:: max(1, -(-len(keys) // MOST_CLIPS))])


def some_speech(folder: Path, most: int) -> tuple[list[Utterance], float]:
    """Evenly picked utterances of a folder, and the seconds by which their phone times trail.

    Raises:
        InputError: There are none.
    """
    files = sorted(folder.glob("*.npz"))
    if not files:
        raise InputError(f"'{folder}' holds no speech: make some with openvasa.data.speech.")
    sayings = [read_utterance(file)[0] for file in files[:: max(1, len(files) // most)]]
    lags: list[float] = []
    for said in sayings:
        segments = visemes.parse_phones(said.phones, said.start.tolist(), said.end.tolist())
        lags += timing.sibilant_lags(said.audio, segments)
    return sayings, timing.median_lag(lags)


def act(sayings: Sequence[Utterance], basis: HeadBasis, lag: float, law: PerformanceLaw) -> Figures:
    """Figures of one plain performance of every utterance."""
    takes = []
    for seed, said in enumerate(sayings):
        start, end = (said.start - lag).tolist(), (said.end - lag).tolist()
        done = perform(said.audio, said.phones, start, end, seed, law=law)
        takes.append((done.expression, done.gaze, said.audio))
    return figures(made_pieces(takes, basis))


def fit_law(real: Figures, made: Made, law: PerformanceLaw) -> PerformanceLaw:
    """Moves one number at a time to where its quantities come nearest to the real ones.

    Args:
        real: Figures of real clips.
        made: Figures of performances under a law.
        law: Where to begin; its head and blinks are set by their own rules.
    """
    for _ in range(ROUNDS):
        for name, shown in tqdm(_SHOWN.items(), "fit", mininterval=5):
            tried = [law, *(_scaled(law, name, factor) for factor in FACTORS)]
            losses = [_loss(real, made(each), shown) for each in tried]
            law = tried[int(np.argmin(losses))]
    return law


def blink_law(real: Figures, law: BlinkLaw) -> BlinkLaw:
    """A law whose lids stay shut so long that the half-height widths have the real median.

    The rate stays that of the literature: readers of prompts blink by their own clock.
    """
    frames = real["blink frames"]
    if not len(frames):
        return law
    closing, opening = 0.3 * sum(law.shut) / 2, 0.5 * sum(law.opening) / 2  # at half height
    middle = float(np.median(frames)) / 25 - closing - opening
    low, high = max(middle - 0.02, 0.03), max(middle + 0.02, 0.07)
    return replace(law, hold=(round(low, 3), round(high, 3)))


def head_factor(sayings: Sequence[Utterance], law: PerformanceLaw) -> float:
    """The factor on head rotation that gives `HEAD_STEP`."""
    steps = []
    for seed, said in enumerate(sayings):
        done = perform(said.audio, said.phones, said.start.tolist(), said.end.tolist(), seed,
                       law=law)  # fmt: skip
        steps.append(np.abs(np.diff(done.pose[:, :3], axis=0)))
    return law.head * HEAD_STEP / float(np.degrees(np.concatenate(steps)).mean())


def _scaled(law: PerformanceLaw, name: str, factor: float) -> PerformanceLaw:
    value = getattr(law, name)
    most = LIMITS.get(name, np.inf)
    wide = value if isinstance(value, tuple) else (value,)
    new = tuple(round(float(min(factor * v, most)), 4) for v in wide)
    changed: dict[str, Any] = {name: new if isinstance(value, tuple) else new[0]}
    return replace(law, **changed)


def _loss(real: Figures, made: Figures, shown: Sequence[str]) -> float:
    return float(sum(distance(real[name], made[name]) for name in shown))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, required=True, help="a store with real clips")
    parser.add_argument("--speech", type=Path, required=True, help="folder of speech npz files")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="the JSON to write")
    parser.add_argument("--start", type=Path, help="a law to begin with, else the defaults")
    parser.add_argument("--utterances", type=int, default=40)
    asked = parser.parse_args(arguments)
    basis = load_basis()
    pieces = real_pieces(training_clips(Store(asked.store)), basis)
    real = figures(piece for own in pieces.values() for piece in own)
    sayings, lag = some_speech(asked.speech, asked.utterances)
    law = read_law(asked.start) if asked.start else PerformanceLaw()
    law = replace(law, blinks=blink_law(real, law.blinks), head=head_factor(sayings, law))
    law = fit_law(real, partial(act, sayings, basis, lag), law)
    write_law(asked.out, law)
    print(law)


if __name__ == "__main__":
    main()
