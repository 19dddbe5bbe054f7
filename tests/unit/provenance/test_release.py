"""A file gets its name signed, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openvasa.provenance import release
from openvasa.provenance.c2pa_library import LibraryMissing
from openvasa.provenance.credentials import State, read_credentials
from openvasa.provenance.identity import load_identity
from openvasa.provenance.origin import Origin, file_hash
from openvasa.provenance.release import release_file
from openvasa.types import InputError
from signed_video import plain_video

ORIGIN = Origin(model="tiny", model_hash="0" * 64, content_id=7)


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_the_file_is_signed_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"an older one")
    with release_file(target, ORIGIN, load_identity()) as hidden:
        plain_video(hidden)
        assert target.read_bytes() == b"an older one"
    assert read_credentials(target).content_id == 7 and _names(tmp_path) == ["a.mp4"]


def test_beside(tmp_path: Path) -> None:
    with release_file(tmp_path / "a.mp4", ORIGIN, load_identity(), beside=True) as hidden:
        plain_video(hidden)
    assert _names(tmp_path) == ["a.mp4", "a.mp4.c2pa"]
    assert read_credentials(tmp_path / "a.mp4").state is State.UNTRUSTED


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_what_was_there(error: type, tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"an older one")
    with pytest.raises(error), release_file(target, ORIGIN, load_identity()) as hidden:
        plain_video(hidden)
        raise error
    assert target.read_bytes() == b"an older one" and _names(tmp_path) == ["a.mp4"]


def test_what_cannot_be_signed_is_never_released(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    with (
        pytest.raises(InputError, match="cannot be signed"),
        release_file(target, ORIGIN, load_identity()) as hidden,
    ):
        hidden.write_bytes(b"no picture")
    assert _names(tmp_path) == []


def test_without_the_library_it_is_told_and_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise LibraryMissing("no such platform")

    monkeypatch.setattr(release, "sign_file", missing)
    target, told = tmp_path / "a.mp4", []
    with release_file(target, ORIGIN, load_identity(), tell=told.append) as hidden:
        plain_video(hidden)
    assert "no signed credentials" in told[0] and "no such platform" in told[0]
    note = json.loads((tmp_path / "a.mp4.provenance.json").read_text())
    assert note["sha256"] == file_hash(target) and note["signed"] is False
    with pytest.warns(UserWarning), release_file(target, ORIGIN, load_identity()) as hidden:
        plain_video(hidden)
