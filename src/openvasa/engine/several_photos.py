"""Several photos of one person -> one avatar: the best photo carries it, all say who it is.

The pixels, the volume and the points are those of one photo, for two photos never agree to the
pixel; z_id is the mean of all, so that what one photo says wrongly about the person counts less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from openvasa.engine.anchor import NUMBER, Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.types import InputError

MOST = 12  # photos
# What a carrier should not show, and how much a full measure of it weighs beside 57 degrees of
# turning: shut lids hide the eyes, parted lips and a pulled mouth are hard to close again.
_FLAWS = {
    "eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0, "jawOpen": 1.0, "mouthSmileLeft": 0.3,
    "mouthSmileRight": 0.3, "mouthPucker": 0.3,
}  # fmt: skip
_FINE = 512  # pixels, side of a crop from which more do not count


def prepare_several(
    animator: Animator, photos: Sequence[str | Path], *, face: int | None = None
) -> Avatar:
    """An avatar from one or several photos of one person.

    Args:
        animator: The model.
        photos: Files.
        face: Which face of the first photo, counted from 1, the largest first; None is the
            largest. Of further photos the face most like it by z_id is not looked for: they should
            show one person.

    Raises:
        InputError: A photo cannot be used, or there are too many.
    """
    if len(photos) > MOST:
        raise InputError(f"give at most {MOST} photos of the person, not {len(photos)}.")
    avatars = [animator.prepare(photos[0], face=face)]
    if len(photos) == 1:
        return avatars[0]
    avatars += [animator.prepare(photo) for photo in photos[1:]]
    return combine(avatars, Anchor(animator.run))


def combine(avatars: Sequence[Avatar], anchor: Anchor) -> Avatar:
    """The avatar that shows its person best, with the mean z_id of all; see the module."""
    mean = np.mean([avatar.identity for avatar in avatars], axis=0)
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    carrier = min(avatars, key=lambda avatar: flaws(avatar, anchor))
    return replace(carrier, identity=(mean / np.maximum(length, 1e-6)).astype(np.float32))


def flaws(avatar: Avatar, anchor: Anchor) -> float:
    """How ill a photo serves as the carrier, >= 0: turned, eyes shut, mouth open, small."""
    expression = anchor.read(avatar.dynamics)[0]
    turned = float(np.abs(avatar.pose[0, :2]).sum())
    shown = sum(
        weight * max(float(expression[NUMBER[name]]), 0.0) for name, weight in _FLAWS.items()
    )
    small = max(0.0, float(np.log2(_FINE / avatar.box.side)))
    return turned + shown + 0.3 * small
