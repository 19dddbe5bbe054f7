"""Denoising steps against speed: how far fewer steps move the same performance."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openvasa.engine.animator import Animator
from openvasa.media.audio import load_audio
from openvasa.types import FPS, Array, Motion

SECONDS = 20.0  # of the recording that are performed, at most


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """One number of steps, beside the most that were tried; medians and means over seeds.

    Attributes:
        steps: Denoising steps a window.
        motion_ms: CPU milliseconds a frame from sound to motion.
        apart: Root mean square distance of z_dyn to that of the most steps, same seeds, in
            standard deviations of z_dyn over time.
        other_seed: The same between the most steps' own performances of different seeds: what a
            distance of no importance is like.
        size: Standard deviation of z_dyn over time, relative to the most steps'.
        shake: Mean absolute second difference of z_dyn, relative to the most steps'.
    """

    steps: int
    motion_ms: float
    apart: float
    other_seed: float
    size: float
    shake: float


def sweep_steps(
    animator: Animator, audio: Path, steps: Sequence[int], *, seeds: int = 3,
    progress: Callable[[int], None] = lambda steps: None,
) -> list[StepRow]:  # fmt: skip
    """Performs one recording with several numbers of steps, in turns.

    Args:
        animator: The model.
        audio: The recording; its first 20 s are performed.
        steps: Numbers of steps, each at least 1.
        seeds: Performances of each, at least 2.
        progress: Called with the number of steps whose turn comes.

    Returns:
        A row for each number, the most steps first.

    Raises:
        InputError: The recording cannot be read.
    """
    sound = load_audio(audio)[: round(SECONDS * 16_000)]
    order = sorted(set(steps), reverse=True)
    made: dict[int, list[Array]] = {count: [] for count in order}
    spent: dict[int, list[float]] = {count: [] for count in order}
    for seed in range(seeds):
        for count in order:
            progress(count)
            start = time.process_time()
            motion: Motion = animator.perform(sound, seed=seed, steps=count)
            spent[count].append(1000 * (time.process_time() - start) / len(motion))
            made[count].append(motion.dynamics.astype(np.float64))
    best = made[order[0]]
    spread = np.mean([one.std(0) for one in best], 0) + 1e-9
    pairs = [_apart(a, b, spread) for i, a in enumerate(best) for b in best[i + 1 :]]
    return [
        StepRow(
            steps=count,
            motion_ms=round(float(np.median(spent[count])), 2),
            apart=round(
                float(np.mean([_apart(a, b, spread) for a, b in zip(ours, best, strict=True)])), 3
            ),
            other_seed=round(float(np.mean(pairs)), 3),
            size=round(_ratio(ours, best, lambda one: float(one.std(0).mean())), 3),
            shake=round(_ratio(ours, best, _shake), 3),
        )
        for count, ours in made.items()
    ]


def _apart(ours: Array, theirs: Array, spread: Array) -> float:
    return float(np.sqrt(np.mean(np.square((ours - theirs) / spread))))


def _shake(dynamics: Array) -> float:
    """Per second squared."""
    return float(np.abs(np.diff(dynamics, 2, axis=0)).mean()) * FPS**2


def _ratio(ours: list[Array], theirs: list[Array], of: Callable[[Array], float]) -> float:
    return float(np.mean([of(one) for one in ours]) / np.mean([of(one) for one in theirs]))
