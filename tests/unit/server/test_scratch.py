"""The folder of what clients brought."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from openvasa.server.scratch import Scratch

posix = pytest.mark.skipif(sys.platform == "win32", reason="no such locks there")
_HOLDER = """
import sys
from pathlib import Path
from openvasa.server.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
(scratch.folder / "portrait").write_bytes(b"a face")
print(scratch.folder, flush=True)
sys.stdin.read()
"""


def test_it_is_gone_at_the_end(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    (scratch.folder / "a").mkdir()
    scratch.close()
    assert not list(tmp_path.iterdir())


@posix
def test_two_servers_have_two(tmp_path: Path) -> None:
    one, other = Scratch(tmp_path), Scratch(tmp_path)
    assert one.folder.is_dir() and other.folder.is_dir() and one.folder != other.folder
    assert not one.folder.stat().st_mode & 0o077
    one.close()
    other.close()


@posix
def test_what_a_killed_server_left_goes_with_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        folder = Path(holder.stdout.readline().decode().strip())
        Scratch(tmp_path).close()
        assert (folder / "portrait").is_file()  # it lives
        holder.kill()
    assert folder.is_dir()
    Scratch(tmp_path).close()
    assert not folder.exists()


@posix
def test_what_is_not_a_server_s_stays(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "lock").write_bytes(b"")
    (tmp_path / "openvasa-serve-link").symlink_to(mine)
    (tmp_path / "openvasa-serve-empty").mkdir()
    Scratch(tmp_path).close()
    assert (mine / "lock").is_file() and (tmp_path / "openvasa-serve-empty").is_dir()
