"""Motion tracks on disk -> batches of training windows.

A store is a folder `<source>/<group>/<clip>.npz`: a source is mixed in by its own weight (real
clips, synthetic performances), a group (a person, or all renderings of one performance) is never
split between training and validation. Knows nothing of networks or losses.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from openvasa.data.store import split_of as store_split_of
from openvasa.motion.conditions import distance_units, gaze_units
from openvasa.motion.config import MotionStats
from openvasa.types import (
    AUDIO_DIM,
    DYNAMICS_DIM,
    EMOTIONS,
    POSE_DIM,
    Array,
    InputError,
    Motion,
)

Split = Literal["train", "validation"]
MIN_STD = 1e-3  # of a dimension that hardly moves in the data: noise is not blown up


@dataclass(frozen=True, kw_only=True)
class MotionClip:
    """One track on the 25 fps clock.

    Attributes:
        pose: f32 [T, 6], offsets to the clip's rest pose, in the order of `POSE_NAMES`.
        dynamics: f32 [T, 48], `z_dyn`.
        audio: f32 [T, 128], audio features.
        gaze: f32 [2] or [T, 2], main gaze direction in degrees relative to the camera.
        distance: f32 [] or [T], head-to-camera distance relative to the rest pose's.
        emotion: f32 [6], strengths in the order of `EMOTIONS`.
        known: f32 [3], 1 where gaze, distance, emotion are known of this clip.
    """

    pose: Array
    dynamics: Array
    audio: Array
    gaze: Array
    distance: Array
    emotion: Array
    known: Array

    def __post_init__(self) -> None:
        """Refuses arrays that do not fit together."""
        frames = len(self.pose)
        allowed: dict[str, list[tuple[int, ...]]] = {
            "pose": [(frames, POSE_DIM)],
            "dynamics": [(frames, DYNAMICS_DIM)],
            "audio": [(frames, AUDIO_DIM)],
            "gaze": [(2,), (frames, 2)],
            "distance": [(), (frames,)],
            "emotion": [(len(EMOTIONS),)],
            "known": [(3,)],
        }
        for name, shapes in allowed.items():
            array = np.asarray(getattr(self, name))
            if array.shape not in shapes:
                raise ValueError(f"{name} is {array.shape}; a clip of {frames} frames has {shapes}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds values that are not finite")


def write_clip(store: Path, source: str, group: str, name: str, clip: MotionClip) -> Path:
    """Writes one clip into a store, whole or not at all.

    Returns:
        The file, `store/source/group/name.npz`; audio features are kept in half precision.
    """
    path = store / source / group / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {item.name: np.asarray(getattr(clip, item.name), np.float32) for item in fields(clip)}
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **{**arrays, "audio": arrays["audio"].astype("f2")})
    part.replace(path)
    return path


def read_clip(path: Path) -> MotionClip:
    """Reads one clip.

    Raises:
        InputError: When the file is no motion clip.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {item.name: file[item.name].astype("f4") for item in fields(MotionClip)}
        return MotionClip(**arrays)
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is no motion clip ({error}); make the store again.") from error


def split_of(source: str, group: str) -> Split:
    """The split of a group: the same on every machine, by a hash of its name."""
    return "train" if store_split_of(f"{source}/{group}") == "train" else "validation"


@dataclass(frozen=True, kw_only=True)
class MotionBatch:
    """Windows for one training step; motion is normalized, conditions are in model units.

    Attributes:
        target: f32 [B, W, 54].
        previous_motion: f32 [B, K, 54]; held back to the first known frame near a clip's start.
        audio: f32 [B, K + W, 128].
        gaze: f32 [B, 2]; distance: f32 [B, 1]; emotion: f32 [B, 6].
        keep: f32 [B, 5] in the order of `CONDITION_NAMES`: what is known.
    """

    target: Array
    previous_motion: Array
    audio: Array
    gaze: Array
    distance: Array
    emotion: Array
    keep: Array


