"""The measurement: complete, and readable by programs."""

import json
from pathlib import Path

import pytest

from openvasa.engine.bench import STAGES, bench

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_the_report_is_complete(bundle_folder, tmp_path) -> None:
    if not (EXAMPLES / "portrait.jpg").is_file():
        pytest.skip("the example portrait is not there")
    import wave

    from tiny_model import tone

    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((tone(0.6) * 32767).astype("<i2").tobytes())
    report = bench(bundle_folder, EXAMPLES / "portrait.jpg", tmp_path / "a.wav")
    line = json.loads(report.line())
    assert line["frames"] == 15 and line["fps"] > 0 and line["peak_mb"] > 0 and line["load_s"] > 0
    assert 320 < line["first_frame_ms"]
    assert set(line["stages"]) == set(STAGES) - {"paste"}
    assert sum(line["stages"].values()) == pytest.approx(line["cpu_ms"], abs=0.1)
    assert all(stage in report.table() for stage in line["stages"])
