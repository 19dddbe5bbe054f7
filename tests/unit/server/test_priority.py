"""Threads that yield."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from openvasa.server.priority import LOW, yield_to_live
from server_client import LIVE, hello, receive, upload

linux = pytest.mark.skipif(sys.platform != "linux", reason="niceness by thread is Linux alone")


def _niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@linux
def test_only_the_thread_and_those_it_starts_yield() -> None:
    before, seen = _niceness(), []

    def work(depth: int) -> None:
        if not depth:
            yield_to_live()
        seen.append(_niceness())
        if depth < 1:
            _in_a_thread(work, depth + 1)

    _in_a_thread(work, 0)
    assert seen == [min(before + LOW, 19)] * 2 and _niceness() == before


def _in_a_thread(run, *given) -> None:
    thread = threading.Thread(target=run, args=given)
    thread.start()
    thread.join()


@linux
@pytest.mark.parametrize(("pace", "yields"), [("live", 0), ("free", LOW)])
def test_files_yield_and_live_sessions_do_not(client, pace: str, yields: int) -> None:
    with client.websocket_connect(LIVE) as socket:
        socket.send_text(hello(upload(client), pace=pace))
        assert receive(socket)["type"] == "ready"
        (thread,) = [t for t in threading.enumerate() if t.name == "openvasa-live"]
        assert thread.native_id is not None
        found = os.getpriority(os.PRIO_PROCESS, thread.native_id)
        assert found == min(_niceness() + yields, 19)
