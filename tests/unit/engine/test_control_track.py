"""Controls over time: through the keys, smooth, never beyond; mistakes are told with their line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from openvasa.engine.control_track import COLUMNS, ControlTrack, in_force, read_controls
from openvasa.types import EMOTIONS, Controls, InputError


def written(folder: Path, text: str, ending: str = "csv") -> Path:
    path = folder / f"keys.{ending}"
    path.write_text(text, encoding="utf-8")
    return path


def test_curves_go_through_the_keys_smoothly_and_never_beyond() -> None:
    rng = np.random.default_rng(0)
    times, values = np.arange(12.0), rng.uniform(0.8, 1.25, 12)
    pairs = zip(times, values, strict=True)
    track = ControlTrack(tuple((float(t), {"distance": float(v)}) for t, v in pairs))
    at_keys = [track.at(float(t)).distance for t in times]
    np.testing.assert_allclose(np.array(at_keys, float), values, atol=1e-12)
    fine = np.array([track.at(t).distance for t in np.arange(0, 11, 0.01)], float)
    assert values.min() - 1e-9 <= fine.min() and fine.max() <= values.max() + 1e-9
    assert np.abs(np.diff(fine, 2)).max() < 2e-3  # no corners
    between = fine.reshape(11, 100)
    for k in range(11):  # monotone from key to key
        assert (np.diff(between[k]) * (values[k + 1] - values[k]) >= -1e-12).all()


def test_dense_keys_of_a_line_are_the_line() -> None:
    track = ControlTrack(tuple((k / 10, {"blinks": float(k)}) for k in range(60)))
    inside = np.arange(0.2, 5.6, 0.013)
    np.testing.assert_allclose([track.at(t).blinks for t in inside], 10 * inside, atol=1e-9)


def test_values_are_held_outside_and_each_curve_has_keys_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, "time,gaze_yaw,gaze_pitch,distance\n1,10,,1.2\n2,,5,\n3,-10,,\n")
    track = read_controls(path, Controls(blinks=20, distance=0.5))
    assert track.at(0).gaze == (10, 5) and track.at(99).gaze == (-10, 5)
    assert track.at(2).gaze == (0, 5) and track.at(0).blinks == 20
    assert track.at(0).distance == track.at(50).distance == 1.2
    assert track.at(1).emotion_offset is None and track.at(1).head is None


def test_csv_and_json_say_the_same(tmp_path: Path) -> None:
    rows = [
        {"time": 0, "emotion": "happy:0.4", "head_roll": 5, "movement": 1},
        {"time": 2.5, "emotion": "sad", "head_roll": -5, "expressiveness": 1.5},
    ]
    text = "time,emotion,head_roll,movement,expressiveness\n0,happy:0.4,5,1,\n2.5,sad,-5,,1.5\n"
    one = read_controls(written(tmp_path, text))
    two = read_controls(written(tmp_path, json.dumps(rows, indent=1), "json"))
    assert all(one.at(t) == two.at(t) for t in (0, 1.1, 3))
    offset = one.at(1.25).emotion_offset
    assert offset is not None
    np.testing.assert_allclose(offset, [0.2, 0.5, 0, 0, 0, 0])


def test_a_named_emotion_gives_way_to_the_track_s() -> None:
    track = ControlTrack(((0.0, {"sad": 0.5}),), Controls(emotion=("happy", 1.0)))
    now = in_force(track, 1.0)
    assert now.emotion is None and now.emotion_offset == (0, 0.5, 0, 0, 0, 0)
    assert in_force(Controls(blinks=3), 9.0) == Controls(blinks=3)


@pytest.mark.parametrize(
    ("text", "ending", "about"),
    [
        ("time,distance\n0,1\n1,far\n", "csv", "line 3: the distance must be a number, not 'far'"),
        ("time,distance\n0,1\n0,1.1\n", "csv", "line 3: the time 0 does not come after 0"),
        ("time,distance\n-1,1\n", "csv", "line 2: the time must be 0"),
        ("time,distance\nnan,1\n", "csv", "line 2: the time must be 0"),
        ("time,distance\n0,99\n", "csv", "line 2: The distance must lie between"),
        ("time,gaze_yaw\n0,nan\n", "csv", "line 2: Gaze angles"),
        ("time,yaw\n0,1\n", "csv", "line 2: there is no control 'yaw'"),
        ("distance\n1\n", "csv", "line 2: the time is missing"),
        ("time,emotion\n0,joyful\n", "csv", "line 2: Unknown emotion"),
        ("time,emotion,sad\n0,happy,0.5\n", "csv", "line 2: give an emotion by name or by"),
        ("time,distance\n0,1,7\n", "csv", "more values than columns"),
        ("time,distance\n", "csv", "from 1 to 100000 keys, not 0"),
        ('[\n {"time": 0},\n {"time": 1, "blinks": 99}\n]', "json", "line 3: The control blinks"),
        ('[\n {"time": 0}\n {"time": 1}\n]', "json", "line 3: a comma"),
        ('[\n {"time": 0},\n {"time": tomorrow}\n]', "json", "line 3: Expecting value"),
        ('[\n {"time": true}\n]', "json", "line 2: the time must be a number"),
        ('{"time": 0}', "json", "line 1: the file must hold a list of objects"),
        ("[1]", "json", "line 1: a key must be an object"),
        ("[]", "json", "not 0"),
        ('[{"time": 0}', "json", "line 1: a comma or the end of the list is missing"),
        ("", "json", "must hold a list"),
        ("time\n0\n", "txt", "must end in .csv or .json"),
    ],
)
def test_mistakes_are_told_with_their_line(
    tmp_path: Path, text: str, ending: str, about: str
) -> None:
    with pytest.raises(InputError) as told:
        read_controls(written(tmp_path, text, ending))
    assert about in str(told.value) and "\n" not in str(told.value)


def test_a_track_made_by_hand_is_checked() -> None:
    with pytest.raises(InputError, match="key 2"):
        ControlTrack(((0.0, {"distance": 1.0}), (1.0, {"distance": 0.0})))
    with pytest.raises(InputError, match="at least one"):
        ControlTrack(())
    with pytest.raises(InputError, match="check the file"):
        read_controls(Path("there/is/none.csv"))


def test_columns_are_those_of_the_document() -> None:
    table = (Path(__file__).parents[3] / "docs/controls.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in table for name in (*COLUMNS, *EMOTIONS))
