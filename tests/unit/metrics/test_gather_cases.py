"""Cases are gathered from their sources, checked by hash; what is missing is told."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from openvasa.metrics.benchmark import read_cases
from openvasa.metrics.gather_cases import check_hash, folder_of, gather, main
from openvasa.types import InputError
from talking_video import cut_to, portrait, speech, write

PUBLISHED = Path(__file__).parents[3] / "benchmark" / "cases.csv"


def test_cases_are_gathered(tmp_path: Path) -> None:
    checkout = tmp_path / "sources" / "owner+name"
    checkout.mkdir(parents=True)
    video = write(checkout / "v.mp4", [portrait(64)] * 5, cut_to(speech(), 5))
    PillowImage.fromarray(portrait(80)).save(checkout / "p.png")
    digest = f"sha256:{hashlib.sha256(video.read_bytes()).hexdigest()}"
    source = "github:owner/name@0123"
    rows = [
        {"name": "a", "portrait": "v.mp4", "audio": "v.mp4", "video": "v.mp4", "traits": "hat",
         "portrait_hash": digest, "same_person": "yes"},
        {"name": "b", "portrait": "p.png", "portrait_crop": "10 20 50 60", "audio": "v.mp4"},
        {"name": "soft", "portrait": "p.png", "audio": "v.mp4", "audio_change": "whispered"},
        {"name": "odd", "portrait": "p.png", "audio": "v.mp4", "audio_change": "shouted"},
        {"name": "c", "portrait": "none.png", "audio": "v.mp4"},
        {"name": "d", "portrait": "p.png", "audio": "v.mp4", "audio_hash": "sha256:00"},
    ]  # fmt: skip
    columns = [*rows[0], "portrait_crop", "audio_hash", "audio_change", "portrait_source",
               "audio_source", "video_source"]  # fmt: skip
    with (tmp_path / "list.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        for row in rows:
            given = {f"{kind}_source": source for kind in ("portrait", "audio", "video")}
            writer.writerow(row | given)
    out = tmp_path / "out"
    gathered, missing = gather(tmp_path / "list.csv", tmp_path / "sources", out)
    assert [row["name"] for row in gathered] == ["a", "b", "soft"] and len(missing) == 3
    assert "no change" in missing[0]
    assert "c is left out" in missing[1] and "not the file" in missing[2]
    one, two, soft = read_cases(out / "cases.csv")
    assert one.same_person and one.tags == {"traits": "hat"} and one.video is not None
    with PillowImage.open(one.portrait) as picture:
        assert np.abs(np.asarray(picture).astype(int) - portrait(64)).mean() < 5
    assert soft.audio.suffix == ".wav" and soft.tags == {}
    with PillowImage.open(two.portrait) as picture:
        assert picture.size == (40, 40)


def test_hashes_and_sources(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"hello\n")
    check_hash(file, "git-blob:ce013625030ba8dba906f756967f9e9ca394464a")
    check_hash(file, "")
    for wanted in ("sha256:00", "git-blob:00", "md5:00"):
        with pytest.raises(InputError):
            check_hash(file, wanted)
    assert folder_of("pypi:openpeople==0.1.2", tmp_path).name == "openpeople"
    with pytest.raises(InputError, match="names no source"):
        folder_of("somewhere", tmp_path)
    assert main([str(tmp_path / "none.csv"), "--sources", ".", "--out", str(tmp_path)]) == 2


def test_the_published_list_is_complete() -> None:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["name"] for row in rows}) > 90
    for row in rows:
        for kind in ("portrait", "audio"):
            assert row[kind] and row[f"{kind}_source"] and row[f"{kind}_licence"], row["name"]
        assert row["portrait_hash"].startswith("sha256:")
        # Spoken by a network on each machine: the same sentence, not the same bits.
        made = row["audio_source"].startswith("openvasa:")
        assert row["audio_hash"] or made and row["voice"] == "text-to-speech"
