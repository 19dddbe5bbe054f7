"""A past of the network's own making, for training windows: what it meets when it runs free.

Given the true past a network reads off it how this mouth moves, and hears less of the sound than it
could: running free, its lips followed real speakers less well than a linear regression's. So some
windows begin after lips that the network itself made to the same sound (Venkatraman et al. 2015,
data as demonstrator). Eyes, brows and the head keep the true past: the sound does not tell them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from openvasa.data.motion_clips import MotionClips
from openvasa.motion.config import (
    CONDITION_NAMES,
    GRAPH_NAME,
    MotionConfig,
    MotionStats,
    Run,
    SampleOptions,
)
from openvasa.motion.lips import calmed
from openvasa.motion.sampler import sample
from openvasa.motion.schedule import create_schedule
from openvasa.motion.windows import POSE_LIMIT
from openvasa.types import AUDIO_DIM, EMOTIONS, MOTION_DIM, POSE_DIM, Array

STEPS = 3  # of the sampler: lips need few
TOGETHER = 128  # clips that are performed side by side
LIP_NOISE = SampleOptions().lip_noise

Ints = NDArray[np.int64]
Offsets = NDArray[np.float16]


def kept(folder: Path, step: int, make: Callable[[], Offsets]) -> Offsets:
    """What `make` made at a step, from the run's folder where a broken run has left it."""
    path = folder / f"own_past_{step}.safetensors"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{path.name}.part"
        save_file({"offsets": make()}, part)
        os.replace(part, path)
        # The last checkpoint may be older than this step: what it began with stays.
        for old in sorted(folder.glob("own_past_*.safetensors"), key=_step_of)[:-2]:
            old.unlink()
    return load_file(path)["offsets"]


def _step_of(path: Path) -> int:
    return int(path.stem.rsplit("_", 1)[1])


def own_offsets(
    run: Run, clips: MotionClips, config: MotionConfig, stats: MotionStats, lips: Array, seed: int
) -> Offsets:
    """What the network's own lips add to the true ones, for every frame of the clips.

    Args:
        run: The network.
        clips: The sound and the true motion.
        config: Sizes.
        stats: Normalization.
        lips: `lip_part`.
        seed: Of all noise.

    Returns:
        f16 [N, 48] in normalized units, in the order of `clips.motion`.
    """
    offsets = np.zeros((len(clips.motion), stats.mean.size - POSE_DIM), np.float16)
    order = np.argsort(clips.lengths, kind="stable")
    for number, first in enumerate(range(0, len(order), TOGETHER)):
        some = order[first : first + TOGETHER]
        rng = np.random.default_rng([seed, number])
        for index, made in zip(some, _performed(run, clips, some, config, lips, rng), strict=True):
            at = slice(clips.starts[index], clips.starts[index] + clips.lengths[index])
            true = (clips.motion[at] - stats.mean) / stats.std
            offsets[at] = ((made - true)[:, POSE_DIM:] @ lips).astype(np.float16)
    return offsets


def _performed(
    run: Run,
    clips: MotionClips,
    some: Ints,
    config: MotionConfig,
    lips: Array,
    rng: np.random.Generator,
) -> Iterator[Array]:
    """Normalized motion of these clips, f32 [T, 54] each, made window by window side by side."""
    prefix, window, hop = config.prefix, config.window, config.hop
    longest = int(clips.lengths[some].max())
    audio = _sound(clips, some, prefix, window)
    made = np.zeros((*audio.shape[:2], MOTION_DIM), np.float32)
    firsts = clips.starts[some]
    fixed = {"gaze": clips.gaze[firsts], "distance": clips.distance[firsts],
             "emotion": clips.emotion[some].reshape(-1, len(EMOTIONS))}  # fmt: skip
    keep = np.ones((len(some), len(CONDITION_NAMES)), np.float32)
    keep[:, 2:] = clips.known[some]
    schedule = create_schedule(config.schedule)
    for begin in range(0, longest, hop):
        rows = np.flatnonzero(clips.lengths[some] > begin)
        keep[:, 0] = begin > 0
        heard = audio[rows, begin : begin + prefix + window]
        inputs = {
            "previous_motion": made[rows, begin : begin + prefix],
            "audio": heard if begin else heard * (np.arange(prefix + window) >= prefix)[:, None],
            "keep": keep[rows], **{name: value[rows] for name, value in fixed.items()},
        }  # fmt: skip

        def denoise(x: Array, t: float, inputs: dict[str, Array] = inputs) -> Array:
            times = np.full(len(x), t, np.float32)
            asked = {"noisy": x, "time": times, **inputs}
            return run(GRAPH_NAME, {k: v.astype(np.float32) for k, v in asked.items()})["x0"]

        eps = rng.standard_normal((len(rows), window, MOTION_DIM), dtype=np.float32)
        frames = sample(denoise, calmed(eps, lips, LIP_NOISE), schedule, STEPS)
        frames[..., :POSE_DIM] = np.clip(frames[..., :POSE_DIM], -POSE_LIMIT, POSE_LIMIT)
        at = prefix + begin
        if begin:
            frames = _faded(made[rows, at : at + window - hop], frames)
        made[rows, at : at + window] = frames
        if not begin:
            made[rows, :prefix] = made[rows, prefix : prefix + 1]
    for row, index in enumerate(some):
        yield made[row, prefix : prefix + clips.lengths[index]]


def _sound(clips: MotionClips, some: Ints, prefix: int, window: int) -> Array:
    """Features f32 [B, K + T + W, 128]; held before the first frame, 0 past the last."""
    frames = prefix + int(clips.lengths[some].max()) + window
    audio = np.zeros((len(some), frames, AUDIO_DIM), np.float32)
    for row, index in enumerate(some):
        own = clips.audio[clips.starts[index] : clips.starts[index] + clips.lengths[index]]
        audio[row, prefix : prefix + len(own)] = own
        audio[row, :prefix] = own[0]
    return audio


def _faded(before: Array, frames: Array) -> Array:
    """Cross-fades from the last window's frames ahead [B, A, C], as `motion.windows` does."""
    count = before.shape[1]
    weight = (np.arange(1, count + 1, dtype=np.float32) / (count + 1))[:, None]
    faded = (1 - weight) * before + weight * frames[:, :count]
    return np.concatenate([faded, frames[:, count:]], axis=1)
