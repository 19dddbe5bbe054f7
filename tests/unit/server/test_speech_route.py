"""Typed text over HTTP: sound, refusals, and the same door as for all else."""

from __future__ import annotations

import io
import sys
import wave
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from openvasa.server.text_to_speech import LONGEST, Synthesizer
from server_client import serving, settings_with

# Speaks 0.1 s for each character.
CODE = (
    "import sys, wave; text = sys.stdin.read(); file = wave.open(sys.stdout.buffer, 'wb');"
    "file.setparams((1, 2, 16000, 1600 * len(text), 'NONE', ''));"
    "file.writeframesraw(b'ab' * 1600 * len(text))"
)
VOICES = {"en-us": "English", "de": "German"}


def _voice(code: str = CODE) -> Synthesizer:
    return Synthesizer([sys.executable, "-c", code], VOICES)


@pytest.fixture(scope="module")
def speaking(animator) -> Iterator[TestClient]:
    with serving(animator, settings_with(synthesizer=_voice())) as client:
        yield client


def _speech(client: TestClient, text: Any, **more: Any) -> Any:
    return client.post("/v1/speech", json={"text": text, **more})


def test_a_text_is_spoken(speaking: TestClient) -> None:
    assert speaking.get("/v1/voices").json() == [
        {"id": "en-us", "name": "English"}, {"id": "de", "name": "German"},
    ]  # fmt: skip
    reply = _speech(speaking, "  Hi \n", voice="de")
    assert reply.status_code == 200 and reply.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(reply.content)) as sound:
        assert (sound.getframerate(), sound.getnframes()) == (16000, 3200)


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": " \n\t "},
        {"text": "x" * (LONGEST + 1)},
        {"text": 7},
        {"text": None},
        {"text": "Hi", "voice": "fr"},
        {"text": "Hi", "voice": "-w/etc/passwd"},
        {"text": "Hi", "voice": ["de"]},
        {"text": "Hi", "command": "ls"},
        {},
    ],
)
def test_texts_that_cannot_be_spoken(speaking: TestClient, body: dict[str, Any]) -> None:
    reply = speaking.post("/v1/speech", json=body)
    assert reply.status_code == 422, reply.text
    assert len(reply.text) < 2000  # what was sent is not sent back


def test_a_text_is_small(speaking: TestClient) -> None:
    assert _speech(speaking, "x" * 2_000_000).status_code == 413


def test_half_a_character_is_none(speaking: TestClient) -> None:
    headers = {"content-type": "application/json"}
    reply = speaking.post("/v1/speech", content=b'{"text": "\\ud800"}', headers=headers)
    assert reply.status_code == 422


def test_without_a_voice(client: TestClient) -> None:
    assert client.get("/v1/voices").json() == []
    reply = _speech(client, "Hello")
    assert reply.status_code == 404 and "no voice is installed" in reply.json()["detail"]


def test_a_voice_that_fails_is_not_the_client_s_fault(animator) -> None:
    broken = _voice("import sys; sys.exit('a secret path')")
    with serving(animator, settings_with(synthesizer=broken)) as client:
        reply = _speech(client, "Hello")
    assert reply.status_code == 502 and "secret" not in reply.text and "python" not in reply.text


def test_the_door_is_the_same(animator) -> None:
    limits = settings_with(synthesizer=_voice(), token="secret", texts_a_minute=2)
    with serving(animator, limits) as client:
        assert _speech(client, "Hi").status_code == 401
        assert client.get("/v1/voices").status_code == 401
        client.headers["authorization"] = "Bearer secret"
        elsewhere = {"origin": "http://elsewhere.example"}
        assert client.post("/v1/speech", json={"text": "Hi"}, headers=elsewhere).status_code == 403
        assert _speech(client, "Hi").status_code == 429
