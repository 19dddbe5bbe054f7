"""Mattes and filled backgrounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.data.head_matte import Matting, fill, refine, split
from openvasa.types import InputError

SIZE = 64


def disc() -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    return (np.hypot(x, y) < SIZE / 4).astype(np.float32)


def picture() -> np.ndarray:
    """A red disc on a blue ground."""
    mask = disc()[..., None]
    return (mask * [200, 30, 30] + (1 - mask) * [20, 40, 180]).astype(np.uint8)


def test_without_a_network_all_is_the_person() -> None:
    assert (Matting()(picture()) == 1).all()
    person, background = split(picture(), np.ones((SIZE, SIZE), np.float32))
    np.testing.assert_array_equal(person, picture())
    np.testing.assert_array_equal(background, picture())


def test_a_file_that_is_no_network_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"nothing")
    with pytest.raises(InputError, match="segmentation"):
        Matting(tmp_path / "model.tflite")


def test_the_filled_background_holds_nothing_of_the_person() -> None:
    person, background = split(picture(), disc())
    assert np.abs(background.astype(int) - [20, 40, 180]).max() <= 2
    assert np.abs(person.astype(int) - [200, 30, 30]).max() <= 2


def test_known_pixels_stay() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8)
    filled = fill(photo, 1 - disc())
    np.testing.assert_array_equal(filled[disc() == 0], photo[disc() == 0])
    np.testing.assert_array_equal(fill(photo, np.zeros((SIZE, SIZE), np.float32)), photo)


def test_a_blurred_score_follows_the_edge() -> None:
    blurred = refine(np.full((SIZE, SIZE, 3), 90, np.uint8), disc(), 4)  # nothing to follow
    sharp = refine(picture(), disc(), 4)
    assert np.abs(sharp - disc()).mean() < 0.3 * np.abs(blurred - disc()).mean()
