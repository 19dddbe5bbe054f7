"""The HTTP half: what it gives, what it refuses, and what it leaves behind."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from openvasa.provenance.consent import LONGEST
from openvasa.server import jobs
from server_client import picture, serving, settings_with, upload, wav
from tiny_model import tone


def _order(client: TestClient, avatar: str, sound: bytes | None = None, **data: Any) -> Any:
    fields = {"avatar": avatar, "size": 128, **data}
    return client.post("/v1/jobs", data=fields, files={"audio": sound or wav(tone(0.2))})


def _finished(client: TestClient, name: str) -> dict[str, Any]:
    for _ in range(400):
        found = client.get(f"/v1/jobs/{name}").json()
        if found["status"] in ("done", "failed"):
            return dict(found)
        time.sleep(0.02)
    raise AssertionError("the job does not end")


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_health(client: TestClient, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 200
    assert reply.json() == {"status": "ready", "sessions": 0, "capacity": 2}


def test_a_server_that_makes_no_videos_any_more_is_ill(animator) -> None:
    with serving(animator, settings_with()) as client:
        client.app.state.studio.jobs.close()
        assert client.get("/health").status_code == 503


def test_an_avatar_is_made_and_forgotten(client: TestClient) -> None:
    files = {"portrait": picture()}
    reply = client.post("/v1/avatars", files=files, data={"consent": "Mine."})
    assert reply.status_code == 201
    about = reply.json()
    assert about["faces"] == 1 and len(about["id"]) > 20 and len(about["box"]) == 3
    assert client.delete(f"/v1/avatars/{about['id']}").status_code == 204
    assert client.delete(f"/v1/avatars/{about['id']}").status_code == 404
    assert _order(client, about["id"]).status_code == 404


@pytest.mark.parametrize(
    ("portrait", "consent", "about"),
    [
        (picture(), "", "consent statement is empty"),
        (picture(), "x" * (LONGEST + 1), "longer than"),
        (b"no picture", "Mine.", "not an image"),
        (b"", "Mine.", "empty"),
        (picture()[:200], "Mine.", "damaged"),
        (picture(plain=True), "Mine.", "No face"),
    ],
)
def test_portraits_that_cannot_be_used(
    client: TestClient, portrait: bytes, consent: str, about: str
) -> None:
    files = {"portrait": ("../../etc/x.png", portrait)}
    reply = client.post("/v1/avatars", files=files, data={"consent": consent})
    assert reply.status_code == 422 and about in str(reply.json()["detail"])
    assert tempfile.gettempdir() not in reply.text


def test_consent_that_names_a_file_opens_none(client: TestClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    reply = client.post("/v1/avatars", files={"portrait": picture()}, data={"consent": str(secret)})
    other = client.post("/v1/avatars", files={"portrait": picture()}, data={"consent": "a secret"})
    assert reply.json()["consent_sha256"] != other.json()["consent_sha256"]


def test_uploads_have_a_limit(animator) -> None:
    limits = settings_with(portrait_bytes=1000, audio_bytes=2000)
    with serving(animator, limits) as client:
        for size in (1001, 500_000):  # refused by the route, and before it
            reply = client.post("/v1/avatars", files={"portrait": b"x" * size})
            assert reply.status_code == 413, reply.text


def test_a_video_is_made_fetched_and_gone(client: TestClient) -> None:
    job = _order(client, upload(client), controls='{"gaze": [10, 0]}', seed=3)
    assert job.status_code == 202
    name = job.json()["id"]
    about = _finished(client, name)
    assert about["status"] == "done" and about["done"] == about["total"] == 5
    folder = client.app.state.studio.jobs.get(name).folder
    assert [file.name for file in folder.iterdir()] == ["talking.mp4"]  # of the client nothing
    video = client.get(f"/v1/jobs/{name}/video")
    assert video.headers["content-type"] == "video/mp4" and video.content[4:8] == b"ftyp"
    assert client.get(f"/v1/jobs/{name}").status_code == 404 and not folder.exists()


def test_the_marks_of_a_video_are_read_back_if_wanted(client: TestClient) -> None:
    avatar = upload(client)
    plain, read = (_order(client, avatar, verify=verify).json() for verify in (False, True))
    assert _finished(client, plain["id"])["verdict"] is None
    verdict = _finished(client, read["id"])["verdict"]
    assert verdict["outcome"] == "marked" and "AI-generated" in verdict["sentence"]


@pytest.mark.parametrize(
    ("data", "about"),
    [
        ({"controls": '{"gaze": [90, 0]}'}, "gaze"),
        ({"controls": "nonsense"}, "not of protocol"),
        ({"size": 129}, "multiple"),
        ({"framing": "wide"}, "crop"),
        ({"seed": -1}, "greater"),
    ],
)
def test_orders_that_cannot_be(client: TestClient, data: dict[str, Any], about: str) -> None:
    reply = _order(client, upload(client), **data)
    assert reply.status_code == 422 and about in reply.text.lower()


def test_a_recording_that_is_none_fails_with_a_sentence(client: TestClient) -> None:
    found = _finished(client, _order(client, upload(client), b"no sound at all").json()["id"])
    assert found["status"] == "failed" and "not sound" in found["error"]
    folder = client.app.state.studio.jobs.get(found["id"]).folder
    for _ in range(100):
        if not folder.exists():
            break
        time.sleep(0.02)
    assert not folder.exists()
    assert tempfile.gettempdir() not in found["error"]


def test_long_recordings_are_refused(animator) -> None:
    with serving(animator, settings_with(audio_seconds=0.1)) as client:
        found = _finished(client, _order(client, upload(client)).json()["id"])
        assert found["status"] == "failed" and "longer than 0.1 s" in found["error"]


def test_the_queue_is_bounded(animator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.JobQueue, "_run", lambda self: self._closing.wait())
    with serving(animator, settings_with(queued_jobs=2)) as client:
        avatar = upload(client)
        replies = [_order(client, avatar) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [202, 202, 503]
        assert int(replies[2].headers["retry-after"]) > 0
        early = client.get(f"/v1/jobs/{replies[0].json()['id']}/video")
        assert early.status_code == 409
        name = replies[0].json()["id"]
        assert client.delete(f"/v1/jobs/{name}").status_code == 204
        assert client.get(f"/v1/jobs/{name}").status_code == 404


def test_old_guests_make_room(animator) -> None:
    with serving(animator, settings_with(avatars=2)) as client:
        names = [upload(client) for _ in range(3)]
        store = client.app.state.studio.avatars
        assert [store.get(name) is not None for name in names] == [False, True, True]
    with serving(animator, settings_with(keep_seconds=0.0)) as client:
        name = upload(client)
        assert client.app.state.studio.avatars.get(name) is None


def test_nothing_stays_behind(animator) -> None:
    with serving(animator, settings_with()) as client:
        folder = client.app.state.studio.scratch.folder
        _order(client, upload(client), wav(tone(30.0)))
        assert any(folder.iterdir())
    assert not folder.exists()


def test_the_interface_is_described_and_asks_nobody_else(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/health", "/v1/avatars", "/v1/jobs", "/v1/jobs/{name}/video"} <= set(paths)
    assert client.get("/docs").status_code == client.get("/redoc").status_code == 404


def test_the_page_asks_nobody_else(client: TestClient) -> None:
    page = client.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    folder = Path(jobs.__file__).parent / "page"
    for file in folder.iterdir():
        assert client.get(f"/page/{file.name}").status_code == 200
        text = file.read_text(encoding="utf-8")
        assert "http://" not in text and "https://" not in text and "//cdn" not in text, file.name
    assert client.get("/page/../app.py").status_code == 404
    assert client.get("/page/%2e%2e/app.py").status_code == 404
