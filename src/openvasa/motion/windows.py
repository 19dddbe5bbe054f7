"""Motion of any length, window by window: the state of a performance is a value.

Windows of W frames are made every `hop` frames from the frames before them. The last `ahead`
frames of each cross-fade into the next window, so no seam shows. All noise derives from the seed
and the frame's place, so any way of cutting the audio into pieces gives the same motion, bit for
bit, and memory does not grow with length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from openvasa.motion.conditions import window_conditions
from openvasa.motion.config import MotionConfig, MotionStats, Run, SampleOptions
from openvasa.motion.guidance import asked_scales, guide
from openvasa.motion.lips import calmed
from openvasa.motion.sampler import sample
from openvasa.motion.schedule import create_schedule
from openvasa.motion.smoother import pose_smoother
from openvasa.types import AUDIO_DIM, DYNAMICS_DIM, MOTION_DIM, POSE_DIM, Array, Controls, Motion

POSE_LIMIT = 4.0  # standard deviations of real motion that no head leaves
_JERK = 3  # order of differences; heads are moved with little jerk (Flash and Hogan 1985)


@dataclass(frozen=True)
class MotionModel:
    """What the windows need of a trained model; shared by all performances, never changed."""

    config: MotionConfig
    stats: MotionStats
    run: Run  # must know the graph "denoiser"
    lips: Array | None = None  # [48, 48], see `lips.lip_part`; None leaves them all their noise


@dataclass(frozen=True, kw_only=True)
class WindowState:
    """Everything one performance remembers between windows.

    Attributes:
        index: Windows made so far; the next starts at frame index * hop.
        history: f32 [<= prefix, 54], the last frames given out, normalized.
        past_audio: f32 [<= prefix, 128], their audio features.
        pending: f32 [n, 128], audio features not yet used, from the next window's first frame on.
        tail: f32 [ahead, 54] (empty before the first window), to cross-fade from.
    """

    index: int
    history: Array
    past_audio: Array
    pending: Array
    tail: Array


def start() -> WindowState:
    """The state before any audio."""
    return WindowState(
        index=0,
        history=np.zeros((0, MOTION_DIM), np.float32),
        past_audio=np.zeros((0, AUDIO_DIM), np.float32),
        pending=np.zeros((0, AUDIO_DIM), np.float32),
        tail=np.zeros((0, MOTION_DIM), np.float32),
    )


def push(state: WindowState, features: Array) -> WindowState:
    """Adds audio features f32 [n, 128] of the next n frames to what waits."""
    if features.ndim != 2 or features.shape[1] != AUDIO_DIM:
        raise ValueError(f"audio features must be [n, {AUDIO_DIM}], got {features.shape}")
    if len(features) == 0:  # no copy of a long recording that waits
        return state
    pending = np.concatenate([state.pending, features.astype(np.float32)])
    return replace(state, pending=pending)


def ready(state: WindowState, config: MotionConfig) -> bool:
    """Whether enough audio waits for a whole window."""
    return len(state.pending) >= config.window


def step(
    state: WindowState,
    features: Array,
    controls: Controls,
    model: MotionModel,
    options: SampleOptions,
) -> tuple[WindowState, Motion]:
    """Takes audio features and makes at most one window.

    Args:
        state: The performance so far.
        features: f32 [n, 128] of the next n frames; n may be 0.
        controls: In force for this window.
        model: Network, sizes and normalization.
        options: Seed, steps and guidance; the same for the whole performance.

    Returns:
        The new state and `hop` frames of motion, or none when audio is still missing. While
        `ready` holds, call again with no features.
    """
    state = push(state, features)
    if not ready(state, model.config):
        return state, _no_motion()
    return _advance(state, controls, model, options)


def flush(
    state: WindowState, controls: Controls, model: MotionModel, options: SampleOptions
) -> tuple[WindowState, Motion]:
    """Makes the motion of all audio that still waits; the performance has as many frames.

    Returns:
        The ended state and the last frames (none when no audio waits).
    """
    parts = [_no_motion()]
    while len(state.pending):
        left = len(state.pending)
        state, motion = _advance(state, controls, model, options)
        parts.append(motion[:left])
    ended = replace(state, tail=np.zeros((0, MOTION_DIM), np.float32))
    return ended, Motion(
        np.concatenate([part.pose for part in parts]),
        np.concatenate([part.dynamics for part in parts]),
    )


def window_noise(seed: int, index: int, config: MotionConfig) -> Array:
    """The start noise of a window, f32 [W, 54].

    Each hop's frames have their own generator, and a window's frames ahead share the noise of
    the hop they lie in: two windows that overlap start from the same noise there, so their
    samples agree better where they cross-fade.
    """
    blocks: list[Array] = []
    while sum(len(block) for block in blocks) < config.window:
        rng = np.random.default_rng([seed, index + len(blocks)])
        blocks.append(rng.standard_normal((config.hop, MOTION_DIM), dtype=np.float32))
    return np.concatenate(blocks)[: config.window]


def _advance(
    state: WindowState, controls: Controls, model: MotionModel, options: SampleOptions
) -> tuple[WindowState, Motion]:
    """One window; where audio is missing at its end, the network is told so by zeros."""
    config = model.config
    conditions = window_conditions(config, state.history, state.past_audio, state.pending, controls)
    noise = window_noise(options.seed, state.index, config)
    if model.lips is not None:
        noise = calmed(noise, model.lips, options.lip_noise)
    frames = sample(
        guide(model.run, conditions, asked_scales(options.scales, controls)),
        noise,
        create_schedule(config.schedule),
        options.steps,
    )
    frames = _cross_fade(state.tail, frames)
    frames[:, :POSE_DIM] = _settled(config.settling, state.history, frames[:, :POSE_DIM])
    # A head out of all measure must not become the past that the next window believes.
    frames[:, :POSE_DIM] = np.clip(frames[:, :POSE_DIM], -POSE_LIMIT, POSE_LIMIT)
    done, tail = frames[: config.hop], frames[config.hop :]
    used = min(config.hop, len(state.pending))
    history = np.concatenate([state.history, done[:used]])
    past_audio = np.concatenate([state.past_audio, state.pending[:used]])
    following = WindowState(
        index=state.index + 1,
        history=history[-config.prefix :],
        past_audio=past_audio[-config.prefix :],
        pending=state.pending[used:],
        tail=tail,
    )
    return following, model.stats.restore(done)


def _cross_fade(tail: Array, frames: Array) -> Array:
    """Fades from the last window's frames ahead to the new window's first frames."""
    count = len(tail)
    if count == 0:
        return frames
    weight = (np.arange(1, count + 1, dtype=np.float32) / (count + 1))[:, None]
    faded = (1 - weight) * tail + weight * frames[:count]
    return np.concatenate([faded, frames[count:]]).astype(np.float32)


def _settled(smoothness: float, history: Array, pose: Array) -> Array:
    """Poses f32 [W, 6] made to go on smoothly from the last three given out.

    Each window chooses anew where the head goes, and its speed breaks where windows cross-fade.
    Jerk is made small and not acceleration, which would also make less of the movement itself.
    """
    # Squared: what is faster than 2.5 Hz is halved, where accelerations had 2.9 Hz.
    alone, joined = pose_smoother(len(pose), smoothness**2, _JERK)
    if len(history) < _JERK:
        return np.asarray(alone @ pose, np.float32)
    known = history[-_JERK:, :POSE_DIM]
    return np.asarray(joined @ np.concatenate([known, pose]), np.float32)


def _no_motion() -> Motion:
    return Motion(np.zeros((0, POSE_DIM), np.float32), np.zeros((0, DYNAMICS_DIM), np.float32))
