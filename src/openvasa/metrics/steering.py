"""Do the controls steer the right way? Opposite wishes, and what the landmarker then sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from openvasa import Animator, Avatar
from openvasa.metrics.scripted import perform, pictures
from openvasa.metrics.track import FaceTrack, Floats
from openvasa.types import Array, Controls, Image

EVERY = 6  # of a performance, each so many frames one is looked at

# (corner on the image's left, corner on its right, iris) of both eyes of the mesh.
_EYES = ((33, 133, 468), (362, 263, 473))
_LIDS = ((159, 145), (386, 374))  # upper, lower


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


def sideways(track: FaceTrack) -> Floats:
    """Where the irises stand between the corners of their eyes, 0 to 1 from image left to right."""
    places = [
        (_x(track, iris) - _x(track, left)) / (_x(track, right) - _x(track, left))
        for left, right, iris in _EYES
    ]
    return np.asarray(np.mean(places, axis=0))


def toward(track: FaceTrack) -> Floats:
    """Where the person looks sideways in degrees: head and eyes together, roughly."""
    return track.angles[:, 0] + 60 * (sideways(track) - 0.5)


def upward(track: FaceTrack) -> Floats:
    """The same up and down: the head's pitch, and how open the upper lids are."""
    lids = [(_y(track, below) - _y(track, above)) / track.height for above, below in _LIDS]
    return track.angles[:, 1] + 100 * np.asarray(np.mean(lids, axis=0))


def size(track: FaceTrack) -> Floats:
    """Height of the face in pixels."""
    return track.height


def smile(track: FaceTrack) -> Floats:
    """How high the mouth corners are above the lips' middle, relative to the face's height."""
    middle = (_y(track, 13) + _y(track, 14)) / 2
    return (middle - (_y(track, 61) + _y(track, 291)) / 2) / track.height


_WISHES: tuple[tuple[str, Controls, Controls, Callable[[FaceTrack], Floats]], ...] = (
    ("gaze 20 against -20 degrees: where head and eyes point, degrees",
     Controls(gaze=(20.0, 0.0)), Controls(gaze=(-20.0, 0.0)), toward),
    ("gaze 15 against -15 degrees up: pitch and lids, about degrees",
     Controls(gaze=(0.0, 15.0)), Controls(gaze=(0.0, -15.0)), upward),
    ("distance 0.8 against 1.25: height of the face, pixels",
     Controls(distance=0.8), Controls(distance=1.25), size),
    ("happy against sad: lift of the mouth corners, 1/1000 of the face",
     Controls(emotion=("happy", 1.0)), Controls(emotion=("sad", 1.0)),
     lambda track: 1000 * smile(track)),
)  # fmt: skip


def steer(
    animator: Animator, avatars: Sequence[Avatar], sounds: Sequence[Array],
    look: Callable[[list[Image]], FaceTrack | None],
) -> list[Steering]:  # fmt: skip
    """Every wish and its opposite, on each avatar.

    Args:
        animator: The model.
        avatars: The portraits.
        sounds: What each says.
        look: Pictures to a track; None where it sees no face.
    """
    rows = []
    for what, first, second, measure in _WISHES:
        pairs = []
        for avatar, sound in zip(avatars, sounds, strict=True):
            values = []
            for controls in (first, second):
                motion = perform(animator, avatar, sound, controls=controls)
                track = look(pictures(animator, avatar, motion[EVERY::EVERY]))
                values.append(float("nan") if track is None else float(measure(track).mean()))
            pairs.append(values)
        mean = np.nanmean(pairs, axis=0)
        right = sum(a > b for a, b in pairs)
        rows.append(Steering(what, float(mean[0]), float(mean[1]), right, len(pairs)))
    return rows


def _x(track: FaceTrack, point: int) -> Floats:
    return track.points[:, point, 0]


def _y(track: FaceTrack, point: int) -> Floats:
    return track.points[:, point, 1]
