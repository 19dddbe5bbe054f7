"""Pasting: the inverse of cutting, without a seam."""

import numpy as np
import pytest

from openvasa.face.align import cut
from openvasa.face.paste import Paster, paste
from openvasa.types import CropBox


def photo(height=240, width=320, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def smooth(height=240, width=320):
    y, x = np.mgrid[:height, :width]
    waves = [127 + 90 * np.sin(x / 23 + k) * np.cos(y / 31 - k) for k in range(3)]
    return np.stack(waves, -1).astype(np.uint8)


@pytest.mark.parametrize("center", [(160, 120), (20, 30), (310, 239), (0, 0)])
def test_unchanged_crop_at_native_size_gives_the_photo(center):
    image, box = photo(), CropBox(*center, 128)
    assert np.array_equal(paste(image, box, cut(image, box, 128)), image)


@pytest.mark.parametrize("side", [100.3, 128.0, 191.7, 500.0])
def test_unchanged_crop_at_any_size_gives_almost_the_photo(side):
    image, box = smooth(), CropBox(150.4, 118.7, side)
    error = np.abs(paste(image, box, cut(image, box, 256)).astype(int) - image)
    assert error.max() <= 2


def test_no_seam_where_the_square_ends():
    """A crop of another brightness fades in: neighbors never differ by a visible step."""
    image = np.full((240, 320, 3), 100, np.uint8)
    out = paste(image, CropBox(160, 120, 160), np.full((256, 256, 3), 140, np.uint8))
    assert out[120, 160, 0] == 140
    assert abs(int(out[120, 80, 0]) - 100) <= 1
    assert max(np.abs(np.diff(out[..., 0].astype(int), axis=axis)).max() for axis in (0, 1)) <= 8


def test_only_the_square_is_touched():
    image = photo()
    out = paste(image, CropBox(160, 120, 100), 255 - cut(image, CropBox(160, 120, 100), 100))
    changed = np.argwhere((out != image).any(-1))
    assert changed.min(0).tolist() >= [70, 110]
    assert changed.max(0).tolist() <= [169, 209]
    assert np.array_equal(out[80:160, 120:200], 255 - image[80:160, 120:200])


def test_a_square_around_the_whole_photo():
    image = smooth(100, 100)
    out = paste(image, CropBox(50, 50, 300), cut(image, CropBox(50, 50, 300), 300))
    assert np.array_equal(out, image)


def test_a_square_beside_the_photo_changes_nothing():
    image = photo(64, 64)
    assert np.array_equal(paste(image, CropBox(-500, 10, 60), photo(60, 60)), image)


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [(2160, 3840, (1920, 1080)), (3001, 1999, (1278, 1920)), (101, 77, (76, 100))],
)
def test_size_is_even_and_capped(height, width, size):
    image = np.full((height, width, 3), 9, np.uint8)
    paster = Paster(image, CropBox(width / 2, height / 2, height / 2), 64)
    assert paster.size == size
    assert paster(np.full((64, 64, 3), 9, np.uint8)).shape == (size[1], size[0], 3)


def test_the_scaled_photo_meets_the_scaled_square():
    image = smooth(1200, 2400)
    box = CropBox(1000, 700, 800)
    paster = Paster(image, box, 512)
    alone = paster(np.asarray(cut(image, box, 512)))
    plain = Paster(image, CropBox(-9999, 0, 10), 512)(np.zeros((512, 512, 3), np.uint8))
    assert np.abs(alone.astype(int) - plain).max() <= 3


def test_frames_do_not_share_memory():
    paster = Paster(photo(), CropBox(160, 120, 100), 64)
    first = paster(photo(64, 64))
    copy = first.copy()
    paster(photo(64, 64, seed=3))
    assert np.array_equal(first, copy)


def test_wrong_crop_size_is_named():
    with pytest.raises(ValueError, match="64 pixels"):
        Paster(photo(), CropBox(160, 120, 100), 64)(photo(32, 32))
