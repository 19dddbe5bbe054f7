"""A server that is asked to stop lets its clients finish: no new ones, and a limit to the wait."""

from __future__ import annotations

import signal
import socket
import time
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from openvasa.server.studio import Studio

_PING, _PONG = 10.0, 20.0  # seconds between looks whether a client lives, and to its answer


class DrainingServer(uvicorn.Server):
    """SIGTERM lets live sessions and videos end; a second one, or Ctrl-C, ends them at once.

    Meanwhile the server answers: `GET /ready` with 503, so that a load balancer sends nobody.
    """

    def __init__(self, app: FastAPI, seconds: float, proxy: str = "", **options: Any) -> None:
        """Use `run`.

        Args:
            app: Of `create_app`.
            seconds: At most so long it waits for clients.
            proxy: Address or network that is believed about who asks; nobody is by default.
            options: For `uvicorn.Config`.
        """
        config = uvicorn.Config(
            app, proxy_headers=bool(proxy), forwarded_allow_ips=proxy,
            ws_per_message_deflate=False,  # frames are compressed already
            ws_ping_interval=_PING, ws_ping_timeout=_PONG,
            **options,
        )  # fmt: skip
        super().__init__(config)
        self._app, self._seconds = app, seconds
        self._until: float | None = None  # when patience ends; None before the signal

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server`."""
        await super().startup(sockets)
        if not self.started or not hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux has it
            return
        # A closed connection whose peer takes no bytes would else be kept for a quarter of an hour.
        patience = round(1000 * self._studio.settings.stalled_seconds)
        for server in self.servers:
            for listening in server.sockets:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See `uvicorn.Server`."""
        if sig == signal.SIGTERM and self._until is None and self.started:
            self._until = time.monotonic() + self._seconds
            self._studio.draining = True
            return
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """See `uvicorn.Server`."""
        if self._until is not None:
            self.should_exit |= self._studio.idle or time.monotonic() > self._until
        return await super().on_tick(counter)

    @property
    def _studio(self) -> Studio:
        studio: Studio = self._app.state.studio
        return studio
