"""Waves of the mark agree with the key where it lies, and with nothing elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from marked_pictures import picture
from openvasa.provenance.mark_code import decode
from openvasa.provenance.mark_pattern import waves
from openvasa.provenance.mark_spectrum import (
    best_shift,
    data_score,
    detail_of,
    soft_values,
    spectrum,
    sync_spread,
)
from openvasa.provenance.pixel_mark import PixelMark


def _luma(image: np.ndarray) -> np.ndarray:
    return image.mean(-1).astype(np.float32)


def test_a_marked_frame_agrees_at_its_own_place() -> None:
    values = spectrum(detail_of(_luma(PixelMark(77).embed(picture(512, 512))), 1.0), 1.0)
    score, down, across = best_shift(values)
    assert score > 15
    assert min(down % 256, -down % 256) <= 1 and min(across % 256, -across % 256) <= 1
    soft = soft_values(values, 0.0, 0.0)
    assert decode(soft) == 77 and data_score(soft, values) > 15


def test_a_stretch_is_undone_by_units_of_its_own() -> None:
    marked = _luma(PixelMark(77).embed(picture(512, 512)))
    wider = np.repeat(marked, 2, axis=1)  # as a video with pixels that are not square
    stretched = spectrum(detail_of(wider, 1.0), 1.0, 2.0)
    assert best_shift(stretched)[0] > 15 > best_shift(spectrum(detail_of(wider, 1.0), 1.0))[0]


def test_turning_back_undoes_turning() -> None:
    detail = detail_of(_luma(picture(256, 256)), 0.5)
    again = detail.turned(2.0).turned(-2.0).picture[64:-64, 64:-64]
    assert np.corrcoef(again.ravel(), detail.picture[64:-64, 64:-64].ravel())[0, 1] > 0.9


@pytest.mark.parametrize("value", [0.0, 255.0])
def test_a_flat_picture_has_numbers(value: float) -> None:
    values = spectrum(detail_of(np.full((200, 300), value, np.float32), 0.5), 0.5)
    assert values.shape == (len(waves().all),) and np.isfinite(values).all()
    assert sync_spread(values) > 0 and data_score(soft_values(values, 0, 0), values) < 5
