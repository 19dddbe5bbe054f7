"""The WebSocket half: one live performance."""

from __future__ import annotations

import threading
import time

import pytest
from fastapi.testclient import TestClient

from openvasa.server.seats import Seats, real_time_factor
from server_client import (
    LIVE,
    all_frames,
    hello,
    pcm,
    receive,
    serving,
    settings_with,
    settled,
    upload,
)
from tiny_model import tone


def _open_live(socket, avatar: str, **wishes) -> None:
    socket.send_text(hello(avatar, pace="live", **wishes))
    assert receive(socket)["type"] == "ready"


def _until(socket, kind: str) -> tuple[dict, list[int]]:
    """The next message of a kind, and the frames before it."""
    frames = []
    while True:
        message = receive(socket)
        if isinstance(message, tuple):
            frames.append(message[0])
        elif message["type"] == kind:
            return message, frames


def _threads() -> int:
    live = [thread for thread in threading.enumerate() if thread.name == "openvasa-live"]
    for thread in live:
        thread.join(2)
    return sum(thread.is_alive() for thread in live)


def test_silence_looks_alive(client: TestClient) -> None:
    with client.websocket_connect(LIVE) as socket:
        _open_live(socket, upload(client))
        started = time.monotonic()
        frames = [receive(socket)[0] for _ in range(20)]
        assert frames == list(range(20))
        assert time.monotonic() - started > 0.6  # at the pace of the clock


def test_speech_is_announced_where_it_begins(client: TestClient) -> None:
    with client.websocket_connect(LIVE) as socket:
        _open_live(socket, upload(client), rate=48_000)
        assert receive(socket)[0] == 0  # silence first
        socket.send_bytes(pcm(tone(0.9)))  # 0.3 s at this rate
        first, _ = _until(socket, "speech")
        assert first["sample"] == 0 and first["time"] > 0
        socket.send_text('{"type": "end"}')
        silence, _ = _until(socket, "silence")
        assert silence["time"] == pytest.approx(first["time"] + 0.3, abs=0.001)
        socket.send_bytes(pcm(tone(0.9)))
        second, _ = _until(socket, "speech")
        assert second["sample"] == 14_400 and second["time"] > silence["time"]


def test_an_interruption_takes_effect_within_two_frames(client: TestClient) -> None:
    with client.websocket_connect(LIVE) as socket:
        _open_live(socket, upload(client))
        socket.send_bytes(pcm(tone(5.0)))
        shown = 0
        while shown < 8:
            message = receive(socket)
            shown = message[0] if isinstance(message, tuple) else shown
        socket.send_text('{"type": "interrupt", "shown": 6}')
        answer, _ = _until(socket, "interrupted")
        assert answer["frame"] == 8
        after = [receive(socket)[0] for _ in range(10)]
        assert after == list(range(8, 18))  # silent ones: the rest of the sound was dropped
        socket.send_bytes(pcm(tone(0.5)))
        again, _ = _until(socket, "speech")
        assert again["sample"] == 80_000


def test_controls_change_what_follows(client: TestClient) -> None:
    avatar, sound = upload(client), tone(1.2)
    shown = []
    for steer in (False, True):
        with client.websocket_connect(LIVE) as socket:
            socket.send_text(hello(avatar))
            socket.send_bytes(pcm(sound[:9600]))
            bodies = []
            while len(bodies) < 5:
                message = receive(socket)
                bodies += [message[1]] if isinstance(message, tuple) else []
            if steer:
                socket.send_text('{"type": "controls", "controls": {"distance": 1.5}}')
            socket.send_bytes(pcm(sound[9600:]))
            socket.send_text('{"type": "end"}')
            while not isinstance(message, dict) or message["type"] != "done":
                message = receive(socket)
                bodies += [message[1]] if isinstance(message, tuple) else []
            shown.append(bodies)
    assert len(shown[0]) == len(shown[1]) == 30
    assert shown[0][:5] == shown[1][:5] and shown[0][-1] != shown[1][-1]


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("nonsense", 4400),
        ('{"type": "end"}', 4400),
        (b"\0\0", 4400),
        (hello("nobody"), 4404),
        (hello("nobody", size=4), 4400),
    ],
)
def test_a_wrong_greeting_ends_it(client: TestClient, first: str | bytes, code: int) -> None:
    with client.websocket_connect(LIVE) as socket:
        socket.send_bytes(first) if isinstance(first, bytes) else socket.send_text(first)
        assert receive(socket)["type"] == "error"
        assert receive(socket)["code"] == code
    assert settled(client)


