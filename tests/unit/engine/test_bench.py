"""The measurement: complete, comparable, and readable by programs."""

import json
import wave
from dataclasses import replace
from pathlib import Path

import pytest

from openvasa.engine.bench import STAGES, bench, line, table
from openvasa.types import InputError
from tiny_model import tone

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def reports(bundle_folder, tmp_path_factory):
    if not (EXAMPLES / "portrait.jpg").is_file():
        pytest.skip("the example portrait is not there")
    sound = tmp_path_factory.mktemp("sound") / "a.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((tone(0.6) * 32767).astype("<i2").tobytes())
    turns: list[str] = []
    made = bench(
        bundle_folder, EXAMPLES / "portrait.jpg", sound, backends=("onnx", "torch"), rounds=2,
        progress=turns.append,
    )  # fmt: skip
    assert turns == 2 * ["onnx", "torch"]
    return made


def test_the_report_is_complete(reports) -> None:
    found = json.loads(line(reports))
    assert found["frames"] == 15 and found["fps"] > 0 and found["load_s"] > 0
    assert 20 < found["peak_mb"] < 4000 and 320 < found["first_frame_ms"]
    assert list(found["stages"]) == ["encode", *STAGES] and min(found["stages"].values()) > 0
    parts = {part for stage in STAGES.values() for part in stage} - {"paste"}
    assert set(found["parts"]) == parts
    together = sum(found["parts"].values())
    assert together == pytest.approx(sum(found["stages"].values()) - found["encode_ms"], abs=0.1)
    assert all(part in table(reports) for part in [*STAGES, *(parts - {"mux"})])


def test_backends_stand_side_by_side(reports) -> None:
    ours, reference = json.loads(line(reports))["backends"].values()
    assert (ours["backend"], reference["backend"]) == ("onnx", "torch")
    assert ours["psnr_db"] > 40 and reference["psnr_db"] is None
    assert "onnx" in table(reports) and "torch" in table([reports[1]])
    assert "psnr_db" not in table([replace(reports[0], psnr_db=None)])


def test_what_is_not_there_is_told(tmp_path) -> None:
    with pytest.raises(InputError, match="backend 'none'"):
        bench("compact", tmp_path / "a.jpg", tmp_path / "a.wav", backends=("none",))
