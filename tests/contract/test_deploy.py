"""The proxy's configuration, by a real nginx before two servers of this process."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from live_server import listening
from openvasa.client import LiveClient, create_avatar
from server_client import StudioAnimator, hello, picture, settings_with
from tiny_model import tiny_bundle

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx.conf"
SPOOLS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _here(folder: Path, port: int, workers: list[str]) -> str:
    """The configuration as it is, but for addresses, folders and a header that names the worker."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    for name, url in zip(("worker1:8000", "worker2:8000"), workers, strict=True):
        text = text.replace(name, url.removeprefix("http://"))
    spools = " ".join(f"{name}_temp_path {folder}/{name};" for name in SPOOLS)
    text = text.replace("http {", f"http {{ {spools}", 1)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    text = text.replace("location / {", "location / { add_header X-Worker $upstream_addr always;")
    return f"pid {folder}/pid; error_log {folder}/error.log; daemon off;\n{text}"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    nginx = shutil.which("nginx")
    if nginx is None or not CONFIGURATION.is_file():
        pytest.skip("needs nginx and the folder deploy")
    folder, port = tmp_path_factory.mktemp("nginx"), _free_port()
    animator = StudioAnimator.load(tiny_bundle())
    with ExitStack() as stack:
        workers = [stack.enter_context(listening(animator, settings_with())) for _ in range(2)]
        (folder / "nginx.conf").write_text(_here(folder, port, workers), encoding="utf-8")
        running = subprocess.Popen([nginx, "-p", str(folder), "-c", "nginx.conf"])
        while not (folder / "pid").exists():
            assert running.poll() is None
            time.sleep(0.02)
        yield port
        running.terminate()
        running.wait(10)


def _ask(port: int, path: str, cookie: str | None = None, body: bytes | None = None) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {} if cookie is None else {"Cookie": f"openvasa={cookie}"}
    connection.request("GET" if body is None else "POST", path, body, headers)
    reply = connection.getresponse()
    reply.read()
    connection.close()
    return reply


def test_a_browser_stays_with_its_worker(port: int) -> None:
    cookies = []
    for _ in range(12):
        given = _ask(port, "/").headers["Set-Cookie"]
        cookies.append(re.match(r"openvasa=(\w+); ", given)[1])  # type: ignore[index]
    workers = [_ask(port, "/health", cookie).headers["X-Worker"] for cookie in cookies]
    assert len(set(workers)) == 2
    again = [_ask(port, f"/view/x?key={cookie}").headers["X-Worker"] for cookie in cookies]
    assert again == workers
    assert "Set-Cookie" not in _ask(port, "/health", cookies[0]).headers


def test_a_program_stays_by_its_address_and_gets_frames(port: int, tmp_path: Path) -> None:
    (tmp_path / "noise.png").write_bytes(picture())
    avatar = create_avatar(f"http://127.0.0.1:{port}", tmp_path / "noise.png", "Nobody is shown.")
    address = f"127.0.0.1:{port}"
    with connect(f"ws://{address}/v1/live", origin=f"http://{address}") as live:  # type: ignore[arg-type]
        live.send(hello(avatar, pace="live", size=128))
        assert json.loads(live.recv())["type"] == "ready"
        assert isinstance(live.recv(), bytes)


def test_a_program_stays_by_its_cookies(port: int, tmp_path: Path) -> None:
    (tmp_path / "noise.png").write_bytes(picture())
    url = f"http://127.0.0.1:{port}"

    async def speaks(avatar: str, cookies: CookieJar) -> int:
        async with LiveClient(url, avatar, size=128, cookies=cookies) as live:
            async for frame in live:
                return frame.index
        return -1

    workers: set[str] = set()
    for _ in range(20):  # by its address alone each would be at the same worker
        cookies = CookieJar()
        avatar = create_avatar(url, tmp_path / "noise.png", "Nobody is shown.", cookies=cookies)
        assert asyncio.run(speaks(avatar, cookies)) == 0
        (cookie,) = cookies
        workers.add(_ask(port, "/health", cookie.value).headers["X-Worker"])
        if len(workers) == 2:
            return
    raise AssertionError(workers)


def test_sizes_and_doors(port: int) -> None:
    assert _ask(port, "/v1/jobs", body=bytes(2_000_000)).status == 422  # the worker's own answer
    assert _ask(port, "/metrics").status == 404
