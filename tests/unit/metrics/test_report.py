"""Sheets, tables and the report, from made-up figures."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image as PillowImage

from openvasa import Bundle
from openvasa.media.video import VideoWriter
from openvasa.metrics import tables
from openvasa.metrics.cases import SYSTEMS, PortraitCase
from openvasa.metrics.codes import Effect, average, change
from openvasa.metrics.results import write_results
from openvasa.metrics.sheet import Tile, choose, closer, write_overview, write_sheet
from openvasa.metrics.steering import sideways, smile, upward
from openvasa.metrics.track import FaceTrack

METER = {
    "frames": 100, "faces": 1.0, "sync_r": 0.5, "sync_lag": 1, "aperture": 0.05, "silence": 0.3,
    "dP": 0.2, "pose_range": [1.0, 2.0, 3.0], "blinks_min": 12.0, "jitter": 0.4, "sharp": 60.0,
}  # fmt: skip
LIPS = {
    "closures": 1, "bilabials": 2, "vowel_closures": 0, "vowels": 3, "wider": 3, "pairs": 4,
    "rest": 0.2, "rests": 1, "moving": 1, "clips": 1,
}  # fmt: skip


def row(system: str, portrait: str, **more: Any) -> dict[str, Any]:
    return {
        "name": f"{system}-{portrait}", "system": system, "portrait": portrait, "group": "CC0",
        "recording": "r", "meter": METER, "lips": LIPS, **more,
    }  # fmt: skip


def track(frames: int) -> FaceTrack:
    points = np.zeros((frames, 478, 2))
    points[:, 152, 1] = 100
    points[:, 14, 1] = points[:, 87, 1] = points[:, 317, 1] = 5
    points[3, [14, 87, 317], 1] = 20
    points[5, [14, 87, 317], 1] = 1
    angles, blink = np.zeros((frames, 2)), np.zeros(frames)
    angles[1, 0], angles[2, 0], blink[4] = -12, 11, 0.9
    return FaceTrack(points, angles, blink, np.ones(frames, np.bool_))


def test_frames_are_chosen_by_what_they_show() -> None:
    assert list(choose(track(8), 0.0).values()) == [5, 3, 1, 2, 4]


def test_a_sheet_and_an_overview(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "v.mp4", (64, 64), np.zeros(8 * 640, np.float32)) as writer:
        for k in range(8):
            writer.write(np.full((64, 64, 3), 30 * k, np.uint8))
    seen = track(8)
    portrait = Tile("portrait", np.zeros((64, 64, 3), np.uint8), seen.points[0])
    widest = write_sheet(portrait, tmp_path / "v.mp4", seen, 0.0, tmp_path / "s" / "a.jpg")
    assert abs(float(widest.mean()) - 90) < 6
    with PillowImage.open(tmp_path / "s" / "a.jpg") as sheet:
        assert sheet.width == 900
    write_overview([("a", portrait.image, widest)] * 7, tmp_path / "o.jpg")
    with PillowImage.open(tmp_path / "o.jpg") as overview:
        assert overview.width < 900


def test_the_closer_tile_reaches_past_the_edges() -> None:
    image = np.arange(100 * 100 * 3, dtype=np.uint32).astype(np.uint8).reshape(100, 100, 3)
    tile = Tile("", image, np.array([[-10.0, 0.0], [90.0, 90.0]]))
    shape = closer(tile).shape
    assert shape[0] == shape[1] > 100


def test_only_shared_cases_are_compared() -> None:
    rows = [row(system, "a") for system in SYSTEMS] + [row("ours", "b")]
    rows.append({"name": "x", "system": "still", "portrait": "b", "recording": "r", "error": "no"})
    assert {len(found) for found in tables.paired(rows, SYSTEMS).values()} == {1}


def test_lips_add_up_over_clips() -> None:
    assert tables.lips([row("ours", "a")] * 2) == [
        "50 % of 4", "0 % of 6", "75 % of 8", "0.20", "2 of 2"
    ]  # fmt: skip


def test_likeness_tells_people_apart() -> None:
    unit = np.eye(3, dtype=np.float32)
    facts: dict[str, dict[str, Any]] = {
        "a": {"vector": unit[0], "other": unit[0]}, "b": {"vector": unit[1]},
        "a2": {"vector": unit[0]},
    }  # fmt: skip
    persons = {"a": "A", "b": "B", "a2": "A"}
    np.testing.assert_array_equal(tables.between_people(facts, persons), [0, 0])
    np.testing.assert_array_equal(tables.same_person(facts), [1])


def test_change_counts_the_face_only() -> None:
    points = np.array([[-0.5, 0.5, 0.0], [0.5, -0.5, 0.0]], np.float32)
    avatar = cast(Any, SimpleNamespace(points=points))
    before = np.zeros((40, 40, 3), np.uint8)
    after = before.copy()
    after[:5] = 255  # above the face
    assert change(avatar, [before], [after]) == (0.0, 0.0, 0.0)
    after[:] = 10
    assert change(avatar, [before], [after]) == (10.0, 10.0, 1.0)


def test_effects_of_one_kind_are_averaged() -> None:
    effects = [Effect("a", 1, 0, 0, 0, 0), Effect("b", 5, 0, 0, 0, 0), Effect("a", 3, 8, 0.5, 0, 0)]
    assert average(effects) == [Effect("a", 2, 4, 0.25, 0, 0), Effect("b", 5, 0, 0, 0, 0)]


def test_steering_reads_eyes_and_mouth() -> None:
    seen = track(8)
    for left, right, iris in ((33, 133, 468), (362, 263, 473)):
        seen.points[:, left, 0], seen.points[:, right, 0], seen.points[:, iris, 0] = 10, 20, 18
    seen.points[:, [468, 473], 1] = -2
    assert sideways(seen)[0] == pytest.approx(30)
    assert upward(seen)[0] == pytest.approx(20)
    seen.points[:, [61, 291], 1] = 0.0
    assert smile(seen)[0] > 0  # corners above the middle of the lips


def test_the_report_keeps_what_someone_wrote(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text("{}")
    bundle = cast(
        Bundle,
        SimpleNamespace(name="m", path=tmp_path, config={"files": {"a.onnx": "ab" * 32}}),
    )
    people = [PortraitCase("a", "CC0", Path("a.jpg"), "hat")]
    rows = [row(system, "a", likeness=[0.8, 0.9]) for system in SYSTEMS]
    facts: dict[str, dict[str, Any]] = {"a": {"vector": np.ones(3)}}
    effect = {
        "what": "z_id",
        "levels": 1.0,
        "peak": 9.0,
        "share": 0.1,
        "pose": 0.0,
        "dynamics": 0.0,
    }
    wish = {"what": "near", "first": 2.0, "second": 1.0, "right": 1, "portraits": 1}
    probes = {"codes": [effect], "conditions": [effect], "steering": [wish]}
    target = tmp_path / "results.md"
    write_results(target, people, rows, facts, probes, bundle, 6.0)
    text = target.read_text(encoding="utf-8")
    assert "Not looked at yet." in text and "| a | hat | r | 0.500 |" in text
    target.write_text(text.replace("Not looked at yet.", "Lips look soft."))
    write_results(target, people, rows, facts, probes, bundle, 6.0)
    assert "Lips look soft." in target.read_text(encoding="utf-8")