class MotionClips:
    """All clips of one split in memory, laid end to end for fast random windows."""

    def __init__(self, clips: Mapping[str, Sequence[MotionClip]]) -> None:
        """Takes clips by source; sources without clips are left out."""
        self.sources = [name for name, members in clips.items() if members]
        if not self.sources:
            raise InputError("There are no motion clips to learn from; fill the store first.")
        self.clips = [clip for name in self.sources for clip in clips[name]]
        counts = [len(clips[name]) for name in self.sources]
        self.source_of = np.repeat(np.arange(len(counts)), counts)
        self.lengths = np.asarray([len(clip.pose) for clip in self.clips])
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self.motion = np.concatenate([np.hstack([c.pose, c.dynamics]) for c in self.clips])
        self.audio = np.concatenate([clip.audio.astype(np.float16) for clip in self.clips])
        self.gaze = np.concatenate([_per_frame(gaze_units(c.gaze), c) for c in self.clips])
        self.distance = np.concatenate(
            [_per_frame(distance_units(c.distance)[..., None], c) for c in self.clips]
        )
        self.emotion = np.stack([clip.emotion for clip in self.clips])
        self.known = np.stack([clip.known for clip in self.clips])

    def windows(
        self,
        rng: np.random.Generator,
        batch: int,
        window: int,
        prefix: int,
        stats: MotionStats,
        weights: Mapping[str, float] | None = None,
        short_rate: float = 0.15,
    ) -> MotionBatch:
        """Random windows: source by weight, place by length, sometimes with a short past.

        Args:
            rng: The step's generator.
            batch: B.
            window: W, frames to predict.
            prefix: K, frames before them.
            stats: Normalization.
            weights: Share of each source; those not named have weight 1.
            short_rate: Share of windows whose past is cut to less than K frames, as at the
                start of a performance.
        """
        clip, begin = self._places(rng, batch, window, weights)
        past = np.minimum(begin, prefix)
        short = rng.random(batch) < short_rate
        past = np.where(short, np.minimum(past, rng.integers(0, prefix, batch)), past)
        offsets = np.arange(-prefix, window)
        # Before the known past its first frame is held (see conditions.extend_back).
        frames = np.maximum(offsets[None], -past[:, None]) + (self.starts[clip] + begin)[:, None]
        scaled = ((self.motion[frames] - stats.mean) / stats.std).astype(np.float32)
        inside = frames[:, prefix:]
        kept = np.concatenate([(past > 0)[:, None], np.ones((batch, 1)), self.known[clip]], axis=1)
        return MotionBatch(
            target=scaled[:, prefix:],
            previous_motion=scaled[:, :prefix] * (past > 0)[:, None, None],
            audio=self.audio[frames].astype(np.float32) * _heard(past, offsets),
            gaze=self.gaze[inside].mean(axis=1),
            distance=self.distance[inside].mean(axis=1),
            emotion=self.emotion[clip],
            keep=kept.astype(np.float32),
        )

    def stats(self, weights: Mapping[str, float] | None = None) -> MotionStats:
        """Mean and spread of motion, each source counting by its weight."""
        mean, std = self._moments(self.motion, weights)
        return MotionStats(mean, np.maximum(std, MIN_STD).astype(np.float32))

    def audio_stats(self, weights: Mapping[str, float] | None = None) -> tuple[Array, Array]:
        """Mean and spread of the audio features, f32 [128] each."""
        mean, std = self._moments(self.audio, weights)
        return mean, np.maximum(std, MIN_STD).astype(np.float32)

    def _places(
        self,
        rng: np.random.Generator,
        batch: int,
        window: int,
        weights: Mapping[str, float] | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Clips and first frames of random windows."""
        room = np.maximum(self.lengths - window + 1, 0)
        chance = self._shares(room, weights)
        if not chance.any():
            raise InputError(f"No motion clip is as long as a window of {window} frames.")
        clip = rng.choice(len(self.clips), size=batch, p=chance)
        return clip, (rng.random(batch) * room[clip]).astype(np.int64)

    def _shares(
        self, size: NDArray[np.int64], weights: Mapping[str, float] | None
    ) -> NDArray[np.float64]:
        """Each clip's share: its source's weight, divided among its clips by size."""
        share = np.zeros(len(self.clips))
        for index, name in enumerate(self.sources):
            mine = self.source_of == index
            total = size[mine].sum()
            if total:
                share[mine] = (weights or {}).get(name, 1.0) * size[mine] / total
        return share / max(share.sum(), 1e-12)

    def _moments(
        self, frames: NDArray[np.floating], weights: Mapping[str, float] | None
    ) -> tuple[Array, Array]:
        mean = np.zeros(frames.shape[1])
        square = np.zeros(frames.shape[1])
        for share, start, length in zip(
            self._shares(self.lengths, weights), self.starts, self.lengths, strict=True
        ):
            part = frames[start : start + length].astype(np.float64)
            mean += share * part.mean(axis=0)
            square += share * (part**2).mean(axis=0)
        variance = np.maximum(square - mean**2, 0.0)
        return mean.astype(np.float32), np.sqrt(variance).astype(np.float32)


def load_store(store: Path, split: Split) -> MotionClips:
    """Reads all clips of one split of a store.

    Raises:
        InputError: When the store is missing or holds no clip of that split.
    """
    found: dict[str, list[MotionClip]] = {}
    for source, group, path in _list_clips(store):
        if split_of(source, group) == split:
            found.setdefault(source, []).append(read_clip(path))
    if not found:
        raise InputError(f"{store} holds no motion clips for {split}; fill the store first.")
    return MotionClips(found)


def clip_motion(clip: MotionClip) -> Motion:
    """A clip's motion."""
    return Motion(clip.pose, clip.dynamics)


def _list_clips(store: Path) -> Iterator[tuple[str, str, Path]]:
    for path in sorted(store.glob("*/*/*.npz")):
        yield path.parent.parent.name, path.parent.name, path


def _per_frame(value: Array, clip: MotionClip) -> Array:
    """A condition of the whole clip as one row a frame."""
    rows = value if value.ndim == 2 else value[None]
    return np.broadcast_to(rows, (len(clip.pose), rows.shape[-1])).astype(np.float32)


def _heard(past: NDArray[np.int64], offsets: NDArray[np.int64]) -> Array:
    """1 where there is audio, f32 [B, K + W, 1]: with no past at all there is none before."""
    return ((past[:, None] > 0) | (offsets[None] >= 0)).astype(np.float32)[..., None]
