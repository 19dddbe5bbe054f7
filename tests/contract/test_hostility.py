"""Hostile and unlucky clients, a few of each kind, on real sockets: nothing of them stays behind.

Many of each, with a look at memory and at the rate of somebody else: tests/hostile_load.py.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import hostile_clients as hostile
from hostile_load import settled
from live_server import listening
from server_client import StudioAnimator, picture, settings_with
from tiny_model import tiny_bundle

PATIENCE = 2.0  # seconds


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, str]]:
    """A server's address, and an avatar."""
    animator = StudioAnimator.load(tiny_bundle())
    with listening(animator, settings_with(sessions=6, stalled_seconds=PATIENCE)) as base:
        avatar = hostile.created_avatar(base, picture())
        hostile.cuts(base, avatar, 1, 0.3)  # what is made once is made now
        yield base, avatar


def _threads() -> int:
    """The server's own; those of the clients and of the web framework come and go."""
    return sum(thread.name.startswith("openvasa") for thread in threading.enumerate())


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def _soon(holds, seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return bool(holds())


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files as Linux does")
@pytest.mark.parametrize("attack", ["cuts", "half_open", "slow_readers"])
def test_no_thread_and_no_file_stays(server: tuple[str, str], attack: str) -> None:
    base, avatar = server
    assert settled(base, 0)
    threads, files = _threads(), _open_files()
    run = {
        "cuts": lambda: hostile.cuts(base, avatar, 6, 0.3),
        "half_open": lambda: hostile.half_open(base, avatar, 8),
        "slow_readers": lambda: hostile.slow_readers(base, avatar, 2, 0.5),
    }[attack]
    run()
    assert settled(base, 0)
    assert _soon(lambda: _threads() <= threads), threading.enumerate()
    assert _soon(lambda: _open_files() <= files)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the kernel cannot tell")
def test_who_reads_nothing_and_stays_loses_seat_and_socket(server: tuple[str, str]) -> None:
    base, avatar = server
    assert settled(base, 0)
    files = _open_files()
    held = hostile.unread(base, avatar, 2)
    time.sleep(0.5)
    assert not settled(base, 0, 0.1)
    assert settled(base, 0)  # the clients' own sockets are still open
    assert _soon(lambda: _open_files() <= files + len(held), 10 * PATIENCE)
    for raw in held:
        raw.close()


def test_wrong_messages_are_answered_and_somebody_else_goes_on(server: tuple[str, str]) -> None:
    base, avatar = server
    assert settled(base, 0)
    bystander = hostile.Bystander(base, avatar)
    bystander.start()
    answers = hostile.malformed(base, avatar, 1)
    bystander.stop()
    known = {"1009", "1013", "4400", "4404", "202", "404", "413", "422"}  # no failure of the server
    assert set(answers.values()) <= known, answers
    assert len(bystander.came) > 10 and not bystander.trouble
    assert settled(base, 0)
