"""The plan: who speaks what, and what all systems share."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from openvasa.metrics.cases import (
    SYSTEMS,
    PortraitCase,
    Recording,
    other_photo,
    plan,
    portraits,
    recordings,
)
from openvasa.types import InputError

PEOPLE = [PortraitCase(f"p{k}", "CC0", Path(f"{k}.jpg"), "") for k in range(40)]
MAIN = [Recording(f"r{k}", "", Path(f"r{k}.wav")) for k in range(6)]
LIPS = [Recording(f"x{k}", "", Path(f"x{k}.wav")) for k in range(2)]


def test_every_portrait_speaks_and_recordings_take_turns() -> None:
    cases = plan(PEOPLE, MAIN, LIPS, everything=False)
    assert [case.recording.name for case in cases[:7]] == ["r0", "r1", "r2", "r3", "r4", "r5", "r0"]
    assert {case.portrait.name for case in cases if case.system == "ours"} == {
        f"p{k}" for k in range(40)
    }
    assert len({case.name for case in cases}) == len(cases)


def test_systems_share_cases_that_cover_every_recording() -> None:
    cases = plan(PEOPLE, MAIN, LIPS, everything=False)
    shared = {
        system: {(c.portrait.name, c.recording.name) for c in cases if c.system == system}
        for system in SYSTEMS
    }
    for system in SYSTEMS[1:]:
        assert shared[system] == shared["still"] and shared[system] <= shared["ours"]
    assert {recording for _, recording in shared["still"]} == {r.name for r in (*MAIN, *LIPS)}
    assert all(case.other.name != case.recording.name for case in cases)


def test_everything_is_every_pair() -> None:
    cases = plan(PEOPLE, MAIN, LIPS, everything=True)
    ours = [c for c in cases if c.system == "ours" and c.recording in MAIN]
    assert len(ours) == 240 and len({case.name for case in ours}) == 240


def test_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="check the folders"):
        portraits(tmp_path, tmp_path)
    with pytest.raises(InputError, match="check the folders"):
        recordings(tmp_path)


def test_a_recording_is_cut_and_its_phones_moved(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", "NONE"))
        out.writeframes(np.zeros(32_000, "<i2").tobytes())
    recording = Recording("a", "", tmp_path / "a.wav")
    assert len(recording.sound(1.5)) == 24_000 and recording.phones() is None
    np.savez(tmp_path / "a.npz", phones=["p", "a"], start=[0.5, 0.6], end=[0.6, 0.7])
    phones = recording.phones(lag=0.1)
    assert phones is not None and phones.names == ("p", "a")
    np.testing.assert_allclose(phones.start, [0.4, 0.5])


def test_only_london_people_have_another_photo() -> None:
    folder = Path("inst")
    neutral = PortraitCase("london_115", "London", folder / "neutral_front" / "115_03.jpg", "")
    smiling = PortraitCase(
        "london_119_smiling", "London", folder / "smiling_front" / "119_08.jpg", ""
    )
    assert other_photo(neutral) == folder / "smiling_front" / "115_08.jpg"
    assert other_photo(smiling) == folder / "neutral_front" / "119_03.jpg"
    assert other_photo(PEOPLE[0]) is None and smiling.person == "119"
