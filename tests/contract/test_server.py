"""What the server sends is marked, labeled, signed, and the same as without it."""

from __future__ import annotations

import ast
import io
import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from fastapi.testclient import TestClient

from openvasa import server
from openvasa.media.video import read_video
from openvasa.provenance.credentials import read_credentials
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.pixel_mark import read_frames
from openvasa.server.other_side import SAID, TOLD
from openvasa.server.pictures import HEADER, JpegEncoder
from server_client import (
    LIVE,
    StudioAnimator,
    all_frames,
    hello,
    jpeg,
    pcm,
    receive,
    serving,
    settings_with,
    upload,
    wav,
)
from tiny_model import tiny_bundle, tone

SOUND = pcm(tone(1.0))
HEARD = (np.frombuffer(SOUND, "<i2") / 32768).astype(np.float32)


@pytest.fixture(scope="module")
def animator() -> StudioAnimator:
    return StudioAnimator.load(tiny_bundle())


@pytest.fixture(scope="module")
def client(animator) -> Iterator[TestClient]:
    with serving(animator, settings_with()) as client:
        yield client


def _spoken(
    client: TestClient, avatar: str, sound: bytes = SOUND, **wishes
) -> tuple[int, list[bytes]]:
    """The content id told, and the bodies of the frames."""
    with client.websocket_connect(LIVE) as socket:
        socket.send_text(hello(avatar, **wishes))
        ready = receive(socket)
        socket.send_bytes(sound)
        socket.send_text('{"type": "end"}')
        return int(ready["content_id"], 16), all_frames(socket)


def _labeled(image: np.ndarray) -> bool:
    return bool(np.ptp(image[-24:, 8:70].astype(int)) > 120)  # white letters on a dark plate


def _offline(client: TestClient, avatar: str, number: int, seed: int) -> list[bytes]:
    studio = client.app.state.studio
    marks = FrameMarks(number, label=True)
    guest = studio.avatars.get(avatar)
    with studio.animator.stream(guest.avatar, seed=seed, size=256, marks=marks) as session:
        frames = [*session.push(HEARD), *session.flush()]
    encode = JpegEncoder(85)
    return [encode(frame)[HEADER.size :] for frame in frames]


def test_live_frames_are_marked_and_labeled(client: TestClient) -> None:
    number, bodies = _spoken(client, upload(client), quality=90)
    pictures = [jpeg(body) for body in bodies]
    assert len(pictures) == 25 and all(map(_labeled, pictures))
    assert read_frames(iter(pictures), 25.0).payload == number


def test_live_h264_is_marked_and_labeled(client: TestClient) -> None:
    number, bodies = _spoken(client, upload(client), 3 * SOUND, video="h264", size=512)
    with av.open(io.BytesIO(b"".join(bodies)), format="h264") as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) == 75 and all(map(_labeled, pictures))
    assert read_frames(iter(pictures), 25.0).payload == number


def test_a_job_s_video_has_all_layers(client: TestClient, tmp_path: Path) -> None:
    fields = {"avatar": upload(client, "Ada agreed."), "size": 512}
    reply = client.post("/v1/jobs", data=fields, files={"audio": wav(tone(3.0))})
    name = reply.json()["id"]
    while client.get(f"/v1/jobs/{name}").json()["status"] != "done":
        time.sleep(0.05)
    video = tmp_path / "a.mp4"
    video.write_bytes(client.get(f"/v1/jobs/{name}/video").content)
    found = read_credentials(video)
    assert found.synthetic and found.ingredients == ("portrait 1",)
    assert found.consent is not None and found.consent["text"] == "Ada agreed."
    pictures = list(read_video(video))
    assert all(map(_labeled, pictures))
    assert read_frames(iter(pictures), 25.0).payload == found.content_id


def test_live_is_the_same_as_offline(client: TestClient) -> None:
    avatar = upload(client)
    number, bodies = _spoken(client, avatar, seed=5)
    assert bodies == _offline(client, avatar, number, 5)


def test_a_face_listens_live_as_offline(client: TestClient) -> None:
    studio, avatar = client.app.state.studio, upload(client)
    said = np.zeros(16_000 * 3, np.float32)
    told = np.concatenate([HEARD, np.zeros(len(said) - len(HEARD), np.float32)])
    with client.websocket_connect(LIVE) as socket:
        socket.send_text(hello(avatar, seed=1, listen=16_000))
        number = int(receive(socket)["content_id"], 16)
        socket.send_bytes(struct.pack("<H", TOLD) + pcm(told))
        for start in range(0, len(said), 16_000):
            socket.send_bytes(struct.pack("<H", SAID) + pcm(said[start : start + 16_000]))
        socket.send_text('{"type": "end"}')
        live = all_frames(socket)
    encode, shown = JpegEncoder(85), []
    for other in (told, None):
        marks = FrameMarks(number, label=True)
        guest = studio.avatars.get(avatar)
        with studio.animator.stream(guest.avatar, seed=1, size=256, marks=marks) as session:
            frames = [*session.push(said, other), *session.flush()]
        shown.append([encode(frame)[HEADER.size :] for frame in frames])
    assert live == shown[0] and len(live) == 75
    assert live != shown[1]


def test_two_sessions_do_not_mix(client: TestClient) -> None:
    avatars = [upload(client), upload(client)]
    with (
        client.websocket_connect(LIVE) as one,
        client.websocket_connect(LIVE) as other,
    ):
        numbers = []
        for seed, (socket, avatar) in enumerate(zip((one, other), avatars, strict=True)):
            socket.send_text(hello(avatar, seed=seed))
            numbers.append(int(receive(socket)["content_id"], 16))
        for start in range(0, len(SOUND), 4000):
            for socket in (one, other):
                socket.send_bytes(SOUND[start : start + 4000])
        for socket in (one, other):
            socket.send_text(json.dumps({"type": "end"}))
        shown = [all_frames(one), all_frames(other)]
    for seed, bodies in enumerate(shown):
        assert bodies == _offline(client, avatars[seed], numbers[seed], seed)
    assert shown[0] != shown[1]


def test_the_server_makes_no_frame_and_leaves_no_label_out() -> None:
    """Pictures come from the engine's one exit, with the label."""
    for file in Path(server.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("Frame", "Renderer"), file.name
                if node.func.id == "FrameMarks":
                    words = {word.arg: ast.unparse(word.value) for word in node.keywords}
                    assert words.get("label") == "True", file.name
