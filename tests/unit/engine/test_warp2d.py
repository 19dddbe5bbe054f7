"""The last warp: exact where nothing moves, right at the borders, true to the flow."""

import numpy as np
import pytest
from scipy.ndimage import spline_filter1d

from openvasa.engine.warp2d import Composer
from openvasa.latent.drawn import Drawn


def identity(height=64, width=64):
    x, y = ((2 * np.arange(n, dtype=np.float32) + 1) / n - 1 for n in (width, height))
    return np.stack(np.meshgrid(x, y), -1).astype(np.float32)


def noise(size=128, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3)).astype(np.uint8)


def compose(photo, *frame):
    return Composer(photo)(*frame)


def still(visible=1.0, size=64):
    return np.full((size, size), visible, np.float32)


def everywhere(size):
    """Something drawn at every pixel."""
    return Drawn(0, 0, np.random.default_rng(1).random((size, size, 3)).astype(np.float32))


@pytest.mark.parametrize("size", [64, 100, 128, 512])
def test_identity_returns_the_photo_exactly(size):
    photo = noise(size)
    assert np.array_equal(compose(photo, identity(), still()), photo)


def test_a_whole_pixel_shift_copies_and_repeats_the_edge():
    photo, flow = noise(128), identity()
    flow[..., 0] += 3 * 2 / 128  # every pixel comes from three to its right
    out = compose(photo, flow, still())
    assert np.array_equal(out[:, :-3], photo[:, 3:])
    assert (out[:, -3:] == photo[:, -1:]).all()


@pytest.mark.parametrize("step", [(-1, 0), (1, 0), (0, -1), (0, 1), (1, 1)])
def test_far_outside_shows_the_edge(step):
    photo = noise(128)
    out = compose(photo, identity() + 9 * np.array(step, np.float32), still())
    place = [slice(None), slice(None)]
    for axis, direction in zip((1, 0), step, strict=True):
        if direction:
            place[axis] = slice(-1, None) if direction > 0 else slice(0, 1)
    assert np.array_equal(out, np.broadcast_to(photo[tuple(place)], photo.shape))


def test_between_pixels_runs_the_cubic_spline():
    photo, flow = noise(128), identity()
    flow[..., 1] += 0.5 * 2 / 128
    out = compose(photo, flow, still())[16:-16]
    spline = spline_filter1d(photo.astype(np.float64), 3, 0, mode="mirror")
    expected = (23 * (spline[1:-2] + spline[2:-1]) + spline[:-3] + spline[3:]) / 48
    assert np.abs(out - np.clip(expected[15:-14], 0, 255)).max() <= 0.51


def test_detail_of_three_pixels_survives_half_a_pixel():
    wave = 128 + 60 * np.cos(2 * np.pi / 3 * np.arange(126))
    photo = np.repeat(np.rint(wave).astype(np.uint8)[None, :, None], 126, 0).repeat(3, 2)
    flow = identity()
    flow[..., 0] += 0.5 * 2 / 126
    kept = compose(photo, flow, still())[32, 20:-20].std() / photo[32, 20:-20].std()
    assert 0.85 < kept < 1.01  # Catmull-Rom: 0.69


def test_zoom_follows_the_flow():
    ramp = np.broadcast_to(np.arange(128, dtype=np.uint8)[None, :, None], (128, 128, 3))
    out = compose(ramp, identity() * np.float32(0.5), still())
    expected = 63.5 + (np.arange(128) - 63.5) / 2
    assert np.abs(out[64, 2:-2, 0] - expected[2:-2]).max() <= 0.51


def test_invisible_takes_what_is_drawn_and_half_visible_blends():
    photo, piece = noise(64), everywhere(64)
    made = compose(photo, identity(), still(0.0), piece)
    assert np.abs(made - 255 * piece.color).max() <= 0.51
    half = compose(photo, identity(), still(0.5), piece)
    assert np.abs(half - (photo + 255 * piece.color) / 2).max() <= 0.51


def test_visibility_between_grid_points_is_linear():
    visible = np.zeros((2, 2), np.float32)
    visible[:, 1] = 1
    out = compose(np.full((8, 8, 3), 255, np.uint8), identity(2, 2), visible)
    assert np.allclose(out[0, :, 0] / 255, [0, 0, 1 / 8, 3 / 8, 5 / 8, 7 / 8, 1, 1], atol=0.003)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_broken_flow_does_not_crash(value):
    assert compose(noise(64), identity() * 0 + np.float32(value), still()).shape == (64, 64, 3)


def test_the_inputs_stay_as_they_are_and_views_work():
    photo = noise(128)
    before = photo.copy()
    out = compose(photo[:, ::-1], identity(), still())
    assert np.array_equal(out, before[:, ::-1])
    assert np.array_equal(photo, before)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match="expected flow"):
        compose(noise(64), identity(32, 32), still())
    with pytest.raises(ValueError, match="expected a photo"):
        Composer(noise(64), np.ones((64, 64), np.float32))
    with pytest.raises(ValueError, match="expected layers"):
        Composer(noise(64), np.ones((32, 32), np.float32), noise(64))


def test_the_person_moves_over_a_background_that_rests():
    person, background = noise(64), noise(64, seed=2)
    matte = np.zeros((64, 64), np.float32)
    matte[:, 20:40] = 1
    flow = identity()
    flow[..., 0] += 5 * 2 / 64  # the person goes five pixels to the left
    out = Composer(person, matte, background)(flow, still())
    assert np.array_equal(out[:, 17:33], person[:, 22:38])
    assert np.array_equal(out[:, :13], background[:, :13])
    assert np.array_equal(out[:, 37:], background[:, 37:])


def test_what_is_drawn_lies_where_it_belongs_and_only_where_the_photo_does_not_show():
    photo, visibility = noise(64), still(1.0)
    visibility[:, 32:] = 0
    piece = np.full((4, 30, 3), 0.5, np.float32)
    out = Composer(photo)(identity(), visibility, Drawn(10, 20, piece))
    assert (np.abs(out[10:14, 34:50].astype(int) - 128) <= 1).all()
    assert np.array_equal(out[:, :30], photo[:, :30])
    assert not out[14:, 34:].any()


def test_light_multiplies_what_the_photo_shows() -> None:
    photo = np.full((16, 16, 3), 100, np.uint8)
    side = (2 * np.arange(8) + 1) / 8 - 1
    flow = np.stack(np.meshgrid(side, side), -1).astype(np.float32)
    light = np.full((8, 8), 0.5, np.float32)
    seen = np.ones((8, 8), np.float32)
    drawn = Drawn(0, 0, np.full((16, 16, 3), 0.8, np.float32))
    assert (Composer(photo)(flow, seen, drawn, light=light) == 50).all()
    assert (Composer(photo)(flow, 0 * seen, drawn, light=light) == 204).all()
