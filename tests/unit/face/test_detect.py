"""The detector's arithmetic, and the detector itself on a portrait."""

import numpy as np
import pytest
from PIL import Image as PilImage

from openvasa.face.detect import WINDOW, anchors, decode, detect, overlap


def test_anchors_are_cell_centers():
    grid = anchors()
    assert grid.shape == (896, 2)
    assert grid[0] == pytest.approx([1 / 32, 1 / 32])
    assert grid[2] == pytest.approx([3 / 32, 1 / 32])  # x runs first, two anchors a cell
    assert grid[512] == pytest.approx([1 / 16, 1 / 16])


def test_decode_places_boxes_and_merges_by_score():
    regressors = np.zeros((896, 16), np.float32)
    regressors[:, 2:4] = 32
    logits = np.full(896, -100, np.float32)
    logits[[0, 1]] = 3.0  # both anchors of the first cell: one face
    logits[895] = 1.0
    faces = decode(regressors, logits, 0.5)
    assert len(faces) == 2
    assert faces[0].box == pytest.approx([4 - 16, 4 - 16, 4 + 16, 4 + 16])
    assert faces[0].keypoints[3] == pytest.approx([4, 4])
    assert faces[0].score == pytest.approx(1 / (1 + np.exp(-3)))
    assert faces[1].box == pytest.approx([WINDOW - 24, WINDOW - 24, WINDOW + 8, WINDOW + 8])
    assert decode(regressors, logits, 0.99) == []


def test_overlap_over_union_and_over_the_smaller():
    union, smaller = overlap(
        np.array([0.0, 0, 10, 10]), np.array([[0.0, 0, 5, 10], [20, 20, 30, 30]])
    )
    assert union == pytest.approx([0.5, 0])
    assert smaller == pytest.approx([1, 0])


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (700, 2), (128, 128), (300, 900)])
def test_no_face_in_flat_pictures_of_any_shape(shape):
    assert detect(np.full((*shape, 3), 120, np.uint8)) == []


def test_finds_a_small_face_in_a_large_photo(portrait, portrait_face):
    """A face of about 75 pixels in 12 megapixels, at the right place."""
    box = portrait_face.box
    scale = 75 / (box[3] - box[1])
    height, width = portrait.shape[:2]
    small = PilImage.fromarray(portrait).resize(
        (round(width * scale), round(height * scale)), PilImage.Resampling.LANCZOS
    )
    canvas = np.full((3000, 4000, 3), 128, np.uint8)
    canvas[2000 : 2000 + small.height, 3001 : 3001 + small.width] = np.asarray(small)
    faces = detect(canvas)
    assert len(faces) == 1
    expected = box * scale + np.array([3001, 2000, 3001, 2000])
    assert overlap(faces[0].box, expected[None])[0][0] > 0.6


def test_finds_a_face_that_fills_the_picture(portrait, portrait_face):
    left, top, right, bottom = np.maximum(portrait_face.box.astype(int), 0)
    faces = detect(np.ascontiguousarray(portrait[top:bottom, left:right]))
    assert len(faces) == 1
    assert faces[0].area > 0.5 * (right - left) * (bottom - top)
