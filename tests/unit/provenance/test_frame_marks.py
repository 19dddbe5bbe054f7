"""The label lies under the mark, and the mark is read through it."""

from __future__ import annotations

import numpy as np

from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.label import draw_label
from openvasa.provenance.pixel_mark import PixelMark, read_image


def test_label_first_then_the_mark() -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(60, 200, (16, 16, 3), dtype=np.uint8)
    image = np.kron(coarse, np.ones((24, 24, 1), np.uint8))
    marked = FrameMarks(77, label=True)(image)
    assert np.array_equal(marked, PixelMark(77).embed(draw_label(image)))
    assert np.array_equal(FrameMarks(77)(image), PixelMark(77).embed(image))
    assert read_image(marked).payload == 77
