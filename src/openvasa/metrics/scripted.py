"""Motion written by hand, played by the model's own engine: for baselines and for probing codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from openvasa import Animator, Avatar, Clip, Motion
from openvasa.motion.config import CONDITION_NAMES
from openvasa.types import SAMPLES_PER_FRAME, Array, Controls, Image


@dataclass(frozen=True)
class Script:
    """Stands where the engine's performer stands, and plays a motion known beforehand.

    Attributes:
        motion: What to play; its last frame is held at the end.
        frames: How many frames there are.
    """

    motion: Motion
    frames: int

    def perform(self, pieces: Iterable[Array], controls: Controls) -> Iterator[Motion]:
        """The motion, one frame at a time; neither sound nor controls change it."""
        for k in range(self.frames):
            at = min(k, len(self.motion) - 1)
            yield self.motion[at : at + 1]


def play(animator: Animator, avatar: Avatar, motion: Motion, sound: Array) -> Clip:
    """A clip of the avatar doing exactly this motion, with a sound f32 [N] at 16 kHz."""
    clip = animator.animate(avatar, sound)
    clip._performer = Script(motion, len(clip))  # type: ignore[assignment]
    return clip


def pictures(animator: Animator, avatar: Avatar, motion: Motion) -> list[Image]:
    """The frames of a motion, u8 [S, S, 3] each."""
    silence = np.zeros(len(motion) * SAMPLES_PER_FRAME, np.float32)
    return [frame.image for frame in play(animator, avatar, motion, silence).frames()]


def keeping(motion: Motion, dynamics: Array) -> Motion:
    """The same head motion with one face, dynamics [1, 48], in all frames."""
    return Motion(motion.pose, np.repeat(dynamics, len(motion), axis=0))


@dataclass(frozen=True)
class Nulled:
    """The denoiser with some conditions always replaced by their null embeddings."""

    run: Any
    names: tuple[str, ...]

    def __call__(self, graph: str, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        """As the denoiser."""
        keep = inputs["keep"].copy()
        for name in self.names:
            keep[:, CONDITION_NAMES.index(name)] = 0
        return dict(self.run(graph, {**inputs, "keep": keep}))


def perform(
    animator: Animator, avatar: Avatar, sound: Array, *, controls: Controls = Controls(),
    seed: int = 0, without: Iterable[str] = (),
) -> Motion:  # fmt: skip
    """The model's own motion, some conditions nulled."""
    run = Nulled(animator.motion.run, tuple(without))
    changed = replace(animator, motion=replace(animator.motion, run=run))
    return changed.animate(avatar, sound, controls=controls, seed=seed).motion
