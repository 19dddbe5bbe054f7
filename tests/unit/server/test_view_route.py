"""The page and the WebSocket by which a session is watched."""

from __future__ import annotations

import re
import time

import pytest
from fastapi.testclient import TestClient

from openvasa.server.view_route import _PAGE
from server_client import LIVE, hello, receive, settled, upload

WATCH = LIVE.replace("live", "view/")


def test_viewers_see_what_the_owner_gets_and_end_with_it(client: TestClient) -> None:
    with client.websocket_connect(LIVE) as owner:
        owner.send_text(hello(upload(client), pace="live"))
        view = receive(owner)["view"]
        with (
            client.websocket_connect(WATCH + view) as one,
            client.websocket_connect(WATCH + view) as two,
        ):
            one.send_bytes(b"nothing that a viewer says is heard")
            seen = [[receive(socket) for _ in range(10)] for socket in (one, two)]
            got = dict(receive(owner) for _ in range(seen[1][-1][0] + 1))
            for frames in seen:
                assert all(got[index] == body for index, body in frames)
            owner.close()
            for socket in (one, two):
                while isinstance(message := receive(socket), tuple):
                    pass
                assert message == {"type": "close", "code": 1000}
    assert settled(client)
    with client.websocket_connect(WATCH + view) as late:
        assert receive(late)["code"] == 4404


def test_viewers_that_go_leave_nothing(client: TestClient) -> None:
    with client.websocket_connect(LIVE) as owner:
        owner.send_text(hello(upload(client), pace="live"))
        view = receive(owner)["view"]
        for _ in range(20):
            with client.websocket_connect(WATCH + view) as viewer:
                receive(viewer)
        shown = client.app.state.studio.views.get(view)
        for _ in range(100):
            if not shown._viewers:
                break
            time.sleep(0.02)
        assert not shown._viewers
    assert settled(client)
    assert not client.app.state.studio.views._views


@pytest.mark.parametrize("name", ["nobody", "a" * 2000])
def test_ids_are_not_guessed(client: TestClient, name: str) -> None:
    with client.websocket_connect(WATCH + name) as viewer:
        assert receive(viewer)["type"] == "close"


def test_the_page_runs_no_inline_script(client: TestClient) -> None:
    reply = client.get("/view/any")
    assert (
        reply.status_code == 200 and "script-src 'self'" in reply.headers["content-security-policy"]
    )
    page = _PAGE.read_text(encoding="utf-8")
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\bsrc=)", page)
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        assert client.get(address).status_code == 200, address