@pytest.mark.parametrize(
    "wrong", ["nonsense", b"abc", '{"type": "controls", "controls": {"distance": 99}}']
)
def test_a_wrong_message_ends_it_and_nothing_stays(client: TestClient, wrong: str | bytes) -> None:
    with client.websocket_connect(LIVE) as socket:
        _open_live(socket, upload(client))
        socket.send_bytes(wrong) if isinstance(wrong, bytes) else socket.send_text(wrong)
        _until(socket, "error")
        _until(socket, "close")
    assert settled(client)


def test_a_second_greeting_is_refused(client: TestClient) -> None:
    avatar = upload(client)
    with client.websocket_connect(LIVE) as socket:
        _open_live(socket, avatar)
        socket.send_text(hello(avatar))
        assert "has begun" in _until(socket, "error")[0]["message"]


def test_silent_clients_are_sent_away(animator) -> None:
    with serving(animator, settings_with(hello_seconds=0.05)) as client:
        with client.websocket_connect(LIVE) as socket:
            assert receive(socket)["code"] == "late"
            assert receive(socket)["code"] == 4408


def test_when_all_seats_are_taken_it_says_so(animator) -> None:
    with serving(animator, settings_with(sessions=1)) as client:
        avatar = upload(client)
        with client.websocket_connect(LIVE) as first:
            _open_live(first, avatar)
            assert client.get("/ready").status_code == 503
            assert client.get("/health").json()["status"] == "busy"
            assert client.get("/health").status_code == 200
            with client.websocket_connect(LIVE) as second:
                second.send_text(hello(avatar))
                assert receive(second)["code"] == "busy"
                assert receive(second)["code"] == 1013
        assert settled(client)
        with client.websocket_connect(LIVE) as third:
            _open_live(third, avatar)


def test_clients_that_go_leave_nothing(client: TestClient) -> None:
    avatar = upload(client)
    for count in range(5):
        with client.websocket_connect(LIVE) as socket:
            _open_live(socket, avatar)
            socket.send_bytes(pcm(tone(0.2 * count)))
    assert settled(client)
    assert _threads() == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_performance_that_breaks_off_leaves_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise MemoryError

    avatar, performances = upload(client), client.app.state.studio.performances
    with client.websocket_connect(LIVE) as socket:
        _open_live(socket, avatar)
        (performance,) = performances
        with client.websocket_connect(LIVE) as other:
            _open_live(other, avatar)
            monkeypatch.setattr(performance._session, "iterate", broken)
            assert _until(socket, "error")[0]["code"] == "internal"
            assert _until(socket, "close")[0]["code"] == 1011
            count = [receive(other) for _ in range(10)]  # somebody else goes on
            assert all(isinstance(frame, tuple) for frame in count)
    assert settled(client) and _threads() == 0


def test_the_end_of_the_server_ends_the_sessions(animator) -> None:
    with serving(animator, settings_with()) as client:
        with client.websocket_connect(LIVE) as socket:
            _open_live(socket, upload(client))
            client.app.state.studio.close()
            assert _until(socket, "close")[0]["code"] == 1001
    assert _threads() == 0


def test_a_face_that_listens_speaks_too(client: TestClient) -> None:
    with client.websocket_connect(LIVE) as socket:
        _open_live(socket, upload(client), listen=48_000)
        socket.send_bytes(b"\1\0" + pcm(tone(0.9)))
        assert all(receive(socket)[0] == index for index in range(5))  # no speech of its own
        socket.send_bytes(b"\0\0" + pcm(tone(0.4)))
        assert _until(socket, "speech")[0]["sample"] == 0
        socket.send_bytes(b"\7\0" + pcm(tone(0.1)))
        assert "channel" in _until(socket, "error")[0]["message"]


def test_h264_is_sent_if_asked_for(client: TestClient) -> None:
    with client.websocket_connect(LIVE) as socket:
        socket.send_text(hello(upload(client), video="h264"))
        socket.send_bytes(pcm(tone(0.6)))
        socket.send_text('{"type": "end"}')
        bodies = all_frames(socket)
    assert len(bodies) == 15 and all(body.startswith(b"\0\0\0\1") for body in bodies)


def test_the_machine_is_measured(animator) -> None:
    assert real_time_factor(animator) > 0
    assert Seats(0).capacity == 1
