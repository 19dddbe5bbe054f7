"""Alignment for the recognizer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.metrics.identity import _PLACES, _POINTS, Recognizer, align, similarity
from openvasa.types import InputError


def test_similarity_finds_turn_scale_and_shift() -> None:
    points = np.random.default_rng(0).random((5, 2))
    moved = points @ np.array([[1.5, 0.5], [-0.5, 1.5]]) + [3, -2]
    np.testing.assert_allclose(similarity(points, moved), (1.5, 0.5, 3, -2), atol=1e-9)


def test_align_brings_the_points_to_their_places() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    points = np.zeros((478, 2))
    spots = 3 * _PLACES + [20, 10]
    points[list(_POINTS)] = spots
    x, y = spots[2].astype(int)
    image[y - 6 : y + 7, x - 6 : x + 7] = 255
    crop = align(image, points)
    assert crop.shape == (112, 112, 3)
    rows, columns = np.nonzero(crop[..., 0] > 128)
    assert abs(columns.mean() - _PLACES[2, 0]) < 1 and abs(rows.mean() - _PLACES[2, 1]) < 1


def test_a_missing_recognizer_is_told() -> None:
    with pytest.raises(InputError, match="recognizer"):
        Recognizer(Path("nowhere.onnx"))
