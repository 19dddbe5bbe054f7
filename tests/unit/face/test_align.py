"""The crop rule, the cut and the two coordinate maps."""

import numpy as np
import pytest

from openvasa.face.align import crop_box, cut, soften_beyond, to_crop_units, to_pixels
from openvasa.types import CropBox


def mesh(top, bottom, left, right):
    points = np.full((468, 3), 50.0, np.float32)
    for index, point in zip((10, 152, 234, 454), (top, bottom, left, right), strict=True):
        points[index, :2] = point
    return points


def photo(height=60, width=90, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_crop_box_follows_the_face_height():
    box = crop_box(mesh((100, 50), (110, 150), (60, 100), (140, 100)))
    assert box.side == pytest.approx(2.2 * np.hypot(10, 100))
    assert (box.cx, box.cy) == pytest.approx((105, 100))


def test_crop_box_of_a_wide_face_follows_the_width():
    box = crop_box(mesh((100, 50), (100, 110), (50, 80), (150, 80)))
    assert box.side == pytest.approx(2.2 * 1.15 * 100)


def test_crop_box_takes_flat_and_478_point_meshes():
    points = mesh((100, 50), (110, 150), (60, 100), (140, 100))
    longer = np.concatenate([points, np.zeros((10, 3), np.float32)])
    assert crop_box(points[:, :2]) == crop_box(points) == crop_box(longer)


def test_crop_box_refuses_what_is_not_a_mesh():
    with pytest.raises(ValueError, match="mesh points"):
        crop_box(np.zeros((6, 2)))


def test_cut_at_native_size_copies_the_pixels():
    image = photo()
    assert np.array_equal(cut(image, CropBox(40, 30, 32), 32), image[14:46, 24:56])


def test_cut_repeats_the_edges_beyond_the_photo():
    image = photo()
    out = cut(image, CropBox(0, 0, 40), 40)
    assert np.array_equal(out[20:, 20:], image[:20, :20])
    assert (out[:20, :20] == image[0, 0]).all()
    assert np.array_equal(out[20:, 0], image[:20, 0])


def test_cut_far_outside_is_one_flat_color():
    image = photo()
    assert (cut(image, CropBox(-500, -500, 40), 16) == image[0, 0]).all()


def test_cut_averages_when_shrinking():
    checks = np.indices((256, 256)).sum(0) % 2 * 255
    image = np.repeat(checks[..., None], 3, 2).astype(np.uint8)
    out = cut(image, CropBox(128, 128, 256), 32)
    assert np.abs(out[2:-2, 2:-2].astype(int) - 127).max() <= 3


@pytest.mark.parametrize("size", [64, 200])
def test_cut_keeps_crop_units_of_a_smooth_picture(size):
    """A ramp cut at any scale still shows each pixel's own photo coordinate."""
    x, y = np.meshgrid(np.arange(100) + 0.5, np.arange(100) + 0.5)
    image = np.stack([2 * x, 2 * y, 0 * x], -1).round().astype(np.uint8)
    box = CropBox(51.3, 47.9, 81.7)
    units = (2 * np.arange(size) + 1) / size - 1
    grid = np.stack(np.meshgrid(units, units), -1)
    expected = 2 * to_pixels(grid, box)
    assert np.abs(cut(image, box, size)[..., :2] - expected).max() < 1.6


@pytest.mark.parametrize("dims", [2, 3])
def test_units_and_pixels_are_inverses(dims):
    points = np.random.default_rng(1).uniform(-3000, 6000, (468, dims))
    box = CropBox(1500.25, 900.75, 1234.5)
    units = to_crop_units(points, box)
    assert units.dtype == np.float32
    assert np.abs(to_pixels(units, box) - points).max() < 1e-3


def test_corners_of_the_box_are_one_and_z_is_only_scaled():
    box = CropBox(100, 50, 40)
    assert np.allclose(to_crop_units(np.array([80.0, 70.0, -10.0]), box), [-1, 1, -0.5])


def test_only_what_lies_beyond_the_photo_is_softened() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    inside, outside = CropBox(30, 20, 40), CropBox(30, 10, 40)
    crop = cut(photo, inside, 80)
    assert np.array_equal(soften_beyond(crop, inside, 40, 60), crop)
    crop = cut(photo, outside, 80)
    soft = soften_beyond(crop, outside, 40, 60)
    assert np.array_equal(soft[20:], crop[20:])
    assert soft[:10].std() < 0.5 * crop[:10].std()
