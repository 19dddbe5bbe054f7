"""Damage does what it says, and the table finds the figure that was made for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.metrics import corruption_table, corruptions
from openvasa.metrics.face_sequence import FaceSequence
from openvasa.metrics.scoring import Scored
from openvasa.metrics.video_case import VideoCase
from openvasa.metrics.video_clock import pictures, sound_of
from talking_video import cut_to, portrait, speech, write


def test_sound_is_shifted_and_swapped(tmp_path: Path) -> None:
    tone = speech()
    videos = [
        write(tmp_path / f"{k}.mp4", [portrait(96)] * 20, cut_to(tone[k * 16000 :], 20))
        for k in range(2)
    ]
    jobs = {
        (case.name, case.system): (case, make)
        for case, make in corruptions.plan(videos, tmp_path / "out")
    }
    assert {damage for _, damage in jobs} == {"clean", *corruptions.MADE_FOR}
    heard = {}
    for damage in ("clean", "shift 3", corruptions.SHUFFLED):
        case, make = jobs["0", damage]
        make()
        sound = sound_of(case.video, 20)
        assert sound is not None
        heard[damage] = sound
    late = 3 * 640
    same = np.corrcoef(heard["clean"][:-late], heard["shift 3"][late:])[0, 1]
    assert same > 0.98 and np.abs(heard["shift 3"][: late - 640]).max() < 0.02
    assert np.corrcoef(heard["clean"], heard[corruptions.SHUFFLED])[0, 1] < 0.5
    swapped, _ = jobs["0", corruptions.SWAPPED]
    assert swapped.portrait is not None and swapped.portrait.stem == "1"
    assert jobs["0", "clean"][0].portrait.stem == "0"
    changed = next(iter(pictures(jobs["0", "clean"][0].video)))[1]
    assert np.abs(changed.astype(int) - portrait(96)).mean() < 6


def test_a_part_is_carried_along() -> None:
    points = np.zeros((478, 3))
    rng = np.random.default_rng(0)
    points[:, :2] = rng.uniform(30, 70, (478, 2))
    source = np.full((100, 100, 3), 200, np.uint8)
    image = np.zeros((100, 100, 3), np.uint8)
    region, anchors = np.array([1, 2, 3]), np.arange(10)
    points[region, :2] = [[45, 45], [55, 45], [50, 55]]
    out = corruptions.carried(image, source, points, points, region, anchors, 1.5)
    assert out[50, 50, 0] == 200 and out[10, 10, 0] == 0
    moved = points + [20, 0, 0]
    out = corruptions.carried(image, source, moved, points, region, anchors, 1.5)
    assert out[50, 70, 0] == 200 and out[50, 40, 0] == 0


def test_frozen_and_shaken_pictures() -> None:
    images = [np.full((32, 32, 3), k, np.uint8) for k in range(4)]
    points = np.zeros((4, 478, 3))
    points[:, 152, 1] = 400
    face = FaceSequence(points, np.ones(4, np.bool_))
    assert {int(image[0, 0, 0]) for image in corruptions._frozen(images, face)} == {0}
    pattern = [np.tile(np.arange(0, 256, 8, dtype=np.uint8)[:, None, None], (1, 32, 3))] * 4
    shaken = list(corruptions._shaken(pattern, face))
    assert len({image.tobytes() for image in shaken}) == 4


def case(name: str, damage: str, **values: float) -> Scored:
    return Scored(VideoCase(name, damage, Path("v.mp4")), values, "", Path("none"))


def test_the_table_standardizes_by_how_people_differ() -> None:
    rows = []
    for k in range(4):
        rows.append(case(f"v{k}", "clean", sharpness=1.0 + 0.1 * k, jitter=1.0 + k))
        rows.append(case(f"v{k}", "blurred", sharpness=0.2 + 0.1 * k, jitter=1.5 + k))
    table = corruption_table.drops(rows)
    assert [row.damage for row in table] == ["blurred"]
    spread = np.std([1.0, 2.0, 3.0, 4.0], ddof=1) / np.sqrt(2)
    assert table[0].drops["jitter"] == pytest.approx(0.5 / spread)
    assert table[0].drops["sharpness"] > table[0].drops["jitter"] > 0
    assert table[0].largest == "sharpness" and table[0].right and table[0].videos == 4
    assert "yes" in corruption_table.as_text(table) and "<b>" in corruption_table.as_html(table)
    assert corruption_table.as_json(table)[0]["right"] is True


def test_getting_better_is_a_negative_drop() -> None:
    rows = []
    for k in range(3):
        rows.append(case(f"v{k}", "clean", identity=0.5 + 0.1 * k))
        rows.append(case(f"v{k}", "identity swapped", identity=0.8 + 0.1 * k))
    assert corruption_table.drops(rows)[0].drops["identity"] < 0
