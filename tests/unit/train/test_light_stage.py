"""Fitting light: planted bases are found, lamps and sides are not learned."""

import numpy as np
import pytest

pytest.importorskip("torch")

from openvasa.train.light_stage import (  # noqa: E402
    SIZE,
    Changes,
    explained,
    fit_light,
    mirrored,
)
from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES  # noqa: E402

LEFT, RIGHT = (EXPRESSION_NAMES.index(f"mouthSmile{side}") for side in ("Left", "Right"))


@pytest.fixture
def shown() -> np.ndarray:
    side = np.abs(np.linspace(-1, 1, SIZE))
    return side[:, None] ** 2 + side[None] ** 2 < 0.8


def planted(shown: np.ndarray) -> np.ndarray:
    """A smile of either side darkens its own cheek."""
    bases = np.zeros((EXPRESSION_DIM, SIZE, SIZE), np.float32)
    bases[LEFT, 25:45, 36:50] = -0.1
    bases[RIGHT, 25:45, SIZE - 50 : SIZE - 36] = -0.1
    return bases * shown


def changes(shown: np.ndarray, count: int, seed: int) -> Changes:
    rng = np.random.default_rng(seed)
    e = rng.uniform(-1, 1, (count, EXPRESSION_DIM)).astype(np.float32)
    light = e @ planted(shown)[:, shown]
    return Changes(e, (light + 0.005 * rng.standard_normal(light.shape)).astype(np.float32))


def test_planted_bases_explain_people_who_did_not_teach(shown: np.ndarray) -> None:
    bases = fit_light({"photos": changes(shown, 300, 0)}, shown)
    judge = changes(shown, 100, 1)
    assert explained(bases, judge, shown) > 0.7
    assert explained(np.zeros_like(bases), judge, shown) == 0
    assert bases[LEFT, 35, 43] == pytest.approx(-0.1, abs=0.02)
    assert (bases[:, :2] == 0).all() and (bases[:, :, -2:] == 0).all()


def test_both_sides_learn_alike(shown: np.ndarray) -> None:
    given = changes(shown, 200, 0)
    twice = mirrored(mirrored(given, shown), shown)
    np.testing.assert_array_equal(twice.expression, given.expression)
    np.testing.assert_array_equal(twice.light, given.light)
    bases = fit_light({"photos": given}, shown)
    np.testing.assert_allclose(bases[LEFT], bases[RIGHT][:, ::-1], atol=1e-5)
