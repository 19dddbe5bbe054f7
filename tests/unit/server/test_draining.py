"""A server that is asked to stop."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2 as httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from openvasa.server.app import create_app
from openvasa.server.draining import DrainingServer
from server_client import hello, picture, settings_with


@contextmanager
def _running(
    animator, seconds: float, proxy: str = "", **limits: int
) -> Iterator[tuple[DrainingServer, httpx.Client]]:
    app = create_app(animator, settings_with(**limits))
    options = {"port": 0, "log_level": "error", "timeout_graceful_shutdown": 2}
    server = DrainingServer(app, seconds, proxy, **options)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield server, client
    server.should_exit = True
    thread.join(5)
    assert not thread.is_alive()


@contextmanager
def _open_live(client: httpx.Client, avatar: str) -> Iterator[ClientConnection]:
    with connect(f"ws://127.0.0.1:{client.base_url.port}/v1/live") as socket:
        socket.send(hello(avatar, pace="live"))
        yield socket


def _avatar(client: httpx.Client) -> str:
    files = {"portrait": picture()}
    reply = client.post("/v1/avatars", files=files, data={"consent": "Nobody is shown."})
    return str(reply.json()["id"])


def _frames(socket: ClientConnection, count: int) -> None:
    while count:
        count -= isinstance(socket.recv(timeout=5), bytes)


def _ended(server: DrainingServer, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not server.should_exit and time.monotonic() < until:
        time.sleep(0.02)
    return server.should_exit


def test_sessions_end_as_they_like_and_nobody_new_comes(animator) -> None:
    with _running(animator, 30.0) as (server, client):
        avatar = _avatar(client)
        with _open_live(client, avatar) as socket:
            _frames(socket, 3)
            server.handle_exit(signal.SIGTERM, None)
            assert client.get("/ready").status_code == 503
            assert client.get("/health").json()["status"] == "stopping"
            assert client.get("/health").status_code == 200
            assert client.post("/v1/jobs").status_code == 503
            with _open_live(client, avatar) as late:
                assert json.loads(late.recv(timeout=5))["code"] == "stopping"
                with pytest.raises(ConnectionClosed) as closed:
                    late.recv(timeout=5)
                assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001
            _frames(socket, 10)
            assert not server.should_exit
        assert _ended(server, 3.0)


def test_patience_ends(animator) -> None:
    with _running(animator, 0.3) as (server, client):
        with _open_live(client, _avatar(client)) as socket:
            _frames(socket, 1)
            server.handle_exit(signal.SIGTERM, None)
            assert _ended(server, 2.0)
            with pytest.raises(ConnectionClosed) as closed:
                _frames(socket, 100)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012


def test_a_second_signal_ends_it_at_once(animator) -> None:
    with _running(animator, 30.0) as (server, client):
        with _open_live(client, _avatar(client)) as socket:
            _frames(socket, 1)
            server.handle_exit(signal.SIGTERM, None)
            assert not server.should_exit
            server.handle_exit(signal.SIGTERM, None)
            assert server.should_exit


@pytest.mark.parametrize(("proxy", "last"), [("", 429), ("10.9.9.9", 429), ("127.0.0.1", 200)])
def test_only_the_proxy_is_believed_about_who_asks(animator, proxy: str, last: int) -> None:
    with _running(animator, 1.0, proxy, requests_a_minute=3) as (_, client):
        said = [{"X-Forwarded-For": f"10.0.0.{k}"} for k in range(5)]
        codes = [client.get("/health", headers=headers).status_code for headers in said]
        assert codes == [200] * 3 + [last] * 2
