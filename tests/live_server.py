"""A real server of the tiny model on a port of this computer, for clients that open sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from openvasa.engine.animator import Animator
from openvasa.server.app import create_app
from openvasa.server.draining import DrainingServer
from openvasa.server.settings import Settings


@contextmanager
def listening(animator: Animator, settings: Settings) -> Iterator[str]:
    """Yields the server's address."""
    server = DrainingServer(create_app(animator, settings), 0, port=0, log_level="error")
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)
