"""The line between shut lips, and what the composer makes of it."""

from __future__ import annotations

import numpy as np

from openvasa.engine.lip_seam import lip_seam
from openvasa.engine.warp2d import Composer
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER

SIZE = 64


def lips(gap: float, tilt: float = 0.0) -> np.ndarray:
    """478 points of which only the inner lips matter: a straight mouth around the middle."""
    points = np.zeros((478, 3))
    x = np.linspace(-0.3, 0.3, len(INNER_UPPER) + 2)
    for side, row in ((1, INNER_UPPER), (-1, INNER_LOWER)):
        points[row, 0], points[row, 1] = x[1:-1], tilt * x[1:-1] + side * gap / 2
    points[[78, 308], 0] = x[[0, -1]]
    points[[78, 308], 1] = tilt * x[[0, -1]]
    return points


def test_shut_lips_have_a_line_from_corner_to_corner() -> None:
    seam = lip_seam(lips(0.0, tilt=0.2), SIZE)
    found = np.flatnonzero(~np.isnan(seam))
    x = (2 * found + 1) / SIZE - 1
    assert found.min() == 22 and found.max() == 41  # -0.3 to 0.3
    np.testing.assert_allclose(seam[found], (1 - 0.2 * x) * SIZE / 2 - 0.5, atol=1e-4)


def test_parted_lips_and_folded_ones_have_none() -> None:
    assert np.isnan(lip_seam(lips(0.05), SIZE)).all()
    folded = lips(0.0)
    folded[:, 0] *= -1
    assert np.isnan(lip_seam(folded, SIZE)).all()


def test_the_edge_between_two_places_of_the_photo_lies_on_the_line() -> None:
    photo = np.zeros((SIZE, SIZE, 3), np.uint8)
    photo[:20], photo[20:44], photo[44:] = 60, 255, 180  # upper lip, teeth, lower lip
    coarse = SIZE // 4
    home = (2 * np.arange(coarse) + 1) / coarse - 1
    flow = np.stack(np.meshgrid(home, home), -1).astype(np.float32)
    middle = (SIZE - 1) / 2 - 0.2 * (np.arange(SIZE) - (SIZE - 1) / 2)  # the tilted line
    coarse_line = np.interp((np.arange(coarse) + 0.5) * 4 - 0.5, np.arange(SIZE), middle)
    rows = (np.arange(coarse) + 0.5)[:, None] * 4 - 0.5
    flow[..., 1] += np.where(rows < coarse_line, -0.6, 0.6)
    seen = np.ones((coarse, coarse), np.float32)
    inner = slice(12, 52)

    def edge(image: np.ndarray) -> np.ndarray:
        """Row at which each column has done half of the step, to a fraction."""
        share = (image[16:48, :, 0].astype(float) - 60) / 120
        return 16 + (1 - np.clip(share, 0, 1)).sum(0) - 0.5

    compose = Composer(photo)
    steps, line = compose(flow, seen), compose(flow, seen, None, middle)
    off = [np.abs(edge(made) - middle)[inner].max() for made in (steps, line)]
    assert off[0] > 1.0 and off[1] < 0.1
    without = compose(flow, seen, None, np.full(SIZE, np.nan, np.float32))
    np.testing.assert_array_equal(without, steps)
