"""Do the controls steer the right way? Opposite wishes, and what the mesh then sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from openvasa import Animator, Avatar
from openvasa.metrics.face_sequence import FaceSequence, Floats, follow
from openvasa.metrics.scripted import perform, pictures
from openvasa.types import Array, Controls

EVERY = 6  # of a performance, each so many frames one is looked at
Measure = Callable[[FaceSequence], Floats]

# (corner on the image's left, corner on its right, iris) of both eyes of the mesh.
_EYES = ((33, 133, 468), (362, 263, 473))


@dataclass(frozen=True)
class Steering:
    """A quantity under two opposite wishes; the first wish asks for more of it.

    Attributes:
        what: The wishes and the quantity.
        first: Its mean under the first wish.
        second: Its mean under the second.
        right: Portraits for which the first is larger.
        portraits: All portraits.
    """

    what: str
    first: float
    second: float
    right: int
    portraits: int


def sideways(track: FaceSequence) -> Floats:
    """How far the irises are right of the middle of their eyes (of the image), % of its width."""
    return 100 * np.asarray(np.mean([_iris(track, *eye) for eye in _EYES], axis=0))[:, 0]


def upward(track: FaceSequence) -> Floats:
    """How far the irises are above the line of the corners of their eyes, % of its width."""
    return -100 * np.asarray(np.mean([_iris(track, *eye) for eye in _EYES], axis=0))[:, 1]


def smile(track: FaceSequence) -> Floats:
    """How high the mouth corners are above the lips' middle, 1/1000 of the face's height."""
    y = track.points[:, :, 1]
    return 1000 * ((y[:, 13] + y[:, 14]) / 2 - (y[:, 61] + y[:, 291]) / 2) / track.height


_WISHES: tuple[tuple[str, Controls, Controls, dict[str, Measure]], ...] = (
    ("gaze 20 against -20 degrees sideways", Controls(gaze=(20.0, 0.0)),
     Controls(gaze=(-20.0, 0.0)),
     {"head's yaw, degrees": lambda t: t.angles[:, 0], "irises, % of the eye": sideways}),
    ("gaze 15 against -15 degrees up", Controls(gaze=(0.0, 15.0)), Controls(gaze=(0.0, -15.0)),
     {"head's pitch, degrees": lambda t: t.angles[:, 1], "irises, % of the eye": upward}),
    ("distance 0.8 against 1.25", Controls(distance=0.8), Controls(distance=1.25),
     {"face's height, pixels": lambda t: t.height}),
    ("happy against sad", Controls(emotion=("happy", 1.0)), Controls(emotion=("sad", 1.0)),
     {"lift of the mouth corners, 1/1000 of the face": smile}),
)  # fmt: skip


def steer(animator: Animator, avatars: Sequence[Avatar], sounds: Sequence[Array]) -> list[Steering]:
    """Every wish and its opposite, on each avatar.

    Args:
        animator: The model.
        avatars: The portraits.
        sounds: What each says.
    """
    rows = []
    for wish, first, second, measures in _WISHES:
        tracks = [
            [_track(animator, avatar, sound, controls) for controls in (first, second)]
            for avatar, sound in zip(avatars, sounds, strict=True)
        ]
        seen = [pair for pair in tracks if pair[0] is not None and pair[1] is not None]
        for what, measure in measures.items():
            pairs = [[float(measure(track).mean()) for track in pair if track] for pair in seen]
            mean = np.mean(pairs, axis=0) if pairs else (np.nan, np.nan)
            right = sum(a > b for a, b in pairs)
            name = f"{wish}: {what}"
            rows.append(Steering(name, float(mean[0]), float(mean[1]), right, len(pairs)))
    return rows


def _track(
    animator: Animator, avatar: Avatar, sound: Array, controls: Controls
) -> FaceSequence | None:
    motion = perform(animator, avatar, sound, controls=controls)
    return follow(pictures(animator, avatar, motion[EVERY::EVERY]))


def _iris(track: FaceSequence, left: int, right: int, iris: int) -> Floats:
    """Where an iris is, from the middle between the corners, in widths of the eye, [T, 2]."""
    a, b = track.points[:, left, :2], track.points[:, right, :2]
    width = np.linalg.norm(b - a, axis=1, keepdims=True)
    along = (b - a) / width
    across = along[:, ::-1] * np.array([-1, 1])  # a quarter turn: down where along is right
    off = (track.points[:, iris, :2] - (a + b) / 2) / width
    return np.stack([(off * along).sum(1), (off * across).sum(1)], 1)
