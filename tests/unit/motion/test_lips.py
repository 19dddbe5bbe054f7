"""What belongs to the lips, and that only they are calmed."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.motion.lips import LIPS, calmed, lip_part
from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES, POSE_DIM

RNG = np.random.default_rng(0)
ANCHOR = RNG.standard_normal((EXPRESSION_DIM, 48)).astype("f4")
STD = RNG.uniform(0.1, 2.0, 54).astype("f4")
PART = lip_part(ANCHOR, STD)
OWN = np.array([name.startswith(LIPS) for name in EXPRESSION_NAMES])


def normalized(expression: np.ndarray) -> np.ndarray:
    return (expression @ ANCHOR / STD[POSE_DIM:]).astype("f4")


def test_the_lips_part_is_what_their_expressions_make() -> None:
    expression = RNG.standard_normal((5, EXPRESSION_DIM)).astype("f4")
    expected = normalized(expression * OWN)
    np.testing.assert_allclose(normalized(expression) @ PART, expected, atol=2e-3)
    np.testing.assert_allclose(PART @ PART, PART, atol=2e-3)  # a projection


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_noise_is_taken_from_the_lips_alone(share: float) -> None:
    noise = np.zeros((7, 54), "f4")
    noise[:, :POSE_DIM] = RNG.standard_normal((7, POSE_DIM))
    eyes, mouth = RNG.standard_normal((2, 7, EXPRESSION_DIM)).astype("f4")
    noise[:, POSE_DIM:] = normalized(eyes * ~OWN) + normalized(mouth * OWN)
    found = calmed(noise, PART, share)
    np.testing.assert_array_equal(found[:, :POSE_DIM], noise[:, :POSE_DIM])
    expected = normalized(eyes * ~OWN) + share * normalized(mouth * OWN)
    np.testing.assert_allclose(found[:, POSE_DIM:], expected, atol=5e-3)
