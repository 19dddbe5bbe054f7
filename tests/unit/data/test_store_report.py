"""The report page: complete, self-contained, and never fooled by what inputs are called."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from openvasa.data.packing import pack
from openvasa.data.shards import Sample
from openvasa.data.store import create, write_unit
from openvasa.data.store_report import write_report
from openvasa.types import SAMPLES_PER_FRAME

ABOUT = {
    "source": "<script>x</script>", "licence": "CC BY 4.0", "consent": "signed", "person": "ann",
    "split": "train", "status": "kept", "reason": "", "start": 0.0, "end": 4.0,
    "emotion": {"happy": 0.5},
}  # fmt: skip


def _picture_arrays() -> dict[str, np.ndarray]:
    from openvasa.data.crop_pictures import encode_jpeg

    blobs = [encode_jpeg(np.full((32, 32, 3), 60 * k, np.uint8)) for k in range(3)]
    return {
        "jpeg": np.frombuffer(b"".join(blobs), np.uint8),
        "offsets": np.cumsum([0, *map(len, blobs)]),
        "pose": np.radians(np.full((100, 6), 10.0)).astype("f4"),
        "gaze": np.full((100, 2), 5.0, "f4"),
        "audio": np.zeros(100 * SAMPLES_PER_FRAME, "i2"),
    }


def _store(folder: Path) -> Path:
    create(folder)
    other = {**ABOUT, "person": "bob", "licence": "CC0", "split": "validation"}
    samples = [Sample("a", "real", ABOUT, _picture_arrays()), Sample("b", "real", other, {})]
    bad = {"status": "dropped", "split": "", "start": 1.0, "end": 3.0}
    dropped = [
        {**ABOUT, **bad, "reason": "no face in 12 of 40 frames"},
        {**ABOUT, **bad, "reason": "no face in 3 of 41 frames"},
        {**ABOUT, **bad, "reason": "silent"},
    ]
    write_unit(folder, "real", "u", samples, dropped)
    pack(folder)
    return folder


def test_the_page_tells_counts_hours_licences_and_reasons(tmp_path: Path) -> None:
    page = write_report(_store(tmp_path / "store")).read_text()
    rows = re.sub("<[^>]+>", "|", page)
    assert re.search(r"real\|+train\|+1\|+1\|+0.001", rows)
    assert re.search(r"CC BY 4.0\|+signed\|+real\|+1", rows)
    assert re.search(r"no face in # of # frames\|+2\|", rows)
    assert re.search(r"silent\|+1\|", rows)
    assert "head yaw" in page and "10 (10 to 10)" in page and "gaze pitch" in page
    assert "happy" in page and page.count("data:image/jpeg") == 1


def test_the_page_asks_for_nothing_and_runs_nothing(tmp_path: Path) -> None:
    page = write_report(_store(tmp_path / "store")).read_text()
    assert "<script" not in page and "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page) and "url(" not in page


def test_an_empty_store_has_a_page_too(tmp_path: Path) -> None:
    create(tmp_path / "store")
    pack(tmp_path / "store")
    assert "None was." in write_report(tmp_path / "store").read_text()


def test_unstated_licences_are_told(tmp_path: Path) -> None:
    create(tmp_path / "store")
    about = {**ABOUT, "consent": "not stated"}
    write_unit(tmp_path / "store", "real", "u", [Sample("a", "real", about, {})], [])
    pack(tmp_path / "store")
    assert "of 1 of 1 samples is not stated" in write_report(tmp_path / "store").read_text()
