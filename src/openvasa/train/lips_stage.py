"""Real clips -> lips for synthetic speech: how real speakers articulate, heard by Whisper.

    python -m openvasa.train.lips_stage train --store STORE --teacher model.bin --out runs/lips
    python -m openvasa.train.lips_stage speak --run runs/lips --teacher model.bin
        --speech speech/kokoro --out lips

Rules that turn phones into lips look right and are not what people do: a map from sound to lips
that was learned from real video agrees with performances that take their lips from this network
nearly as with real speakers, and hardly with those made by rules (LOG.md). `performance_store
--lips lips` takes them; closures and pauses stay with the rules. Both commands resume.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor
from tqdm import tqdm

from openvasa.data.head import load_basis
from openvasa.data.lids import lid_scores
from openvasa.data.motion_store import fit_speaker
from openvasa.data.pcm import from_pcm
from openvasa.data.speech import read_utterance
from openvasa.data.speech_fit import lip_opening, lip_width
from openvasa.data.store import Store
from openvasa.train import loop
from openvasa.train.audio_teacher import Teacher, teach
from openvasa.train.checkpoint import EMA_NAME, TrainState, load_weights
from openvasa.train.ema import Ema
from openvasa.train.lips_network import LIPS, LipsNetwork
from openvasa.types import Array, InputError

LAYER = 4  # of the teacher, the best of seven on mouth shapes
BATCH, LENGTH = 32, 48  # clips and frames
RATE, WARMUP, DECAY = 1e-3, 100, 0.995
NOISE = 0.3  # of the features' spread: what is learned from nine voices must bear others
NAMED = 0.6  # share of the clips whose speaker is told
LEAST_SPREAD = 0.03  # an expression that hardly moves still counts, but not its noise
HELD_OUT = ("grid-s31", "grid-s33")  # speakers that only validate


class Spoken(NamedTuple):
    """One clip: whose, features f32 [T, F] and lips f32 [T, L]."""

    person: str
    features: Array
    lips: Array


def read_clips(store: Path, teacher: Path, cache: Path) -> list[Spoken]:
    """All real clips of a store that may be learned from; read once, then kept in a folder.

    Raises:
        InputError: The store holds none.
    """
    source, basis, network = Store(store), load_basis(), None
    keys = [*source.keys("real", "train"), *source.keys("real", "validation")]
    if not keys:
        raise InputError(f"'{store}' holds no real clips: make some with prepare-data.")
    cache.mkdir(parents=True, exist_ok=True)
    clips = []
    for key in tqdm(keys, unit="clip", mininterval=5):
        path = cache / f"{key}.npz"
        if not path.exists():
            network = network or Teacher(teacher)
            clip = source.read(key)
            landmarks = clip.arrays["landmarks"]
            told, _ = fit_speaker(landmarks, lid_scores(landmarks), basis)
            heard = teach(network, from_pcm(clip.arrays["audio"]), LAYER)
            frames = min(len(told), len(heard))
            _write(path, lips=told[:frames, LIPS], features=heard[:frames])
        with np.load(path, allow_pickle=False) as stored:
            person = str(source.about(key)["person"])
            clips.append(Spoken(person, stored["features"], stored["lips"]))
    return clips


class LipsStage:
    """One training run: clips, network and the step that `loop.run` repeats."""

    def __init__(self, clips: Sequence[Spoken], steps: int, seed: int) -> None:
        """Makes an untrained network; speakers are drawn by the root of their clips."""
        self.clips, self.steps, self.seed = clips, steps, seed
        self.people = sorted({clip.person for clip in clips})
        lips = np.concatenate([clip.lips for clip in clips])
        std = np.maximum(lips.std(axis=0), LEAST_SPREAD)
        torch.manual_seed(seed)
        width = clips[0].features.shape[1]
        self.network = LipsNetwork(width, len(self.people), lips.mean(axis=0), std)
        shapes = load_basis().expression[LIPS]
        self.shown = torch.from_numpy(np.stack(
            [lip_opening(shapes), lip_width(shapes)], 1).astype(np.float32))  # fmt: skip
        self.shown /= (torch.from_numpy(lips) @ self.shown).std(dim=0)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), weight_decay=0.05)

    def state(self) -> TrainState:
        """What is checkpointed."""
        config = {"people": self.people, "steps": self.steps, "seed": self.seed}
        return TrainState(
            modules={"lips": self.network}, optimizers={"lips": self.optimizer},
            ema=Ema(self.network, DECAY), config=config,
        )  # fmt: skip

    def step(self, number: int) -> dict[str, Tensor | float]:
        """Draws a batch, learns expressions, the lips' opening and width, and how they change."""
        features, lips, who = self._batch(loop.step_rng(self.seed, number))
        self.network.train()
        error = self.network(features, who) - lips
        shown = error @ self.shown
        losses = {
            "lips": (error / self.network.std).square().mean(),
            "speed": (error / self.network.std).diff(dim=1).square().mean(),
            "opening": 2 * shown[..., 0].square().mean(),
            "opening_speed": 2 * shown[..., 0].diff(dim=1).square().mean(),
            "width": shown[..., 1].square().mean(),
        }
        rate = loop.cosine_rate(number, peak=RATE, warmup=WARMUP, total=self.steps)
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        return dict(losses)

    def _batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        own = {p: [c for c in self.clips if c.person == p] for p in self.people}
        share = np.sqrt([len(own[p]) for p in self.people])
        features, lips, who = [], [], []
        for index in rng.choice(len(self.people), BATCH, p=share / share.sum()):
            clips = own[self.people[index]]
            clip = clips[int(rng.integers(len(clips)))]
            first = int(rng.integers(max(1, len(clip.lips) - LENGTH)))
            at = np.minimum(np.arange(first, first + LENGTH), len(clip.lips) - 1)
            features.append(clip.features[at].astype(np.float32))
            lips.append(clip.lips[at])
            who.append(index + 1 if rng.random() < NAMED else 0)
        heard = np.stack(features)
        heard += NOISE * heard.std() * rng.standard_normal(heard.shape, dtype=np.float32)
        return torch.from_numpy(heard), torch.from_numpy(np.stack(lips)), torch.tensor(who)


