"""Where the head belongs: a performance starts from the portrait's own pose and comes back to it.

The windows of the motion model each continue the one before, and over many of them the head drifts
(11 seconds of eight seeds: 9 degrees to one side on average, 6 % away from the camera). What moves
slower than `RETURN` is therefore taken away, and put in its place what was asked for: the distance,
and for a gaze to the side the part of it that a head turns. Eyes make up for what the head lost, so
that the gaze stays where the model meant it. A filter that looks back only; its state is a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from openvasa.types import FPS, POSE_DIM, Array, Controls, Motion

Floats = NDArray[np.float64]

RETURN = 2.5  # seconds within which a head comes back
TURN = 0.4  # of a gaze's angle that the head turns (Stahl 1999: near 0 below 10 degrees, then more)
SWIFT = 5.0  # rad/s of the critically damped way to a new home
REACH = np.array([0.8, 0.8, 0.8, 0.6, 0.6, 0.5], np.float32)  # of the model's movement that is kept
EYES_TURN = 0.45  # radians that eyes turn in a head


@dataclass(frozen=True, kw_only=True)
class HomeState:
    """What the filter remembers.

    Attributes:
        drift: f64 [6], where the model's head has wandered; None before the first frame.
        home: f64 [6], where the head belongs now.
        speed: f64 [6], how fast that changes, a second.
    """

    drift: Floats | None = None
    home: Floats = field(default_factory=lambda: np.zeros(POSE_DIM))
    speed: Floats = field(default_factory=lambda: np.zeros(POSE_DIM))


def wanted_home(controls: Controls) -> Array:
    """The pose offset f32 [6] that the controls ask for."""
    home = np.zeros(POSE_DIM, np.float32)
    if controls.gaze is not None:
        home[:2] = TURN * np.radians(controls.gaze)
    if controls.distance is not None:
        home[5] = -np.log(controls.distance)
    return home


def come_home(
    state: HomeState, motion: Motion, controls: Controls, eyes: Array, turned: float = 0.0
) -> tuple[HomeState, Motion]:
    """Takes the drift out of new frames.

    Args:
        state: What is remembered; it is not changed.
        motion: The next T frames of the motion model.
        controls: In force for them.
        eyes: f32 [2, 48], what one radian of gaze (yaw, pitch) in the head adds to z_dyn.
        turned: The portrait's own yaw, radians: its eyes look back to the camera.

    Returns:
        The next state, and the frames.
    """
    if not len(motion):
        return state, motion
    goal = wanted_home(controls).astype(np.float64)
    drift, home, speed = state.drift, state.home, state.speed
    if drift is None:
        drift, home = motion.pose[0].astype(np.float64), goal
    share = 1 - np.exp(-1 / (RETURN * FPS))
    poses = np.empty_like(motion.pose)
    for t, pose in enumerate(motion.pose):
        drift = drift + share * (pose - drift)
        speed = speed + (SWIFT**2 * (goal - home) - 2 * SWIFT * speed) / FPS
        home = home + speed / FPS
        poses[t] = home + REACH * (pose - drift)
    back = (motion.pose - poses)[:, :2] - np.array([turned, 0.0], np.float32)
    back = np.clip(back, -EYES_TURN, EYES_TURN)
    # Not a matrix product: its rounding would depend on how many frames come at a time.
    dynamics = motion.dynamics + (back[:, :1] * eyes[0] + back[:, 1:] * eyes[1])
    kept = HomeState(drift=drift, home=home, speed=speed)
    return kept, Motion(poses, dynamics.astype(np.float32))
