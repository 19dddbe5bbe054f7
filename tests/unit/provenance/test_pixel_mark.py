"""The mark is faint, does not flicker, costs little, and is the same for the same picture."""

from __future__ import annotations

import time

import numpy as np
import pytest

from marked_pictures import picture
from openvasa.provenance.pixel_mark import PixelMark, read_image

MARK = PixelMark(0xABCDEF123456)


def _error(clean: np.ndarray, marked: np.ndarray) -> float:
    return float(((marked.astype(float) - clean) ** 2).mean())


@pytest.mark.parametrize("shape", [(128, 128), (200, 512), (512, 512), (1080, 720)])
def test_at_least_42_db_at_any_size(shape: tuple[int, int]) -> None:
    image = picture(*shape)
    marked = MARK.embed(image)
    assert marked.shape == image.shape and marked.dtype == np.uint8
    assert 0.3 < _error(image, marked) < 255**2 / 10**4.2


def test_noise_and_extremes_keep_to_42_db_too() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (256, 256, 3), dtype=np.uint8)
    for image in (noise, np.zeros_like(noise), np.full_like(noise, 255)):
        assert _error(image, MARK.embed(image)) < 255**2 / 10**4.2


def test_stateless_and_nothing_is_changed_in_place() -> None:
    image = picture(256, 256)
    before = image.copy()
    first = MARK.embed(image)
    MARK.embed(picture(128, 300))
    assert np.array_equal(MARK.embed(image), first)
    assert np.array_equal(PixelMark(MARK.payload).embed(image), first)
    assert np.array_equal(image, before) and image is not first
    assert np.array_equal(MARK.embed(np.asfortranarray(image)), first)


def test_no_flicker_where_nothing_moves() -> None:
    first, second = picture(256, 256, 0), picture(256, 256, 1)
    still = (first == second).all(-1)
    still[48:200] = False  # the strength near what moves may change
    change = [MARK.embed(image).astype(int) - image for image in (first, second)]
    assert still.any() and np.abs(change[0] - change[1])[still].max() <= 1


def test_faint_where_smooth_and_stronger_in_texture() -> None:
    image = picture(512, 512)
    change = MARK.embed(image).astype(float) - image
    rough, smooth = change[20:120].std(), change[420:500].std()
    assert smooth < 1.2 and rough > 1.8 * smooth
    # Each color by its share of luma, which changes luma most for the energy.
    red, green, blue = change[20:120].reshape(-1, 3).std(0)
    assert red / green == pytest.approx(0.299 / 0.587, abs=0.05)
    assert blue / green == pytest.approx(0.114 / 0.587, abs=0.05)


def test_ids_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="48 bits"):
        PixelMark(2**48)


@pytest.mark.parametrize("shape", [(360, 200), (200, 360), (720, 640)])
def test_upright_and_wide_frames_are_read(shape: tuple[int, int]) -> None:
    assert read_image(MARK.embed(picture(*shape))).payload == MARK.payload


def test_fast_enough_for_a_live_stream() -> None:
    image = picture(512, 512)
    MARK.embed(image)
    spent = []
    for _ in range(5):
        start = time.thread_time()
        MARK.embed(image)
        spent.append(time.thread_time() - start)
    assert min(spent) < 0.008
