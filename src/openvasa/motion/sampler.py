"""From noise to motion in a few steps; pure functions over `denoise(x, t) -> x0`."""

from __future__ import annotations

from collections.abc import Callable

from openvasa.motion.schedule import Schedule, step_times
from openvasa.types import Array

# Steps are larger near the end. Of six steps, more go where it is decided whether lids shut: evenly
# spaced ones let a third fewer blinks shut wholly (LOG.md).
SHIFT = 2.0

Denoise = Callable[[Array, float], Array]  # frames x_t [T, C], t in (0, 1] -> x0 [T, C]


def sample(denoise: Denoise, eps: Array, schedule: Schedule, steps: int) -> Array:
    """Deterministic DDIM (Song et al. 2021, Eq. 12 with sigma = 0).

    On the rectified schedule a step is exactly an Euler step of the flow
    dx/dt = eps - x0 = (x - x0) / t.

    Args:
        denoise: Predicts x0; guidance and conditions are inside it.
        eps: Start noise, f32 [T, C].
        schedule: The schedule that the network was trained with.
        steps: Denoising steps, >= 1.

    Returns:
        The sample, f32 [T, C]; after the last step it is the last prediction of x0.
    """
    times = step_times(steps, SHIFT)
    x = eps  # at t = 1 both schedules hold nothing but noise
    for now, after in zip(times[:-1], times[1:], strict=True):
        x0 = denoise(x, float(now))
        if after <= 0.0:
            return x0
        direction = (x - schedule.signal(now) * x0) / schedule.noise(now)
        x = schedule.signal(after) * x0 + schedule.noise(after) * direction
    return x
