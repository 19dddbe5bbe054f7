"""The consent statement: words are kept, of a file only the hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from openvasa.provenance.consent import read_consent
from openvasa.types import InputError


def test_words_are_kept_with_their_hash() -> None:
    consent = read_consent(" Ada agreed on 1 May. ")
    assert consent.text == "Ada agreed on 1 May."
    assert consent.sha256 == hashlib.sha256(consent.text.encode()).hexdigest()


def test_of_a_file_only_the_hash_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "agreement.pdf"
    file.write_bytes(b"\x00 signed")
    consent = read_consent(str(file))
    assert consent.text is None
    assert consent.sha256 == hashlib.sha256(b"\x00 signed").hexdigest()


@pytest.mark.parametrize(
    ("statement", "about"),
    [("  ", "empty"), ("no/such.txt", "check the name"), ("x" * 9999, "2000")],
)
def test_what_cannot_be_a_statement(statement: str, about: str) -> None:
    with pytest.raises(InputError, match=about):
        read_consent(statement)
