"""Clients that mean harm or have bad luck, against a server that must not care.

`python tests/hostile_load.py` runs many against a server of its own and prints what they did to it;
tests/contract/test_hostility.py runs a few of each.
"""

from __future__ import annotations

import io
import json
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import httpx2 as httpx
import numpy as np
from PIL import Image as Pillow
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

LOST = (OSError, ConnectionClosed, InvalidHandshake, EOFError)
SOUND = (8000 * np.sin(np.arange(16_000) / 16)).astype("<i2").tobytes()  # a second
HELLO = {"type": "hello", "version": 1, "pace": "live", "size": 256}


def created_avatar(base: str, picture: bytes) -> str:
    """The id of an avatar."""
    reply = httpx.post(
        f"{base}/v1/avatars", files={"portrait": picture}, data={"consent": "Nobody is shown."},
        timeout=60,
    )  # fmt: skip
    return str(reply.json()["id"])


@contextmanager
def opened(base: str, first: str | bytes | None = None) -> Iterator[ClientConnection]:
    """A live socket on which `first` was sent; how it ends is nobody's worry."""
    url = f"ws{base.removeprefix('http')}/v1/live"
    with connect(url, max_size=None, close_timeout=1, compression=None) as live:
        if first is not None:
            live.send(first)
        yield live


def greeting(avatar: str, **wishes: object) -> str:
    """A hello."""
    return json.dumps({**HELLO, "avatar": avatar, **wishes})


class Bystander(threading.Thread):
    """A session that has nothing to do with it.

    Attributes:
        came: When each frame came, seconds.
        trouble: What else it was told, or how it ended.
    """

    def __init__(self, base: str, avatar: str) -> None:
        super().__init__(daemon=True)
        self._base, self._avatar = base, avatar
        self.came: list[float] = []
        self.trouble: list[str] = []
        self._over = threading.Event()

    def run(self) -> None:
        try:
            with opened(self._base, greeting(self._avatar)) as live:
                while not self._over.is_set():
                    message = live.recv(timeout=20)
                    if isinstance(message, bytes):
                        self.came.append(time.monotonic())
                    elif json.loads(message)["type"] != "ready":
                        self.trouble.append(message)
        except (*LOST, TimeoutError) as error:
            self.trouble.append(repr(error))

    def rate(self, since: float) -> float:
        """Frames a second from a moment on until now."""
        return sum(when > since for when in self.came) / (time.monotonic() - since)

    def stop(self) -> None:
        self._over.set()
        self.join(20)


def _raw(base: str, sent: bytes = b"") -> socket.socket:
    place = urlsplit(base)
    made = socket.create_connection((place.hostname, place.port), timeout=10)
    made.sendall(sent)
    return made


def _gone(raw: socket.socket) -> None:
    """Cut without goodbye: the other side gets a reset."""
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


def cuts(base: str, avatar: str, count: int, longest: float = 1.0) -> None:
    """Connects, speaks and is cut at a random moment, with or without goodbye."""
    chance = random.Random(0)
    for number in range(count):
        wishes = {"pace": chance.choice(["live", "free"]), "video": chance.choice(["jpeg", "h264"])}
        until = time.monotonic() + chance.uniform(0, longest)
        with suppress(*LOST), opened(base, greeting(avatar, **wishes)) as live:
            if number % 3:
                live.send(SOUND)
            while time.monotonic() < until:
                with suppress(TimeoutError):
                    live.recv(timeout=max(until - time.monotonic(), 0.001))
            if number % 2:
                _gone(live.socket)


def half_open(base: str, avatar: str, count: int) -> None:
    """Sockets that begin something and say no more, and are then gone."""
    upgrade = b"GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    begun = [b"", b"GET /health HT", upgrade, b"POST /v1/avatars HTTP/1.1\r\nHost: 127.0.0.1\r\n"
             b"Content-Length: 1000\r\n\r\nabc"]  # fmt: skip
    held = [_raw(base, begun[number % len(begun)]) for number in range(count)]
    time.sleep(0.2)
    for number, raw in enumerate(held):
        _gone(raw) if number % 2 else raw.close()


