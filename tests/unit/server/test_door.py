"""Who is let in."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from server_client import BASE, LIVE, hello, receive, serving, settings_with, upload

TOKEN = {"Authorization": "Bearer open sesame"}


def test_a_page_of_another_site_is_refused(client: TestClient) -> None:
    assert client.get("/health", headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.get("/health", headers={"Origin": BASE}).status_code == 200
    with pytest.raises(WebSocketDisconnect):
        with client.websocket_connect(LIVE, headers={"Origin": "http://evil.example"}):
            pass


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "", "127.0.0.1.evil.example"]
)
def test_another_name_for_this_computer_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/health", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_its_own_names_are_not(client: TestClient, host: str) -> None:
    assert client.get("/health", headers={"Host": host}).status_code == 200


def test_the_token_is_wanted_everywhere(animator) -> None:
    with serving(animator, settings_with(token="open sesame", hosts=None)) as client:
        assert client.get("/").status_code == client.get("/health").status_code == 200
        for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": "open sesame"}):
            assert client.get("/v1/jobs/a", headers=headers).status_code == 401
            assert client.post("/v1/avatars", headers=headers).status_code == 401
            assert client.get("/metrics", headers=headers).status_code == 401
        assert client.get("/metrics", headers=TOKEN).status_code == 200
        avatar = upload(client, headers=TOKEN)
        for token in (None, "no"):
            with client.websocket_connect(LIVE) as socket:
                socket.send_text(hello(avatar, token=token))
                assert receive(socket)["code"] == "token"
                assert receive(socket) == {"type": "close", "code": 4401}
        with client.websocket_connect(LIVE) as socket:
            socket.send_text(hello(avatar, token="open sesame"))
            assert receive(socket)["type"] == "ready"


def test_an_address_may_not_ask_too_often(animator) -> None:
    with serving(animator, settings_with(requests_a_minute=5)) as client:
        codes = [client.get("/health").status_code for _ in range(7)]
        assert codes == [200] * 5 + [429] * 2
        assert int(client.get("/health").headers["retry-after"]) > 0
        with client.websocket_connect(LIVE) as socket:
            assert receive(socket)["code"] == "too_many"
            assert receive(socket) == {"type": "close", "code": 4429}


def test_an_address_may_not_upload_too_often(animator) -> None:
    with serving(animator, settings_with(uploads_a_minute=2)) as client:
        upload(client)
        assert client.post("/v1/jobs").status_code == 422
        assert client.post("/v1/avatars").status_code == 429
        assert client.get("/health").status_code == 200


def test_an_address_may_not_hold_many_sockets(animator) -> None:
    with serving(animator, settings_with(sockets=1)) as client:
        for _ in range(2):
            with client.websocket_connect(LIVE):
                with client.websocket_connect(LIVE) as other:
                    assert receive(other)["code"] == "too_many"
                    assert receive(other) == {"type": "close", "code": 4429}
        assert 'reason="too_many"} 2' in client.get("/metrics").text
