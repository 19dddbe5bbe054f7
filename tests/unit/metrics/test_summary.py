"""Means, intervals, order of cases, the report and its page, from made-up figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from openvasa.metrics import report
from openvasa.metrics.catalog import BY_KEY, FIGURES
from openvasa.metrics.judges import Judges
from openvasa.metrics.page import write_page
from openvasa.metrics.scoring import Scored
from openvasa.metrics.summary import estimates, set_figures, worst_first
from openvasa.metrics.svg_plots import Strip, strip_plot
from openvasa.metrics.video_case import VideoCase


def scored(name: str, system: str = "ours", error: str = "", folder: Path = Path("none"),
           **values: float) -> Scored:  # fmt: skip
    case = VideoCase(name, system, Path(f"{name}.mp4"), tags={"person": "<b>"})
    return Scored(case, values, error, folder)


def test_every_figure_says_what_it_is() -> None:
    assert len(BY_KEY) == len(FIGURES)
    for figure in FIGURES:
        assert figure.title and figure.digits >= 0
        assert (Path(report.__file__).parent / f"{figure.module}.py").is_file()


def test_samples_of_a_case_count_once() -> None:
    rows = [scored("a~1", jitter=1.0), scored("a~2", jitter=3.0), scored("b", jitter=6.0)]
    found = estimates([*rows, scored("c", error="broken")])
    assert found["jitter"].mean == pytest.approx(4)
    assert found["jitter"].cases == 2 and "identity" not in found


def test_shares_are_weighed_by_their_counts() -> None:
    rows = [
        scored("a", bilabial_closure=1.0, bilabials=1.0),
        scored("b", bilabial_closure=0.5, bilabials=3.0),
    ]
    assert estimates(rows)["bilabial_closure"].mean == pytest.approx(0.625)
    assert "wider_i" not in estimates([scored("a", wider_i=0.0, vowel_pairs=0.0)])


def test_the_worst_come_first_and_failures_before_them() -> None:
    rows = [scored(f"case{k}", identity=0.9, jitter=1.0) for k in range(4)]
    rows += [scored("poor", identity=0.2, jitter=5.0), scored("none", error="broken")]
    assert [one.case.name for one, _ in worst_first(rows)][:2] == ["none", "poor"]


def features(folder: Path, seed: int, shift: float) -> Path:
    folder.mkdir()
    rows = shift + np.random.default_rng(seed).standard_normal((6, 5))
    np.savez(folder / "features.npz", windows=rows.astype(np.float32))
    return folder


def test_sets_are_put_beside_the_real_ones(tmp_path: Path) -> None:
    systems = {
        name: [
            scored(f"{name}{k}", name, folder=features(tmp_path / f"{name}{k}", k, shift),
                   feature_windows=6.0)
            for k in range(3)
        ]
        for name, shift in (("near", 0.0), ("far", 4.0), ("real", 0.0))
    }  # fmt: skip
    found = set_figures(systems)
    assert found["near"]["fvd"] < 1 < found["far"]["fvd"]
    assert found["near"]["fvd_windows"] == 18 and "fvd" not in found["real"]
    assert "18 samples" in found["near"]["cautions"][0]
    assert "fid" not in found["near"]


@pytest.fixture
def finished(tmp_path: Path) -> report.Report:
    sheet = tmp_path / "sheet"
    sheet.mkdir()
    PillowImage.new("RGB", (300, 150)).save(sheet / "sheet.jpg")
    (sheet / "sheet.txt").write_text("portrait\nlips open, 5 %")
    rows: list[Any] = [
        scored("a", folder=sheet, identity=0.8, faces=1.0),
        scored("b", identity=0.9, faces=1.0), scored("x", error="'x' is <damaged>"),
        scored("a", "real", pose_intensity=0.4, faces=1.0),
    ]  # fmt: skip
    made_with = report.provenance(["openvasa", "evaluate", "videos", "v"], 0, Judges(), None)
    return report.assemble(rows, made_with, ["SyncNet is left out."], 0)


def test_the_report_holds_cases_means_and_provenance(
    finished: report.Report, tmp_path: Path
) -> None:
    report.write_report(finished, tmp_path / "report.json")
    read = json.loads((tmp_path / "report.json").read_text())
    assert read["systems"]["ours"]["figures"]["identity"]["mean"] == pytest.approx(0.85)
    assert [case["name"] for case in read["cases"]] == ["a", "b", "x", "a"]
    assert "error" in read["cases"][2] and read["made_with"]["seed"] == 0
    assert any("x" in note and "damaged" in note for note in read["notes"])
    assert list(read["systems"]) == ["ours", "real"]


def test_the_table_has_a_dash_for_what_is_not_known(finished: report.Report) -> None:
    table = report.terminal_table(finished)
    line = next(line for line in table.splitlines() if line.startswith("identity, cosine"))
    assert "0.850 ±0.050" in line and line.endswith("–")


def test_the_page_is_whole_in_itself(finished: report.Report, tmp_path: Path) -> None:
    write_page(finished, tmp_path / "r.html", "A <run>", "<p>more</p>")
    page = (tmp_path / "r.html").read_text()
    assert "data:image/jpeg;base64," in page and "<svg" in page and "<p>more</p>" in page
    assert "A &lt;run&gt;" in page and "&lt;damaged&gt;" in page
    assert "http" not in page.replace("http-equiv", "") and "<script" not in page
    assert page.index("is &lt;damaged&gt;") < page.index("data:image/jpeg")


def test_a_plot_of_equal_values_is_drawn() -> None:
    plot = strip_plot("same", [Strip("a", [2.0, 2.0], 2.0, 2.0, 2.0)])
    assert plot.count("<circle") == 2 and "nan" not in plot
