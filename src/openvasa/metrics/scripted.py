"""Motion written by hand, played by the model's own engine: for baselines and for probing codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from openvasa import Animator, Avatar, Clip, Motion
from openvasa.motion.config import CONDITION_NAMES, GuidanceScales
from openvasa.motion.windows import MotionModel
from openvasa.types import SAMPLES_PER_FRAME, Array, Controls, Image

_PLAIN = GuidanceScales(audio=0, gaze=0, distance=0, emotion=0, previous=0)


class Script:
    """Stands where the denoiser stands, and answers with a motion known beforehand.

    Windows are asked for in order, once each, when sampling takes one step without guidance; the
    first of a performance is known by its lack of a past.
    """

    def __init__(self, model: MotionModel, motion: Motion) -> None:
        """Prepares the answers.

        Args:
            model: Sizes and normalization.
            motion: What to play; its last frame is held at the end.
        """
        self._frames = model.stats.normalize(motion)
        self._window, self._hop = model.config.window, model.config.hop
        self._made = 0

    def __call__(self, graph: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The next window as `x0`."""
        if inputs["keep"][0, 0] == 0:
            self._made = 0
        at = np.arange(self._window) + self._hop * self._made
        self._made += 1
        return {"x0": self._frames[np.minimum(at, len(self._frames) - 1)][None]}


def play(animator: Animator, avatar: Avatar, motion: Motion, sound: Array) -> Clip:
    """A clip of the avatar doing exactly this motion, with a sound f32 [N] at 16 kHz."""
    exact = replace(animator.motion.config, settling=0.0)
    script = Script(animator.motion, motion)
    puppet = replace(animator, motion=replace(animator.motion, config=exact, run=script))
    return puppet.animate(avatar, sound, steps=1, guidance=_PLAIN)


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
