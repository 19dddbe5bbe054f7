"""What is counted, and how it is told."""

from __future__ import annotations

import time

import pytest
from fastapi.testclient import TestClient

from openvasa.server.metrics import Tally
from server_client import LIVE, all_frames, hello, pcm, receive, serving, settings_with, upload
from tiny_model import tone


def _values(text: str) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def _asked(client: TestClient) -> dict[str, float]:
    reply = client.get("/metrics")
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return _values(reply.text)


def test_every_number_says_what_it_is() -> None:
    text = Tally().text(sessions=0, seats=2, jobs=0)
    helped = [line.split()[2] for line in text.splitlines() if line.startswith("# HELP")]
    typed = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert helped == typed and len(set(helped)) == len(helped)
    assert all(any(name.startswith(known) for known in helped) for name in _values(text))
    assert text.endswith("\n")


def test_the_histogram_adds_up() -> None:
    tally = Tally()

    def frames():
        for pause in (0.0, 0.03, 0.0):
            time.sleep(pause)
            yield pause

    for _ in tally.timed(frames()):
        time.sleep(0.02)  # what is done with a frame does not count
    values = _values(tally.text(sessions=0, seats=1, jobs=0))
    buckets = [value for name, value in values.items() if "_bucket" in name]
    assert buckets == sorted(buckets) and buckets[-1] == values["openvasa_frame_seconds_count"] == 3
    assert values['openvasa_frame_seconds_bucket{le="0.02"}'] == 2
    assert values["openvasa_frame_seconds_sum"] == pytest.approx(0.03, abs=0.015)


def test_a_session_is_counted(animator) -> None:
    with serving(animator, settings_with(sessions=1)) as client:
        avatar = upload(client)
        with client.websocket_connect(LIVE) as socket:
            socket.send_text(hello(avatar, rate=8000))
            assert receive(socket)["type"] == "ready"
            assert _asked(client)["openvasa_sessions"] == 1
            with client.websocket_connect(LIVE) as other:
                other.send_text(hello(avatar))
                assert receive(other)["code"] == "busy"
            socket.send_bytes(pcm(tone(0.4)))  # 0.8 s at this rate
            socket.send_text('{"type": "end"}')
            frames = len(all_frames(socket))
        values = _asked(client)
    assert frames == values["openvasa_frames_sent_total"] == 20
    assert values["openvasa_frame_seconds_count"] == 20
    assert values["openvasa_heard_seconds_total"] == pytest.approx(0.8)
    assert values["openvasa_sessions_admitted_total"] == 1
    assert values['openvasa_sessions_refused_total{reason="busy"}'] == 1
    assert values["openvasa_frames_dropped_total"] == 0 and values["openvasa_seats"] == 1
