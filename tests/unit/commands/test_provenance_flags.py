"""Flags that every writing verb shares: read before the work, told in one sentence."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openvasa.bundle import Bundle
from openvasa.commands.provenance_flags import add_flags, read_flags
from openvasa.face import find
from openvasa.media.image import save_png
from openvasa.provenance import signing
from openvasa.provenance.blocklist import Blocklist
from openvasa.provenance.c2pa_library import LibraryMissing
from openvasa.provenance.credentials import read_credentials
from openvasa.types import InputError
from tiny_model import tiny_face


def _parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return parser.parse_args(words)


def test_signed_and_labeled_unless_told_otherwise() -> None:
    asked = read_flags(_parse())
    assert asked.label and asked.consent is None and asked.blocklist is None
    assert not read_flags(_parse("--no-label")).label


def test_the_content_id_is_of_files_and_settings(tmp_path: Path) -> None:
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    for file, content in ((one, b"a"), (two, b"a"), (other, b"b")):
        file.write_bytes(content)
    asked = read_flags(_parse())
    marks = asked.marks(one, {"seed": 1})
    assert marks.label and marks.content_id == asked.marks(two, {"seed": 1}).content_id
    different = {
        asked.marks(other, {"seed": 1}).content_id,
        asked.marks(one, {"seed": 2}).content_id,
    }
    assert len(different | {marks.content_id}) == 3


def test_what_the_credentials_say(tmp_path: Path) -> None:
    asked = read_flags(_parse("--consent", "Nobody is shown."))
    bundle = Bundle(tmp_path, {"name": "tiny", "files": {}})
    target, marks = tmp_path / "a.png", asked.marks(1)
    with asked.release(target, asked.origin(bundle, marks)) as hidden:
        save_png(hidden, np.zeros((32, 32, 3), np.uint8))
    found = read_credentials(target)
    assert found.content_id == marks.content_id
    assert found.consent is not None and found.consent["text"] == "Nobody is shown."


def test_mistakes_are_told_at_once(tmp_path: Path) -> None:
    for words, about in [
        (["--certificate", "a.pem"], "give both"),
        (["--certificate", "a.pem", "--key", "b.pem"], "cannot read"),
        (["--consent", " "], "empty"),
        (["--blocklist", "a.npz"], "give both"),
    ]:
        with pytest.raises(InputError, match=about):
            read_flags(_parse(*words))


def test_refusal_needs_a_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    photo = tmp_path / "a.png"
    save_png(photo, tiny_face().photo)
    monkeypatch.setattr(find, "find_face", lambda image, which: tiny_face())
    asked = read_flags(_parse())
    asked.refuse(photo)
    everybody = Blocklist(np.ones((1, 1), np.float32), lambda _: np.ones(1, np.float32))
    with pytest.raises(InputError, match="must not be animated"):
        replace(asked, blocklist=everybody).refuse(photo)


def test_a_platform_without_the_library_is_told_when_the_file_is_released(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise LibraryMissing("no such platform")

    monkeypatch.setattr(signing, "c2pa_library", missing)
    asked, target = read_flags(_parse()), tmp_path / "a.png"
    with asked.release(
        target, asked.origin(Bundle(tmp_path, {"name": "t", "files": {}}))
    ) as hidden:
        save_png(hidden, np.zeros((8, 8, 3), np.uint8))
    assert "no signed credentials" in capsys.readouterr().err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "a.png.provenance.json"]
