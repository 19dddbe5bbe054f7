"""Skin tone and light of pictures whose color is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from openvasa.data.demographics import CHEEKS, FOREHEAD, skin, skin_class

LANDMARKS = np.random.default_rng(0).uniform(100, 156, (478, 3)).astype("f4")
LANDMARKS[234, :2], LANDMARKS[454, :2] = (80, 128), (176, 128)
LANDMARKS[list(CHEEKS[::2]), :2] = [90, 150]
LANDMARKS[list(CHEEKS[1::2]), :2] = [166, 150]
LANDMARKS[list(FOREHEAD), :2] = [128, 90]


def _picture(left: float, right: float, top: float, b: float = 15.0) -> np.ndarray:
    lab = np.zeros((256, 256, 3), "f4")
    lab[:, :128, 0], lab[:, 128:, 0], lab[:110, :, 0] = left, right, top
    lab[..., 1], lab[..., 2] = 10, b
    return (cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255 + 0.5).astype(np.uint8)


@pytest.mark.parametrize(("light", "b"), [(70.0, 15.0), (50.0, 20.0), (35.0, 18.0)])
def test_the_angle_is_that_of_lightness_and_yellow(light: float, b: float) -> None:
    ita, direction, level = skin(_picture(light, light, light, b), LANDMARKS)
    assert ita == pytest.approx(np.degrees(np.arctan2(light - 50, b)), abs=1.5)
    assert level == pytest.approx(light, abs=0.5) and np.abs(direction).max() < 0.5


def test_light_has_a_direction() -> None:
    _, (across, down), _ = skin(_picture(50, 62, 60), LANDMARKS)
    assert across == pytest.approx(12, abs=1) and down == pytest.approx(4, abs=1)


def test_classes_are_in_the_order_of_the_angle() -> None:
    names = [skin_class(ita) for ita in (70, 50, 35, 20, 0, -50)]
    assert names == ["very light", "light", "intermediate", "tan", "brown", "dark"]
