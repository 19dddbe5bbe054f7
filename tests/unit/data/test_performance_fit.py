"""Performances fitted to clips: lids on one scale, known laws found again, a report that tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openvasa.data import performance_store
from openvasa.data.head import load_basis
from openvasa.data.lids import lid_scores
from openvasa.data.pcm import from_pcm
from openvasa.data.performance_figures import Piece, blink_spans, blinks_a_minute, figures
from openvasa.data.performance_fit import blink_law, distance, fit_law
from openvasa.data.performance_law import (
    PerformanceLaw,
    fitted_law,
    read_law,
    write_law,
)
from openvasa.data.performance_report import table
from openvasa.data.store import Store
from openvasa.types import InputError


def _blinking(frames: int = 75, at: Sequence[int] = (20, 50), long: int = 5) -> np.ndarray:
    lids = np.full(frames, 0.05)
    for t in at:
        lids[t : t + long] = 0.9
    return lids


def _piece(opening: np.ndarray, lids: np.ndarray) -> Piece:
    points = np.repeat(load_basis().mean[None].astype(np.float64), len(lids), 0)
    points[:, 14, 1] = points[:, 13, 1] - opening
    heard = np.ones(len(lids), bool)
    return Piece(points, lids, np.zeros((len(lids), 2)), heard)


def test_lids_read_from_the_mesh() -> None:
    points = np.repeat(load_basis().mean[None].astype(np.float64), 40, 0)
    for upper, lower in ((386, 374), (159, 145)):
        gap = points[20:23, upper, 1] - points[20:23, lower, 1]
        points[20:23, upper, 1] -= gap  # shut
    scores = lid_scores(points)
    assert scores.shape == (40, 2) and scores[:20].max() < 0.1 and scores[20:23].min() > 0.5


def test_blinks_are_counted_with_their_length() -> None:
    spans = blink_spans(_blinking())
    assert [b - a for a, b in spans] == [5, 5] and abs(spans[0][0] - 20) <= 1
    assert blink_spans(np.full(75, 0.1)) == []
    found = figures([_piece(np.zeros(75), _blinking())])
    assert blinks_a_minute(found) == pytest.approx(40)
    assert found["blink interval"].tolist() == pytest.approx([30 / 25], abs=0.05)


def test_distance_is_in_standard_deviations() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(0, 2, 20_000)
    assert distance(one, one + 3) == pytest.approx(1.5, abs=0.02)
    assert distance(one, rng.permutation(one)) < 0.01
    assert np.isnan(distance(one, np.zeros(0)))


def test_a_known_law_is_found_again() -> None:
    """Figures that follow the law by a formula; the fit moves toward the law that made them."""

    def made(law: PerformanceLaw) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(0)
        base = np.abs(rng.normal(1, 0.3, 400))
        return {
            "jaw speed": base * law.jaw, "lip aperture": base * law.lips, "lip width": base,
            "lip speed": base * law.lips / law.smoothing, "brow height": base * law.brows,
            "gaze yaw": base * law.wander[0], "gaze pitch": base * law.wander[1],
        }  # fmt: skip

    truth = PerformanceLaw(jaw=0.64, lips=1.0, brows=0.6)
    found = fit_law(made(truth), made, PerformanceLaw())
    assert found.jaw == pytest.approx(0.64, rel=0.2) and found.brows == pytest.approx(0.6, rel=0.2)


def test_lids_stay_shut_as_long_as_real_ones() -> None:
    law = PerformanceLaw().blinks
    short, long = (blink_law({"blink frames": np.full(9, n)}, law).hold for n in (4.0, 7.0))
    assert long[0] > short[0] and blink_law({"blink frames": np.zeros(0)}, law) == law


def test_a_law_survives_its_file_and_others_are_refused(tmp_path: Path) -> None:
    law = replace(fitted_law(), jaw=0.7)
    write_law(tmp_path / "law.json", law)
    assert read_law(tmp_path / "law.json") == law
    (tmp_path / "bad.json").write_text('{"blinks": {}}')
    for name in ("bad.json", "gone.json"):
        with pytest.raises(InputError, match="no law"):
            read_law(tmp_path / name)


def test_the_report_tells_medians_distances_and_the_speakers_own() -> None:
    people = {name: [_piece(np.full(75, gap), _blinking())]
              for name, gap in (("a", 0.02), ("b", 0.03), ("c", 0.04))}  # fmt: skip
    wide = figures([_piece(np.full(75, 0.3), _blinking(at=(20,)))])
    right = figures(p for pieces in people.values() for p in pieces)
    lines = table(people, wide, right).splitlines()
    row = next(line for line in lines if line.startswith("| lip aperture")).split("|")
    assert float(row[5]) > 10 and float(row[6]) == 0
    assert lines[-1].startswith("| blinks a minute | 40.0 | 20.0 | 40.0 |")


def test_performances_go_into_a_store_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speech = tmp_path / "speech"
    speech.mkdir()
    audio = (0.2 * np.sin(np.arange(32_000) * 0.05)).astype("f4")
    np.savez(speech / "0007.npz", audio=audio, phones=np.array(["m", "a"]),
             start=np.array([0.3, 0.4]), end=np.array([0.4, 0.7]), text="ma", lang="en",
             voice="v", split="train")  # fmt: skip
    words = ["--speech", str(speech), "--store", str(tmp_path / "s"), "--quiet", "1"]
    performance_store.main(words)
    store = Store(tmp_path / "s")
    keys = store.keys("performance", "train")
    assert sorted(keys) == [*(f"0007-{k}" for k in range(3)), *(f"quiet000-{k}" for k in range(3))]
    first = store.read("0007-0")
    assert first.arrays["expression"].shape == (50, 45) and not first.arrays["emotion"].any()
    np.testing.assert_allclose(from_pcm(first.arrays["audio"]), audio, atol=1e-4)
    assert "audio" not in store.read("0007-1").arrays and first.about["frames"] == 50
    performance_store.main(words)
    assert len(Store(tmp_path / "s").keys()) == 6
