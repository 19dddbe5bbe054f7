"""Triangles and polygons in pixels: known answers."""

from __future__ import annotations

import numpy as np

from openvasa.latent.raster import inside, raster


def test_raster_draws_the_nearer_triangle() -> None:
    xy = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    zbuf, out = np.full((10, 10), -1e9), np.zeros((10, 10, 1))
    label = np.zeros((10, 10), np.int8)
    triangle = np.array([[0, 1, 2]])
    raster(xy, np.ones(3), xy[:, :1].copy(), triangle, 1, zbuf, out, label)
    rows, columns = np.mgrid[:10, :10]
    covered = rows + columns <= 8
    assert np.array_equal(label == 1, covered)
    np.testing.assert_allclose(out[covered, 0], columns[covered], atol=1e-9)
    raster(xy / 2, np.zeros(3), xy[:, :1].copy(), triangle, 2, zbuf, out, label)  # behind
    assert not (label == 2).any()
    raster(xy / 2, np.full(3, 2.0), xy[:, :1].copy(), triangle[:, ::-1].copy(), 3, zbuf, out, label)
    assert np.array_equal(label == 3, rows + columns <= 4)  # winding does not matter


def test_inside_follows_a_concave_polygon() -> None:
    notch = np.array([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]], np.float64)
    points = np.array([[1, 1], [2, 3], [3.5, 3], [2, 0.5], [5, 1], [-1, 0]], np.float64)
    assert inside(points, notch).tolist() == [True, False, True, True, False, False]