def likeness(network: LipsNetwork, clips: Sequence[Spoken]) -> dict[str, float]:
    """Correlation over time of the lips' opening and width with the true ones, mean of clips."""
    shapes = load_basis().expression[LIPS]
    found: dict[str, list[float]] = {"opening": [], "width": []}
    for clip in clips:
        said = network.speak(clip.features.astype(np.float32))[:, LIPS]
        for name, shape in (("opening", lip_opening(shapes)), ("width", lip_width(shapes))):
            pair = said @ shape, clip.lips @ shape
            if min(np.std(one) for one in pair) > 1e-6:
                found[name].append(float(np.corrcoef(*pair)[0, 1]))
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def train(store: Path, teacher: Path, out: Path, steps: int, seed: int = 0) -> None:
    """Trains on all speakers but `HELD_OUT`, who validate."""
    clips = read_clips(store, teacher, out / "features")
    held = [clip for clip in clips if clip.person in HELD_OUT]
    stage = LipsStage([clip for clip in clips if clip.person not in HELD_OUT], steps, seed)
    state = stage.state()

    def validate(_step: int) -> dict[str, float]:
        assert state.ema is not None
        with state.ema.applied():
            stage.network.eval()
            return likeness(stage.network, held)

    loop.run(stage.step, state, out, loop.LoopOptions(steps=steps, batch=BATCH, seed=seed),
             validate if held else None)  # fmt: skip


def load_lips(run: Path) -> LipsNetwork:
    """The averaged network of a run.

    Raises:
        InputError: The run has not written its weights.
    """
    path = run / EMA_NAME
    if not path.is_file():
        raise InputError(f"{run} holds no {EMA_NAME}: train the lips first.")
    with safe_open(path, framework="numpy") as file:
        people = len(json.loads(file.metadata()["config"])["people"])
        width = file.get_slice("norm.weight").get_shape()[0]
    blank = np.zeros(len(LIPS), np.float32)
    network = LipsNetwork(width, people, blank, blank)
    load_weights(path, network)
    return network.eval()


def speak(run: Path, teacher: Path, speech: Path, out: Path) -> int:
    """Writes the lips of all utterances of a folder; how many are new."""
    network, model, new = load_lips(run), Teacher(teacher), 0
    out.mkdir(parents=True, exist_ok=True)
    for source in tqdm(sorted(speech.glob("*.npz")), unit="utterance", mininterval=5):
        if not (out / source.name).exists():
            said, _ = read_utterance(source)
            _write(out / source.name, lips=network.speak(teach(model, said.audio, LAYER)))
            new += 1
    return new


def _write(path: Path, **arrays: NDArray[np.floating]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    part.replace(path)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line of the stage."""
    parser = argparse.ArgumentParser(
        prog="openvasa.train.lips_stage", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    verbs = parser.add_subparsers(dest="verb", required=True)
    learn = verbs.add_parser("train", help="learn from a store's real clips")
    learn.add_argument("--store", type=Path, required=True)
    learn.add_argument("--steps", type=int, default=1200)
    learn.add_argument("--seed", type=int, default=0)
    say = verbs.add_parser("speak", help="lips for every utterance of a folder")
    say.add_argument("--run", type=Path, required=True, help="what train wrote")
    say.add_argument("--speech", type=Path, required=True)
    for verb in (learn, say):
        verb.add_argument("--teacher", type=Path, required=True, help="Whisper base, model.bin")
        verb.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args(argv)
    torch.set_num_threads(1)
    try:
        if asked.verb == "train":
            train(asked.store, asked.teacher, asked.out, asked.steps, asked.seed)
        else:
            print(f"{speak(asked.run, asked.teacher, asked.speech, asked.out)} utterances")
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
