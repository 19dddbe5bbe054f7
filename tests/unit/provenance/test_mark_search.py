"""Scale and shift are found, and scores of unmarked pictures are as the theory says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image as Pillow

from marked_pictures import picture
from openvasa.provenance.mark_code import decode
from openvasa.provenance.mark_search import (
    Finding,
    Place,
    look_everywhere,
    look_near,
    look_tilted,
)
from openvasa.provenance.pixel_mark import PixelMark


def _luma(image: np.ndarray) -> np.ndarray:
    return image.mean(-1).astype(np.float32)


def test_the_place_of_a_scaled_crop_is_found() -> None:
    marked = Pillow.fromarray(PixelMark(5).embed(picture(512, 512)))
    piece = marked.crop((40, 90, 440, 490)).resize((460, 460), Pillow.Resampling.BICUBIC)
    found = look_everywhere(_luma(np.asarray(piece)))
    assert found is not None and found.false_alarm < 1e-9
    assert found.place.unit == pytest.approx(1.15, rel=0.006)
    assert found.place.down == pytest.approx(90, abs=1)
    assert found.place.across == pytest.approx(40, abs=1)


def test_a_picture_too_small_is_not_searched() -> None:
    assert look_everywhere(np.zeros((60, 60), np.float32)) is None


def _stretched(image: Pillow.Image, width: int, height: int) -> Pillow.Image:
    return image.resize((width, height), Pillow.Resampling.BICUBIC)


def _filled(image: Pillow.Image, degrees: float, larger: float) -> Pillow.Image:
    """Turned, and enlarged until no corner is empty."""
    cut = 256 * (1 - 1 / larger)
    box = (cut, cut, 512 - cut, 512 - cut)
    return image.rotate(degrees, Pillow.Resampling.BICUBIC).resize((512, 512), box=box)


TILTS = {
    "turned": lambda image: image.rotate(1.3, Pillow.Resampling.BICUBIC),
    "turned the other way": lambda image: image.rotate(-3, Pillow.Resampling.BICUBIC),
    "turned and enlarged": lambda image: _filled(image, 3, 1.051),
    "nothing cut": lambda image: image.rotate(2, Pillow.Resampling.BICUBIC, expand=True),
    "wider": lambda image: _stretched(image, 538, 512),
    "flatter, smaller": lambda image: _stretched(image, 300, 282),
}


@pytest.mark.parametrize("tilt", TILTS)
def test_turned_and_stretched_frames_are_found(tilt: str) -> None:
    marked = Pillow.fromarray(PixelMark(5).embed(picture(512, 512)))
    found = look_tilted(_luma(np.asarray(TILTS[tilt](marked))))
    assert found.false_alarm < 1e-9 and decode(found.soft) == 5


@pytest.mark.parametrize("seed", range(3))
def test_tilts_of_an_unmarked_picture(seed: int) -> None:
    assert look_tilted(_luma(picture(300, 256, seed=seed))).false_alarm > 0.01


def test_scores_of_pictures_without_the_mark() -> None:
    """One place chosen beforehand would score normally; the best of 245 near ones about 2."""
    rng = np.random.default_rng(0)
    scores = []
    for seed in range(40):
        luma = _luma(picture(200, 200, seed=seed)) + 8 * rng.normal(size=(200, 200))
        places = [Place(200 / 512, *rng.uniform(0, 256, 2))]
        scores.append(look_near(luma.astype(np.float32), places).score)
    assert 0.5 < np.mean(scores) < 3 and max(scores) < 5


def test_false_alarms_count_all_places_tried() -> None:
    soft = np.zeros(288, np.float32)
    one, many = (Finding(Place(1, 0, 0), 6.0, places, soft) for places in (1, 1000))
    assert one.false_alarm == pytest.approx(0.5 * math.erfc(6 / math.sqrt(2)))
    assert many.false_alarm == pytest.approx(1000 * one.false_alarm)
    assert Finding(Place(1, 0, 0), 0.0, 1000, soft).false_alarm == 1
