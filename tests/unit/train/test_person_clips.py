"""A face followed through videos: its crops, what is held out, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.talking_video import moved, portrait, write

from openvasa.data.head import load_basis
from openvasa.train import person_clips
from openvasa.train.person_clips import follow_person
from openvasa.types import InputError


def test_faces_of_all_videos_and_the_end_of_each_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_clips, "LEAST", 6)
    monkeypatch.setattr(person_clips, "MOST", 10)
    frames = moved(portrait(), 20)
    first, second = (
        write(tmp_path / f"{k}.mp4", part, None) for k, part in enumerate((frames[:8], frames[8:]))
    )
    person = follow_person([first, second], tmp_path / "faces", load_basis(), 64)
    assert [Path(name).stem for name in person.train.files] == [
        "000_000000", "000_000002", "000_000004",
        "001_000000", "001_000002", "001_000004", "001_000006", "001_000008",
    ]  # fmt: skip
    assert [Path(name).stem for name in person.held_out.files] == ["000_000006", "001_000010"]
    assert list(person.train.group) == [0] * 3 + [1] * 5
    assert list(person.held_out.group) == [0, 1]
    assert all(Path(name).is_file() for name in [*person.train.files, *person.held_out.files])
    assert np.abs(person.train.pose[:, :3]).max() < 0.6  # radians: the portrait looks ahead


def refusal(clip: Path, folder: Path, face: int | None = None) -> str:
    with pytest.raises(InputError) as refused:
        follow_person([clip], folder / "faces", load_basis(), 64, face)
    return str(refused.value)


def test_videos_of_no_use_are_refused(tmp_path: Path) -> None:
    picture = portrait()
    noise = np.random.default_rng(0).integers(0, 255, picture.shape, dtype=np.uint8)
    nobody = write(tmp_path / "nobody.mp4", [noise] * 3, None)
    assert "no face was found" in refusal(nobody, tmp_path)
    short = write(tmp_path / "short.mp4", moved(picture, 4), None)
    assert "4 pictures only" in refusal(short, tmp_path)
    two = write(tmp_path / "two.mp4", [np.concatenate([picture, picture], 1)] * 4, None)
    assert "2 faces" in refusal(two, tmp_path)
    assert "4 pictures only" in refusal(two, tmp_path, face=2)
    far = np.full_like(picture, 128)
    far[96:160, 96:160] = picture[::4, ::4]
    assert "pixels high" in refusal(write(tmp_path / "far.mp4", [far] * 3, None), tmp_path)
    assert not (tmp_path / "faces").exists()
