"""Makes the past that a motion model trains on as imperfect as the one it meets in use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from openvasa.data.motion_clips import MotionBatch
from openvasa.types import MOTION_DIM, POSE_DIM

RETURN_FRAMES = 25  # a head that is off its place comes back within this time


def send_astray(batch: MotionBatch, rng: np.random.Generator, rate: float) -> MotionBatch:
    """Moves some heads off their place in the past; they come back within a second.

    A model that only ever saw heads where they belong lets them wander off over a long
    recording, and holds the distance of its own past whatever distance is asked. This shows it
    the way back. Only windows with a known past are touched.

    Args:
        batch: Normalized windows.
        rng: The step's generator.
        rate: Share of the windows.

    Returns:
        The batch with other poses in `previous_motion` and `target`.
    """
    count, prefix = batch.previous_motion.shape[:2]
    chosen = (rng.random(count) < rate) & (batch.keep[:, 0] > 0)
    # Large enough to reach where no real head is; the user moves the distance on purpose.
    size = np.asarray([1.0, 1.0, 1.0, 1.0, 1.0, 1.5], np.float32)
    delta = rng.standard_normal((count, POSE_DIM), dtype=np.float32) * size * chosen[:, None]
    begun = rng.uniform(-RETURN_FRAMES, 0, size=(count,))
    frames = np.arange(-prefix, batch.target.shape[1])
    done = np.clip((frames[None] - begun[:, None]) / RETURN_FRAMES, 0.0, 1.0)
    fade = 0.5 * (1.0 + np.cos(np.pi * done))  # 1 before, 0 when back
    offset = np.zeros((count, len(frames), MOTION_DIM), np.float32)
    offset[..., :POSE_DIM] = fade[..., None] * delta[:, None]
    return replace(
        batch,
        previous_motion=batch.previous_motion + offset[:, :prefix],
        target=batch.target + offset[:, prefix:],
    )


def roughen_past(batch: MotionBatch, rng: np.random.Generator, sigma: float) -> MotionBatch:
    """Adds noise to the dynamics of the past: in use the past is the model's own, not real.

    Half of it is constant over the prefix, as a model's errors are. The pose stays clean: the
    network continues it from its last frame, and noise there would teach a jump.
    """
    shape = batch.previous_motion.shape
    rough = rng.standard_normal(shape, dtype=np.float32)
    held = rng.standard_normal((shape[0], 1, shape[2]), dtype=np.float32)
    noise = np.float32(sigma * np.sqrt(0.5)) * (rough + held)
    noise[..., :POSE_DIM] = 0.0
    return replace(batch, previous_motion=batch.previous_motion + noise)
