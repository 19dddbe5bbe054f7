"""Several photos: the best one carries the avatar, and all say who it is."""

from dataclasses import replace

import numpy as np
import pytest

from openvasa.engine.anchor import Anchor
from openvasa.engine.several_photos import combine, flaws, prepare_several
from openvasa.types import InputError


def test_the_straight_photo_with_open_eyes_is_taken(animator, avatar) -> None:
    anchor = Anchor(animator.run)
    turned = replace(avatar, pose=avatar.pose + np.float32([[0.4, 0, 0, 0, 0, 0]]))
    shut = replace(avatar, dynamics=anchor.put(avatar.dynamics, {"eyeBlinkLeft": 0.9}))
    straight = replace(avatar, pose=np.zeros_like(avatar.pose), faces=7)
    assert combine([turned, straight], anchor).faces == 7
    assert flaws(shut, anchor) > flaws(avatar, anchor)


def test_the_identity_is_the_mean_of_all_and_of_unit_length(animator, avatar) -> None:
    other = replace(avatar, identity=np.roll(avatar.identity, 1))
    both = combine([avatar, other], Anchor(animator.run)).identity
    assert np.linalg.norm(both) == pytest.approx(1.0, abs=1e-5)
    assert float((both * avatar.identity).sum()) == pytest.approx(
        float((both * other.identity).sum()), abs=1e-5
    )


def test_one_photo_is_itself(animator, avatar) -> None:
    alone = combine([avatar], Anchor(animator.run))
    assert np.array_equal(alone.photo, avatar.photo)
    assert np.allclose(alone.identity, avatar.identity, atol=1e-6)


def test_too_many_photos_are_refused(animator) -> None:
    with pytest.raises(InputError, match="at most"):
        prepare_several(animator, ["a.jpg"] * 13)
