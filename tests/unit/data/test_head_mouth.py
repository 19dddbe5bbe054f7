"""The inside of the mouth: separate teeth, darkness, the portrait's light."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.data.head import FittedHead, express, fit, index_of
from openvasa.data.head_light import directed
from openvasa.data.head_mouth import TEETH, MouthInterior, white_of
from openvasa.data.toy_head import toy_basis, toy_landmarks
from openvasa.types import EXPRESSION_DIM

BASIS = toy_basis()
FRONT = directed(np.array([0.0, 0.2, 1.0]), 0.5, np.ones(3))


@pytest.fixture(scope="module")
def head() -> FittedHead:
    return fit(BASIS, toy_landmarks(BASIS, np.random.default_rng(1)).astype(np.float64))


def colors(head: FittedHead, jaw: float, light: np.ndarray, white: float) -> np.ndarray:
    inside = MouthInterior(BASIS)
    e = np.zeros((1, EXPRESSION_DIM))
    e[0, index_of("jawOpen")] = jaw
    face = express(BASIS, head.canonical[None], head.expression[None], e)[0]
    placed = inside.place(head, e)[0]
    return inside.shade(placed, face, head.pose, light, np.full(3, white))


def test_teeth_are_brighter_than_flesh_and_warm(head: FittedHead) -> None:
    made, kind = colors(head, 0.8, FRONT, 0.6), MouthInterior(BASIS).kind
    teeth, flesh = made[kind == TEETH], made[kind != TEETH]
    assert teeth.mean() > 1.5 * flesh.mean()
    assert (np.diff(teeth.mean(0)) < 0).all()  # red over green over blue
    assert made.min() >= 0 and made.max() <= 1


def test_teeth_are_as_bright_as_the_portraits_white(head: FittedHead) -> None:
    dark, bright = (colors(head, 0.8, FRONT, w) for w in (0.2, 0.6))
    np.testing.assert_allclose(bright, 3 * dark, rtol=1e-6)


def test_lower_teeth_go_down_with_the_jaw(head: FittedHead) -> None:
    inside = MouthInterior(BASIS)
    e = np.zeros((2, EXPRESSION_DIM))
    e[1, index_of("jawOpen")] = 1.0
    shut, wide = inside.place(head, e)
    moved = (wide - shut)[:, 1]
    assert moved[inside.upper].max() == 0 and moved[~inside.upper].min() < -0.05


def test_white_is_read_from_the_eyes(head: FittedHead) -> None:
    bright, dim = (np.full((64, 64, 3), v, np.uint8) for v in (220, 110))
    assert (white_of(bright, head) > white_of(dim, head)).all()
    assert (white_of(np.zeros((64, 64, 3), np.uint8), head) > 0.05).all()
