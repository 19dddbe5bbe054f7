"""What tests of the server share: a model that finds a face in noise, and a client's moves."""

from __future__ import annotations

import io
import json
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image as Pillow

from openvasa.engine.animator import Animator, Avatar
from openvasa.provenance.identity import load_identity
from openvasa.server.app import create_app
from openvasa.server.pictures import HEADER
from openvasa.server.settings import Settings
from openvasa.types import Array, Image
from tiny_model import tiny_face

BASE, LIVE = "http://127.0.0.1:8000", "ws://127.0.0.1:8000/v1/live"


class StudioAnimator(Animator):
    """Sees a face in any picture that is not plain."""

    def prepare(self, photo: str | Path | Image, *, face: int | None = None) -> Avatar:
        if isinstance(photo, np.ndarray) and np.ptp(photo):
            return self._encode(tiny_face(192))
        return super().prepare(photo, face=face)


def settings_with(**changes: Any) -> Settings:
    """Of a server with two seats that does not mind a test asking often."""
    asked = {"sessions": 2, "requests_a_minute": 10**6, "uploads_a_minute": 10**6, **changes}
    return replace(Settings(identity=load_identity()), **asked)


@contextmanager
def serving(animator: Animator, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(animator, settings), base_url=BASE) as client:
        yield client


def picture(plain: bool = False) -> bytes:
    out = io.BytesIO()
    photo = np.full((96, 96, 3), 128, np.uint8) if plain else tiny_face().photo
    Pillow.fromarray(photo).save(out, format="PNG")
    return out.getvalue()


def pcm(samples: Array) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


def wav(samples: Array) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 16_000, len(samples), "NONE", ""))
        file.writeframes(pcm(samples))
    return out.getvalue()


def upload(client: TestClient, consent: str = "Nobody is shown.", **kept: Any) -> str:
    reply = client.post(
        "/v1/avatars", files={"portrait": picture()}, data={"consent": consent}, **kept
    )
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


def hello(avatar: str, **wishes: Any) -> str:
    return json.dumps(
        {"type": "hello", "version": 1, "avatar": avatar, "size": 256, "pace": "free", **wishes}
    )


def receive(socket: Any) -> dict[str, Any] | tuple[int, bytes]:
    """A text message as what it says; a frame as (index, body)."""
    message = socket.receive()
    if message["type"] == "websocket.close":
        return {"type": "close", "code": message["code"]}
    if message.get("bytes") is None:
        return dict(json.loads(message["text"]))
    index = HEADER.unpack_from(message["bytes"])[3]
    return index, message["bytes"][HEADER.size :]


def all_frames(socket: Any) -> list[bytes]:
    """The bodies of all frames until `done`, whose indices must count up."""
    bodies: list[bytes] = []
    while True:
        message = receive(socket)
        if isinstance(message, tuple):
            assert message[0] == len(bodies)
            bodies.append(message[1])
        elif message["type"] == "done":
            assert message["frames"] == len(bodies)
            return bodies
        else:
            assert message["type"] in ("ready", "speech"), message


def settled(client: TestClient) -> bool:
    """Whether all live sessions end soon, and their threads with them."""
    for _ in range(200):
        if client.get("/health").json()["sessions"] == 0:
            return not client.app.state.studio.performances  # type: ignore[attr-defined]
        time.sleep(0.02)
    return False


def jpeg(body: bytes) -> Image:
    return np.asarray(Pillow.open(io.BytesIO(body)).convert("RGB"))
