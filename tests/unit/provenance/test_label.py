"""The label: in its corner, seen on any ground, nothing else touched."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.provenance.label import draw_label


@pytest.mark.parametrize("shape", [(128, 128), (512, 512), (720, 1280), (1920, 1080)])
@pytest.mark.parametrize("ground", [0, 128, 255])
def test_seen_on_any_ground(shape: tuple[int, int], ground: int) -> None:
    plain = np.full((*shape, 3), ground, np.uint8)
    labeled = draw_label(plain)
    assert (plain == ground).all()
    rows, columns = np.nonzero((labeled != plain).any(2))
    assert rows.min() > shape[0] * 0.75 and columns.max() < max(shape[1] * 0.4, 110)
    letters = labeled[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1, 0]
    # Letters are white, and what lies between them is much darker.
    assert letters.max() > 235 and np.median(letters) < 125


def test_scales_with_the_picture() -> None:
    def width(side: int) -> int:
        plain = np.full((side, side, 3), 255, np.uint8)
        return int((draw_label(plain) != plain).any((0, 2)).sum())

    assert width(1024) == pytest.approx(2 * width(512), rel=0.03)


def test_a_picture_too_small_stays_as_it_is() -> None:
    tiny = np.zeros((16, 16, 3), np.uint8)
    assert draw_label(tiny) is tiny
