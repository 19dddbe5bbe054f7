"""From noise to motion in a few steps; pure functions over `denoise(x, t) -> x0`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from openvasa.motion.schedule import Schedule, step_times
from openvasa.types import POSE_DIM, Array

# Steps are larger near the end: more of them go where it is decided whether lids shut. Evenly
# spaced ones let a third fewer blinks shut wholly (LOG.md).
SHIFT = 2.0

Denoise = Callable[[Array, float], Array]  # frames x_t [T, C], t in (0, 1] -> x0 [T, C]


def sample(denoise: Denoise, eps: Array, schedule: Schedule, steps: int) -> Array:
    """Deterministic DDIM (Song et al. 2021, Eq. 12 with sigma = 0), for poses of second order.

    On the rectified schedule a step is exactly an Euler step of the flow
    dx/dt = eps - x0 = (x - x0) / t. Few of them make heads move less. So a step takes the pose's
    motion and noise not as they are found at its start but as they will be at its middle, told
    from the step before (Adams and Bashforth; for diffusion Zhang and Chen 2023). Lips told
    ahead so shut less often, and keep to plain steps.

    Args:
        denoise: Predicts x0; guidance and conditions are inside it.
        eps: Start noise, f32 [T, C].
        schedule: The schedule that the network was trained with.
        steps: Denoising steps, >= 1.

    Returns:
        The sample, f32 [T, C]: the last prediction of x0.
    """
    times = step_times(steps, SHIFT)
    x, before, length_before = eps, None, 1.0  # at t = 1 both schedules hold nothing but noise
    for now, after in zip(times[:-1], times[1:], strict=True):
        x0 = denoise(x, float(now))
        if after <= 0.0:
            return x0
        found = np.stack([x0, (x - schedule.signal(now) * x0) / schedule.noise(now)])
        length = now - after
        middle = found.copy()
        if before is not None:
            change = (found - before)[..., :POSE_DIM]
            middle[..., :POSE_DIM] += change * length / length_before / 2
        x = x + (schedule.signal(after) - schedule.signal(now)) * middle[0]
        x = x + (schedule.noise(after) - schedule.noise(now)) * middle[1]
        before, length_before = found, length
    return x
