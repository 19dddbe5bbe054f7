"""The fit finds what differs, and sets its threshold above real people it has not seen."""

from __future__ import annotations

import numpy as np

from openvasa.metrics.synthesis_traces import FIGURES
from openvasa.train.trace_model import Looks, _copy, as_text, fit
from openvasa.types import CropBox


def _looks(seed: int, shift: float) -> Looks:
    """Six people, real and drawn; one figure differs by `shift`, another by who it is."""
    rng = np.random.default_rng(seed)
    drawn = np.arange(240) % 2 == 0
    people = np.arange(240) // 40
    figures = rng.normal(size=(240, FIGURES))
    figures[:, 3] += shift * drawn
    figures[:, 7] += people
    names = np.array([f"p{one}" for one in people])
    return Looks(figures.astype(np.float32), drawn, names, np.arange(240) % 3 == 0)


def test_what_differs_is_found_and_holds_for_other_clips() -> None:
    model = fit(_looks(0, 7.0))
    assert np.abs(model.weights).argmax() == 3 and model.weights[3] > 0
    other = _looks(1, 7.0)
    told = np.array([model(one) >= model.threshold[0] for one in other.figures])
    assert told[other.drawn].mean() > 0.8 and told[~other.drawn].mean() < 0.01


def test_where_nothing_differs_hardly_anything_is_called_drawn() -> None:
    """The threshold holds for people left out, so learning by heart does not lower it."""
    looks = _looks(0, 0.0)
    model, other = fit(looks), _looks(1, 0.0)
    assert np.mean([model(one) >= model.threshold[0] for one in other.figures]) < 0.1


def test_the_table_counts_clips() -> None:
    looks = _looks(0, 30.0)
    lines = as_text(fit(looks), looks).splitlines()
    assert lines[2] == "| as they are | 40 of 40 | 0 of 40 | 1.000 |"
    assert lines[3] == "| encoded again | 80 of 80 | 0 of 80 | 1.000 |"


def test_a_copy_is_smaller_and_its_square_lies_where_the_face_is() -> None:
    frames = [np.full((96, 128, 3), 90, np.uint8)] * 4
    copy, box = _copy(frames, CropBox(64, 48, 60), np.random.default_rng(0))
    height, width = copy[0].shape[:2]
    assert len(copy) == 4 and 48 <= height <= 96 and height % 2 == width % 2 == 0
    assert abs(box.cx / width - 0.5) < 1e-6 and abs(box.cy / height - 0.5) < 1e-6
