"""Mattes and filled backgrounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from openvasa.face.align import cut
from openvasa.face.find import find_face
from openvasa.face.matte import FAINT, fill, matte_of, outlined, refine, resize, split, unmixed
from openvasa.media.image import load_photo

SIZE = 64
PORTRAIT = Path(__file__).parents[3] / "examples" / "portrait.jpg"


def disc() -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    return (np.hypot(x, y) < SIZE / 4).astype(np.float32)


def picture() -> np.ndarray:
    """A red disc on a blue ground."""
    mask = disc()[..., None]
    return (mask * [200, 30, 30] + (1 - mask) * [20, 40, 180]).astype(np.uint8)


def test_a_portrait_is_told_from_its_background() -> None:
    face = find_face(load_photo(PORTRAIT))
    matte = matte_of(cut(face.photo, face.box, 256))
    assert matte[110:146, 110:146].min() > 0.95  # the middle of the face
    assert matte[:20, :20].max() < 0.05 and matte[:20, -20:].max() < 0.05


def test_all_of_a_person_leaves_both_layers_as_the_photo() -> None:
    person, background = split(picture(), np.ones((SIZE, SIZE), np.float32))
    np.testing.assert_array_equal(person, picture())
    np.testing.assert_array_equal(background, picture())


def test_the_filled_background_holds_nothing_of_the_person() -> None:
    person, background = split(picture(), disc())
    assert np.abs(background.astype(int) - [20, 40, 180]).max() <= 5
    assert np.abs(person.astype(int) - [200, 30, 30]).max() <= 5


def test_known_pixels_stay() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8)
    filled = fill(photo, 1 - disc())
    np.testing.assert_array_equal(filled[disc() == 0], photo[disc() == 0])
    np.testing.assert_array_equal(fill(photo, np.zeros((SIZE, SIZE), np.float32)), photo)


def test_a_blurred_score_follows_the_edge() -> None:
    blurred = refine(np.full((SIZE, SIZE, 3), 90, np.uint8), disc(), 4)  # nothing to follow
    sharp = refine(picture(), disc(), 4)
    assert np.abs(sharp - disc()).mean() < 0.3 * np.abs(blurred - disc()).mean()


def test_resizing_is_linear_and_shrinking_averages() -> None:
    ramp = np.tile(np.arange(8, dtype=np.float32), (8, 1))
    np.testing.assert_allclose(resize(ramp, 4, 4, shrink=True)[0], [0.5, 2.5, 4.5, 6.5])
    np.testing.assert_allclose(
        resize(ramp[..., None], 16, 16)[0, 1:-1, 0], np.arange(14) / 2 + 0.25
    )


def test_behind_a_person_the_background_keeps_its_grain() -> None:
    grain = np.random.default_rng(0).integers(0, 256, (128, 128, 3)).astype(np.uint8)
    y, x = np.mgrid[:128, :128] - 64
    matte = (np.hypot(x, y) < 30).astype(np.float32)
    _, background = split(grain, matte)
    ring = (np.hypot(x, y) > 24) & (np.hypot(x, y) < 28)
    assert background[ring].std() > 0.6 * grain.std()
    assert (background[np.hypot(x, y) > 40] == grain[np.hypot(x, y) > 40]).all()


def test_the_layers_give_the_photo_back_where_there_is_enough_of_the_person() -> None:
    rng = np.random.default_rng(3)
    crop = rng.integers(60, 190, (64, 64, 3)).astype(np.uint8)
    matte = np.clip(np.linspace(-0.3, 1.3, 64, dtype=np.float32), 0, 1)[None].repeat(64, 0)
    person, background = split(crop, matte)
    exact = unmixed(crop, matte, person, background)
    share = matte[..., None]
    laid = share * exact + (1 - share) * background
    inside = matte > 0.6
    assert np.abs(laid - crop)[inside].max() <= 1
    assert np.array_equal(exact[matte < FAINT], person[matte < FAINT])
    before = share * person + (1 - share) * background
    rim = (matte >= FAINT) & (matte < 1)
    assert np.abs(laid - crop)[rim].mean() < 0.5 * np.abs(before - crop)[rim].mean()


def test_faint_traces_beside_the_matte_are_the_person_s_and_other_things_are_not() -> None:
    background = np.full((8, 8, 3), 128, np.uint8)
    crop, matte = background.copy(), np.zeros((8, 8), np.float32)
    matte[:, 6:] = 1
    crop[2, 2], crop[4, 4] = 120, 20  # loose hair, and a lamp behind the person
    share = outlined(crop, matte, background)
    assert share[2, 2] == np.float32(FAINT) and share[4, 4] == 0
    assert np.array_equal(share[:, 6:], matte[:, 6:]) and np.count_nonzero(share[:, :6]) == 1
    exact = unmixed(crop, share, crop, background)
    laid = FAINT * exact[2, 2] + (1 - FAINT) * background[2, 2]
    assert np.abs(laid - crop[2, 2]).max() <= 0.5
