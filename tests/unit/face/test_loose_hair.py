"""Strands of hair that the matte leaves out."""

from __future__ import annotations

import numpy as np

from openvasa.face.loose_hair import loose_hair
from openvasa.face.matte import outlined, split, unmixed

SIDE = 256
HAIR, WALL = (40, 30, 25), (205, 210, 200)


def matte() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    return (np.hypot(x, y) < 60).astype(np.float32)


def portrait(noise: float) -> np.ndarray:
    """A dark head before a light wall that gets darker toward one side."""
    wall = np.array(WALL) - np.linspace(0, 25, SIDE)[None, :, None]
    wall = wall + np.random.default_rng(0).normal(0, noise, (SIDE, SIDE, 1))
    return np.where(matte()[..., None] > 0, HAIR, wall).clip(0, 255).astype(np.uint8)


def with_strand(noise: float = 0.5) -> np.ndarray:
    """A strand leaves the head to the right; a nail in the wall is far from it."""
    photo = portrait(noise)
    photo[120:123, 180:206] = HAIR
    photo[20:23, 20:23] = HAIR
    return photo


def test_a_strand_is_found_and_a_nail_and_the_wall_are_not() -> None:
    hair, plain = loose_hair(with_strand(), matte())
    assert hair[121, 194:204].all()
    assert not hair[:100].any() and not hair[140:].any()
    assert plain[100:140].min() == 1


def test_nothing_is_hair_before_a_busy_background() -> None:
    hair, plain = loose_hair(with_strand(noise=12), matte())
    assert not hair.any() and plain.max() == 0


def test_wide_things_and_things_of_another_color_are_not_hair() -> None:
    photo = portrait(0.5)
    photo[60:190, 196:] = HAIR  # a door
    photo[40:60, 120:123] = 255, 255, 255  # a bright line
    assert not loose_hair(photo, matte()).hair.any()


def test_without_a_background_there_is_no_loose_hair() -> None:
    hair, plain = loose_hair(with_strand(), np.ones((SIDE, SIDE), np.float32))
    assert not hair.any() and not plain.any()


def test_a_large_picture_is_judged_like_a_small_one() -> None:
    small = loose_hair(with_strand(), matte())
    large = loose_hair(np.kron(with_strand(), np.ones((4, 4, 1), np.uint8)),
                       np.kron(matte(), np.ones((4, 4), np.float32)))  # fmt: skip
    assert large.hair.shape == large.plain.shape == (4 * SIDE, 4 * SIDE)
    assert large.hair[486, 790:810].all() and small.hair[121, 198:202].all()


def test_the_strand_leaves_the_background_and_moves_with_the_person() -> None:
    photo, share = with_strand(), matte()
    hair, plain = loose_hair(photo, share)
    person, background = split(photo, share, hair)
    assert background[118:126, 165:210].min() > 160  # the wall alone
    assert (background[20:23, 20:23] == HAIR).all()
    share = outlined(photo, share, background, plain)
    assert share[121, 166:204].min() > 0.7
    person = unmixed(photo, share, person, background)
    laid = share[..., None] * person + (1 - share[..., None]) * background
    assert np.abs(laid - photo)[115:128, 165:210].max() <= 1
