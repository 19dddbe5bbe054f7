"""Crops of a second reading: the bits of the training crop, at any place of the picture."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.data.clip_pictures import _bordered
from openvasa.face.align import cut
from openvasa.types import CropBox
from talking_video import portrait


@pytest.mark.parametrize(
    "box",
    [
        CropBox(100.3, 90.7, 80.0), CropBox(20.0, 250.5, 150.2), CropBox(128, 128, 700.0),
        CropBox(250.9, 3.0, 40.0), CropBox(-300.0, 50.0, 60.0),
    ],
)  # fmt: skip
def test_a_bordered_part_is_cut_as_the_whole_picture(box: CropBox) -> None:
    picture = portrait()
    np.testing.assert_array_equal(cut(*_bordered(picture, box, 64), 64), cut(picture, box, 64))
