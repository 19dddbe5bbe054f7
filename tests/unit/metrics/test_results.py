"""The document: tables, groups, a contact sheet, and what someone wrote after looking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image as PillowImage

from openvasa.metrics import report
from openvasa.metrics.judges import Judges
from openvasa.metrics.results import write_results
from openvasa.metrics.scoring import Scored
from openvasa.metrics.video_case import VideoCase


def scored(name: str, folder: Path, language: str, **values: float) -> Scored:
    tags = {"language": language, "traits": "beard, hat"}
    case = VideoCase(name, "ours", Path(f"{name}.mp4"), tags=tags)
    return Scored(case, {"faces": 1.0, "frames": 50.0, **values}, "", folder)


def finished(tmp_path: Path) -> report.Report:
    rows: list[Any] = []
    for k in range(30):
        folder = tmp_path / f"case{k}"
        folder.mkdir()
        PillowImage.new("RGB", (300, 150)).save(folder / "sheet.jpg")
        language = "Thai" if k == 0 else "English"
        rows.append(scored(f"case{k}", folder, language, identity=0.8, jitter=float(k)))
    rows.append(Scored(VideoCase("x", "ours", Path("x.mp4")), {}, "broken", tmp_path))
    command = ["openvasa", "evaluate", "benchmark", str(Path("/", "where", "someone", "cases.csv"))]
    made_with = report.provenance(command, 0, Judges(), None)
    made_with["model"] = {"name": "m", "a.onnx": "ab" * 32, "config.json": "cd" * 32}
    found = report.assemble(rows, made_with, ["SyncNet is left out."], 0)
    found.extra["probes"] = {
        "codes": [], "conditions": [], "likeness": [],
        "steering": [{"what": "near", "first": 2.0, "second": 1.0, "right": 1, "portraits": 1}],
    }  # fmt: skip
    return found


def test_the_document_holds_everything_and_no_folders(tmp_path: Path) -> None:
    target = tmp_path / "docs" / "results.md"
    write_results(finished(tmp_path), target)
    text = target.read_text(encoding="utf-8")
    assert "| identity, cosine (higher) | 0.800 ±0.000 |" in text
    assert "`openvasa evaluate benchmark cases.csv`" in text and "someone" not in text
    assert text.index("`config.json` | `cdcdcdcdcdcdcdcd`") < text.index("`a.onnx`")
    assert "not judged: ours/x." in text and "1500 of the 1500 frames" in text
    assert "| language: English | 29 |" in text and "Thai" not in text  # one case is no group
    assert "| traits: hat | 30 |" in text and "| near | 2.0 | 1.0 | 1 of 1 |" in text
    assert "- SyncNet is left out." in text
    with PillowImage.open(tmp_path / "docs" / "images" / "results.jpg") as sheet:
        assert sheet.width == 300 and 20 * 150 < sheet.height < 25 * 170


def test_what_someone_wrote_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "results.md"
    found = finished(tmp_path)
    write_results(found, target)
    text = target.read_text(encoding="utf-8")
    assert "Not looked at yet." in text
    target.write_text(text.replace("Not looked at yet.", "Lips look soft."), encoding="utf-8")
    write_results(found, target)
    assert "Lips look soft." in target.read_text(encoding="utf-8")
    assert not list(tmp_path.glob(".*"))
