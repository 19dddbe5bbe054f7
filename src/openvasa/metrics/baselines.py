"""What our model must beat.

A still portrait, a loudness puppet, a mel regression, recorded faces by nearest neighbor, and our
model moved by the wrong audio.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from openvasa import Animator, Avatar, Motion
from openvasa.media.video import VideoWriter
from openvasa.metrics import mel_regression, neighbor
from openvasa.metrics.scripted import perform, play
from openvasa.types import (
    EXPRESSION_DIM,
    EXPRESSION_NAMES,
    POSE_DIM,
    SAMPLES_PER_FRAME,
    Array,
)

_WIDEST = 0.45  # jawOpen of the puppet where the sound is loudest
_SWAY = (3.0, 2.0, 1.5)  # degrees, spread of the puppet's yaw, pitch and roll
_SLOW = 12.0  # frames over which the sway is smoothed
_QUIET = -45.0  # dB below the loudest frame at which the puppet's lips are shut
STILL_SIZE = 512


def write_still(avatar: Avatar, sound: Array, target: Path) -> None:
    """The portrait, unmoved, as long as the sound."""
    image = avatar.crop(STILL_SIZE)
    with VideoWriter(target, (STILL_SIZE, STILL_SIZE), sound) as writer:
        for _ in range(-(-len(sound) // SAMPLES_PER_FRAME)):
            writer.write(image)


def write_scripted(
    name: str, animator: Animator, avatar: Avatar, sound: Array, target: Path
) -> None:
    """The motion of one of `SCRIPTED`, drawn by our own engine."""
    play(animator, avatar, SCRIPTED[name](animator, sound), sound).save(target)


def write_shuffled(
    animator: Animator, avatar: Avatar, sound: Array, other: Array, target: Path
) -> None:
    """Our model moved by another recording, under the sound of this one."""
    heard = np.resize(other, len(sound))  # repeated where it is the shorter one
    play(animator, avatar, perform(animator, avatar, heard), sound).save(target)


def loudness(sound: Array) -> Array:
    """Smoothed loudness of each frame, f32 [T] in [0, 1]: 1 at the loudest."""
    count = -(-len(sound) // SAMPLES_PER_FRAME)
    padded = np.zeros(count * SAMPLES_PER_FRAME)
    padded[: len(sound)] = sound
    power = (padded.reshape(count, -1) ** 2).mean(1) + 1e-10
    level = 10 * np.log10(power / power.max())
    return gaussian_filter1d(np.clip(1 - level / _QUIET, 0, 1), 1.0).astype(np.float32)


def puppet_motion(animator: Animator, sound: Array, seed: int = 0) -> Motion:
    """A face at rest, its lips closed, the jaw opened by loudness; and a random sway."""
    level = loudness(sound)
    expression = np.zeros((len(level), EXPRESSION_DIM), np.float32)
    expression[:, EXPRESSION_NAMES.index("jawOpen")] = _WIDEST * level
    pose = np.zeros((len(level), POSE_DIM), np.float32)
    noise = np.random.default_rng(seed).standard_normal((len(level) + 100, 3))
    smooth = gaussian_filter1d(noise, _SLOW, axis=0)[50:-50]
    pose[:, :3] = np.radians(_SWAY) * smooth / gaussian_filter1d(noise, _SLOW, axis=0).std(0)
    return coded(animator, pose - pose[:1], expression)


def regressed_motion(animator: Animator, sound: Array) -> Motion:
    """Pose and expression by linear regression from log-mel frames."""
    return coded(animator, *mel_regression.predict(sound))


def neighbor_motion(animator: Animator, sound: Array) -> Motion:
    """Pose and expression of recorded speakers where they sounded most alike."""
    return coded(animator, *neighbor.predict(sound))


def coded(animator: Animator, pose: Array, expression: Array) -> Motion:
    """Expression values [T, 45] as the model's own codes."""
    dynamics = animator.run("embed", {"expression": expression})["dynamics"]
    return Motion(pose, dynamics.astype(np.float32))


# Motion by rule, from sound f32 [N] at 16 kHz, as pose offsets and the model's own codes.
SCRIPTED: dict[str, Callable[[Animator, Array], Motion]] = {
    "puppet": puppet_motion, "melregression": regressed_motion, "neighbor": neighbor_motion,
}  # fmt: skip
