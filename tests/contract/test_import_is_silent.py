"""`import openvasa` opens nothing, starts nothing and brings no heavy package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import openvasa

PROBE = """
import sys, threading
events = []
watched = ("socket.connect", "subprocess.Popen", "os.mkdir", "os.putenv")
def watch(event, arguments):
    if event in watched:
        events.append(event)
    if event == "open" and not str(arguments[0]).endswith((".py", ".pyc")):
        if isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
            events.append(f"writes {arguments[0]}")
sys.dont_write_bytecode = True
sys.addaudithook(watch)
import openvasa
heavy = {"torch", "av", "onnxruntime", "numba", "PIL", "numpy"} & set(sys.modules)
assert not heavy, heavy
assert not events, events
assert threading.active_count() == 1
"""


def test_import_is_silent(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")
    assert not list(tmp_path.iterdir())


def test_every_public_name_is_there() -> None:
    assert sorted(openvasa.__all__) == list(openvasa.__all__)
    for name in openvasa.__all__:
        assert name in dir(openvasa)
        assert getattr(openvasa, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = openvasa.nothing
