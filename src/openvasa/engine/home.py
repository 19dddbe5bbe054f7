"""Where head and eyes belong: what the model's motion drifts by goes, what was asked for comes.

The windows of the motion model each continue the one before, and over many of them the head drifts
(11 seconds of eight seeds: 9 degrees to one side on average, 6 % away from the camera). What moves
slower than `RETURN` is therefore taken away, and put in its place what was asked for: the distance,
a bias of the head, and for a gaze to the side the part of it that a head turns. Eyes make up for
whatever the head lost or gained. The gaze itself is where it was asked to be, and of the model's
eyes only the glances about it stay: what leaves both its own mean and its mean way of missing the
direction asked for, so that neither a model that follows too far nor one that does not follow is
taken for one that glances. A filter that looks back only; its state is a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openvasa.types import FPS, POSE_DIM, Array, Controls

Floats = NDArray[np.float64]

RETURN = 2.5  # seconds within which head and gaze come back
TURN = 0.4  # of a gaze's angle that the head turns (Stahl 1999: near 0 below 10 degrees, then more)
SWIFT = 5.0  # rad/s of the critically damped way to a new home
LAG = 2 / SWIFT  # seconds that this way trails a moving goal
REACH = np.array([1.1, 1.1, 1.1, 0.8, 0.8, 0.6])  # of the model's movement that is shown
EYES_TURN = np.radians([30.0, 22.0])  # that eyes turn in a head, yaw and pitch
GLANCES = 0.6  # of the model's glances that is kept: real speakers' gaze spreads half as far
GLANCE = np.radians(6.0)  # how far glances leave the direction asked for


@dataclass(frozen=True, kw_only=True)
class HomeState:
    """What the filter remembers.

    Attributes:
        frames: How many it has seen.
        drift: f64 [10], the mean of late of the model's head (6), its gaze (2), and by how much
            that misses what is asked for (2).
        home: f64 [8], where head and gaze belong now; None before the first frame.
        speed: f64 [8], how fast that changes, a second.
    """

    frames: int = 0
    drift: Floats = field(default_factory=lambda: np.zeros(POSE_DIM + 4))
    home: Floats | None = None
    speed: Floats = field(default_factory=lambda: np.zeros(POSE_DIM + 2))


class Place(NamedTuple):
    """Head and gaze of one frame, by what makes them up.

    Attributes:
        home: f64 [6], where the head belongs.
        movement: f64 [6], the model's movement about it.
        gaze: f64 [2], where the eyes belong, relative to the camera, radians.
        glance: f64 [2], how far the model's eyes leave it.
    """

    home: Floats
    movement: Floats
    gaze: Floats
    glance: Floats


def wanted_home(controls: Controls, *, turn: float = TURN) -> Floats:
    """The pose offset [6] and the gaze [2] that the controls ask for, f64 [8], radians.

    Args:
        controls: In force.
        turn: Of a gaze's angle, what the head turns; 0 where the head's pose is given.
    """
    home = np.zeros(POSE_DIM + 2)
    if controls.gaze is not None:
        home[POSE_DIM:] = np.radians(controls.gaze)
        home[:2] = turn * home[POSE_DIM:]
    if controls.head is not None:
        home[:3] += np.radians(controls.head)
    if controls.distance is not None:
        home[5] = -np.log(controls.distance)
    return home


def come_home(state: HomeState, pose: Array, look: Array, goal: Floats) -> tuple[HomeState, Place]:
    """One frame's head and gaze without the drift.

    Args:
        state: What is remembered; it is not changed.
        pose: f32 [6], the model's.
        look: f32 [2], the model's gaze relative to the camera, radians.
        goal: From `wanted_home`.

    Returns:
        The next state, and the place.
    """
    home, speed = state.home, state.speed
    if home is None:
        home = goal
    speed = speed + (SWIFT**2 * (goal - home) - 2 * SWIFT * speed) / FPS
    home = home + speed / FPS
    seen = np.concatenate([pose.astype(np.float64), look, look - home[POSE_DIM:]])
    # The mean of what was seen so far, then of the last seconds: a start is no drift.
    share = max(1 / (state.frames + 1), 1 - np.exp(-1 / (RETURN * FPS)))
    drift = state.drift + share * (seen - state.drift)
    away = seen - drift
    one, two = away[POSE_DIM:-2], away[-2:]
    least = np.where(one * two > 0, np.sign(one) * np.minimum(np.abs(one), np.abs(two)), 0.0)
    glance = GLANCE * np.tanh(GLANCES * least / GLANCE)
    kept = HomeState(frames=state.frames + 1, drift=drift, home=home, speed=speed)
    return kept, Place(home[:POSE_DIM], REACH * away[:POSE_DIM], home[POSE_DIM:], glance)