def unread(base: str, avatar: str, count: int) -> list[socket.socket]:
    """Sessions of clients that read nothing and answer nothing, as if they had vanished."""
    upgrade = (
        b"GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    hello = greeting(avatar, size=512, quality=95).encode()
    masked = struct.pack(">BBHI", 0x81, 0xFE, len(hello), 0) + hello  # by a mask of zeros
    held = [_raw(base, upgrade) for _ in range(count)]
    for raw in held:
        raw.recv(4096)
        raw.sendall(masked)
    return held


def slow_readers(base: str, avatar: str, count: int, seconds: float = 5.0) -> None:
    """Sessions that read nothing while frames are made for them; every other is reset."""
    held = unread(base, avatar, count)
    time.sleep(seconds)
    for number, raw in enumerate(held):
        _gone(raw) if number % 2 else raw.close()


def bad_greetings(avatar: str) -> dict[str, str | bytes]:
    """First messages that are wrong, by what is wrong with them."""
    return {
        "nothing": "",
        "half a brace": "{",
        "another type": "[]",
        "unknown": '{"type": "x"}',
        "deep": "[" * 100_000,
        "sound first": SOUND[:100],
        "a path": greeting("../../etc/passwd"),
        "no avatar": greeting("x" * 60),
        "long avatar": greeting("x" * 100_000),
        "huge size": greeting(avatar, size=10**9),
        "huge seed": greeting(avatar, seed=10**30),
        "rate of 0": greeting(avatar, rate=0),
        "not a number": greeting(avatar, rate=float("nan")),
        "endless distance": greeting(avatar, controls={"distance": 1e308}),
        "more fields": greeting(avatar, more=[1] * 1000),
        "other version": greeting(avatar, version=2),
        "null bytes": greeting("\0" * 10),
        "too large": "x" * 300_000,
    }


def bad_words(avatar: str) -> dict[str, str | bytes]:
    """Messages that are wrong once a session runs."""
    return {
        "half a sample": b"abc",
        "too much sound": bytes(240_000),
        "no json": "nonsense",
        "again": greeting(avatar),
        "out of range": '{"type": "controls", "controls": {"distance": 99}}',
        "no such emotion": '{"type": "controls", "controls": {"emotion": ["x", 1]}}',
        "not finite": '{"type": "controls", "controls": {"gaze": [NaN, 1e999]}}',
        "before the start": '{"type": "interrupt", "shown": -1}',
    }


def bad_requests(avatar: str) -> dict[str, tuple[str, str, dict[str, object]]]:
    """HTTP requests that are wrong: method, path, and what httpx is to send."""
    bomb = io.BytesIO()
    Pillow.new("1", (30_000, 30_000)).save(bomb, format="PNG")
    consent = {"consent": "Mine."}
    job = {"avatar": avatar, "size": 128}
    return {
        "no form": ("POST", "/v1/avatars", {"content": b"abc"}),
        "no picture": ("POST", "/v1/avatars", {"files": {"portrait": b"abc"}, "data": consent}),
        "a bomb": ("POST", "/v1/avatars", {"files": {"portrait": bomb.getvalue()},
                                           "data": consent}),
        "a name with a path": ("POST", "/v1/avatars", {
            "files": {"portrait": ("../../x.png", b"\x89PNG\r\n\x1a\n")}, "data": consent}),
        "a playlist": ("POST", "/v1/jobs", {
            "files": {"audio": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"}, "data": job}),
        "wrong wishes": ("POST", "/v1/jobs", {"files": {"audio": b"x"},
                                              "data": {**job, "controls": "{" * 10_000}}),
        "half a character": ("POST", "/v1/speech", {
            "content": b'{"text": "\\ud800"}', "headers": {"content-type": "application/json"}}),
        "a book": ("POST", "/v1/speech", {"json": {"text": "word " * 100_000}}),
        "a command": ("POST", "/v1/speech", {"json": {"text": "x", "voice": "-w/tmp/x"}}),
        "another's video": ("GET", "/v1/jobs/../../etc/passwd/video", {}),
        "up and out": ("GET", "/page/%2e%2e/%2e%2e/app.py", {}),
        "long path": ("GET", "/v1/jobs/" + "x" * 30_000, {}),
    }  # fmt: skip


def malformed(base: str, avatar: str, each: int) -> dict[str, str]:
    """Each wrong thing some times; what was answered to each kind, which is never a failure."""
    seen: dict[str, str] = {}
    for what, first in bad_greetings(avatar).items():
        for _ in range(each):
            seen[what] = _answer(base, [first])
    for what, word in bad_words(avatar).items():
        for _ in range(each):
            seen[what] = _answer(base, [greeting(avatar), *[word] * 8])
    with httpx.Client(base_url=base, timeout=60) as client:
        for what, (method, path, sent) in bad_requests(avatar).items():
            for _ in range(each):
                seen[what] = str(client.request(method, path, **sent).status_code)  # type: ignore[arg-type]
    return seen


def _answer(base: str, messages: list[str | bytes]) -> str:
    """The code with which the socket was closed."""
    try:
        with opened(base) as live:
            for message in messages:
                live.send(message)
            until = time.monotonic() + 20
            while time.monotonic() < until:
                live.recv(timeout=20)
            return "still open"
    except ConnectionClosed as closed:
        return str(closed.rcvd.code if closed.rcvd else "cut")
    except TimeoutError:
        return "silent"
