"""The size of the motion model, its normalization, and the choices of one sampling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from openvasa.types import (
    AUDIO_DIM,
    EMOTIONS,
    MOTION_DIM,
    POSE_DIM,
    Array,
    InputError,
    Motion,
)

# run(graph name, {input: array}) -> {output: array}; ONNX Runtime or PyTorch behind it.
Run = Callable[[str, Mapping[str, Array]], Mapping[str, Array]]
CONDITION_NAMES = ("previous", "audio", "gaze", "distance", "emotion")  # the order of `keep`
GRAPH_NAME = "denoiser"


@dataclass(frozen=True, kw_only=True)
class MotionConfig:
    """Size of the denoiser and of its window."""

    width: int = 192  # channels of a token
    layers: int = 4
    heads: int = 8
    expansion: int = 2  # hidden width of the feed-forward block / width
    window: int = 7  # frames generated at once
    ahead: int = 2  # of these, frames that only cross-fade into the next window
    prefix: int = 20  # previous frames given as context
    dropout: float = 0.0  # inside the network; condition dropout is the training stage's
    smoothness: float = 1.0  # of the pose over time, see smoother.pose_smoother
    settling: float = 4.0  # of finished windows across their seams; its square weighs jerk
    schedule: Literal["rectified", "cosine"] = "rectified"

    def __post_init__(self) -> None:
        """Refuses sizes that cannot work."""
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} must be a multiple of 2 * heads {self.heads}")
        if not 0 <= self.ahead < self.window:
            raise ValueError(f"ahead {self.ahead} must lie in [0, window {self.window})")
        if min(self.smoothness, self.settling) < 0:
            raise ValueError("smoothness and settling must not be negative")

    @property
    def hop(self) -> int:
        """Frames a window adds to the stream."""
        return self.window - self.ahead


PRESETS: dict[str, MotionConfig] = {
    # As published follow-ups of the paper use it: 2 s windows, 10 previous frames.
    "paper": MotionConfig(
        width=512, layers=8, heads=8, expansion=4, window=50, ahead=0, prefix=10, dropout=0.1
    ),
    "compact": MotionConfig(),
    "tiny": MotionConfig(width=16, layers=2, heads=2),  # for tests
}


def config_from_dict(values: Mapping[str, Any]) -> MotionConfig:
    """A configuration from stored names and values.

    Args:
        values: As in a recipe or a bundle; `preset` names what the others change.

    Raises:
        InputError: For an unknown preset or name; lists those that exist.
    """
    known = {item.name for item in fields(MotionConfig)}
    rest = dict(values)
    preset = rest.pop("preset", "compact")
    if preset not in PRESETS:
        raise InputError(f"Unknown motion preset {preset!r}; choose one of {sorted(PRESETS)}.")
    unknown = set(rest) - known
    if unknown:
        raise InputError(
            f"Unknown motion settings {sorted(unknown)}; those that exist: {sorted(known)}."
        )
    base = {name: getattr(PRESETS[preset], name) for name in known}
    return MotionConfig(**{**base, **rest})


@dataclass(frozen=True, kw_only=True)
class GuidanceScales:
    """Guidance scale lambda_c of each condition (the paper's Eq. 2); 0 costs nothing.

    Those of gaze and distance act where these are asked for, see `guidance.asked_scales`.
    """

    audio: float = 0.0
    gaze: float = 1.0
    distance: float = 0.0
    emotion: float = 0.0
    previous: float = 0.0

    def __post_init__(self) -> None:
        """Refuses what is no finite number."""
        for item in fields(self):
            if not np.isfinite(getattr(self, item.name)):
                raise InputError(f"The guidance scale {item.name} must be a finite number.")


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """The choices of one performance.

    Attributes:
        seed: Chooses among the performances that fit the same audio, >= 0.
        steps: Denoising steps a window, >= 1.
        scales: Guidance.
        lip_noise: Share of the start noise that is left to the lips, in [0, 1]: how freely they
            speak. The sound tells them nearly all; at 1 chance blurs what it tells.
    """

    seed: int = 0
    steps: int = 4
    scales: GuidanceScales = GuidanceScales()
    lip_noise: float = 0.5

    def __post_init__(self) -> None:
        """Refuses what cannot be sampled."""
        if self.steps < 1:
            raise InputError("The number of denoising steps must be at least 1.")
        if self.seed < 0:
            raise InputError("The seed must be 0 or more.")


@dataclass(frozen=True)
class MotionStats:
    """Mean and spread of real motion, f32 [54] each: the denoiser works on normalized frames."""

    mean: Array
    std: Array

    def __post_init__(self) -> None:
        """Refuses other shapes and spreads that cannot be divided by."""
        if self.mean.shape != (MOTION_DIM,) or self.std.shape != (MOTION_DIM,):
            raise ValueError(f"mean and std must be [{MOTION_DIM}], got {self.mean.shape}")
        if not (self.std > 0).all():
            raise ValueError("every std must be positive")

    def normalize(self, motion: Motion) -> Array:
        """Motion of T frames as f32 [T, 54], about zero mean and unit spread."""
        joined = np.concatenate([motion.pose, motion.dynamics], axis=1)
        return ((joined - self.mean) / self.std).astype(np.float32)

    def restore(self, frames: Array) -> Motion:
        """The inverse of `normalize`."""
        joined = (frames * self.std + self.mean).astype(np.float32)
        return Motion(joined[:, :POSE_DIM], joined[:, POSE_DIM:])


def input_shapes(config: MotionConfig, batch: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the denoiser graph's inputs; all f32. Its output `x0` is shaped as `noisy`."""
    return {
        "noisy": (batch, config.window, MOTION_DIM),
        "time": (batch,),
        "previous_motion": (batch, config.prefix, MOTION_DIM),
        "audio": (batch, config.prefix + config.window, AUDIO_DIM),
        "gaze": (batch, 2),
        "distance": (batch, 1),
        "emotion": (batch, len(EMOTIONS)),
        "keep": (batch, len(CONDITION_NAMES)),
    }
