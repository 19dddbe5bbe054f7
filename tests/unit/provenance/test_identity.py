"""Who signs: made once, for its owner only, and never with a key that does not fit."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from openvasa.provenance import identity
from openvasa.provenance.identity import load_identity, local_file, local_root
from openvasa.types import InputError


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.delenv("OPENVASA_IDENTITY", raising=False)


def _own(tmp_path: Path, **renamed: bytes) -> tuple[Path, Path]:
    pem = identity._create()
    key, _, chain = pem.partition(b"-----BEGIN CERTIFICATE-----")
    paths = tmp_path / "chain.pem", tmp_path / "key.pem"
    paths[0].write_bytes(b"-----BEGIN CERTIFICATE-----" + chain)
    paths[1].write_bytes(key)
    return paths


def test_the_local_identity_is_made_once_and_private() -> None:
    assert local_root() is None and not local_file().exists()
    first = load_identity()
    assert load_identity() == first and first.algorithm == "es256"
    assert local_root() == first.root
    if sys.platform != "win32":
        assert stat.S_IMODE(local_file().stat().st_mode) == 0o600
    assert [file.name for file in local_file().parent.iterdir()] == ["identity.pem"]


def test_whoever_comes_second_uses_the_first_ones_file() -> None:
    first = load_identity()
    identity._write_private(local_file(), identity._create())
    assert load_identity() == first


def test_an_expired_local_identity_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_YEARS", 0)
    with pytest.raises(InputError, match="get a new one"):
        load_identity()
    monkeypatch.setattr(identity, "_YEARS", 10)
    assert load_identity()


def test_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, key = _own(tmp_path)
    own = load_identity(chain, key)
    assert own.certificates.count(b"BEGIN CERTIFICATE") == 2 and not local_file().exists()
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + chain.read_bytes())
    monkeypatch.setenv("OPENVASA_IDENTITY", str(both))
    assert load_identity() == own


def test_what_does_not_fit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, key = _own(tmp_path)
    with pytest.raises(InputError, match="give both"):
        load_identity(chain, None)
    with pytest.raises(InputError, match="no private key"):
        load_identity(chain, chain)
    with pytest.raises(InputError, match="holds no certificate"):
        load_identity(key, key)
    with pytest.raises(InputError, match="cannot read"):
        load_identity(tmp_path / "no.pem", key)
    monkeypatch.setenv("OPENVASA_IDENTITY", str(tmp_path / "no.pem"))
    with pytest.raises(InputError, match="cannot read"):
        load_identity()
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="does not belong"):
        load_identity(chain, _own(tmp_path / "other")[1])


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_settings_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="XDG_CONFIG_HOME"):
        load_identity()
