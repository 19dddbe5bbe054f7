"""Noise schedules: x_t = signal(t) * x0 + noise(t) * eps, t from 0 (motion) to 1 (noise).

The network sees only (x, t) and predicts x0, so a schedule can be changed without touching it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from openvasa.types import Array, InputError


@dataclass(frozen=True)
class Schedule:
    """How much of x_t is motion and how much is noise; both work on numpy arrays and floats."""

    name: str
    signal: Callable[[Any], Any]  # alpha_t in [0, 1], falling
    noise: Callable[[Any], Any]  # sigma_t in [0, 1], rising

    def mix(self, x0: Array, eps: Array, t: Array) -> Array:
        """Noisy frames x_t: x0 and eps [B, T, C], t [B]."""
        t = np.asarray(t, np.float32)[:, None, None]
        return (self.signal(t) * x0 + self.noise(t) * eps).astype(np.float32)


SCHEDULES = {
    # Straight paths: the rectified flow that flow matching learns; few Euler steps suffice.
    "rectified": Schedule("rectified", lambda t: 1.0 - t, lambda t: t),
    # The paper's: variance preserving, after Nichol and Dhariwal (2021), without their offset.
    "cosine": Schedule("cosine", lambda t: np.cos(t * np.pi / 2), lambda t: np.sin(t * np.pi / 2)),
}


def create_schedule(name: str) -> Schedule:
    """The schedule called `name`.

    Raises:
        InputError: When there is none; lists those that exist.
    """
    if name not in SCHEDULES:
        raise InputError(f"Unknown schedule {name!r}; choose one of {sorted(SCHEDULES)}.")
    return SCHEDULES[name]


def shifted(time: Array, shift: float) -> Array:
    """Times in [0, 1] moved toward the noisy end (Esser et al. 2024, section 5.3.2).

    Args:
        time: Any shape.
        shift: 1 changes nothing; at 3 the middle moves to 0.75.
    """
    return (shift * time / (1.0 + (shift - 1.0) * time)).astype(np.float32)


def step_times(steps: int, shift: float = 1.0) -> Array:
    """The times a sampler visits: f32 [steps + 1] from 1 down to 0, see `shifted`."""
    return shifted(np.linspace(1.0, 0.0, steps + 1, dtype=np.float32), shift)
