"""Who is let in, how often and with how much: names, origins, the token, sizes."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openvasa.server.callers import Connections, Rate, who
from openvasa.server.settings import MEGABYTE, Settings

_OVERHEAD = MEGABYTE // 10  # of a form around its file
_LATER = "10"  # seconds after which an address that asked too often may try again
_PRIVATE = ("/v1/", "/metrics")
_SAFETY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

_Refused = tuple[int, str]  # status and sentence


class Door:
    """Wraps an application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Lets in what the settings allow."""
        self._app, self._settings = app, settings
        self._requests = Rate(settings.requests_a_minute, time.monotonic)
        uploads = Rate(settings.uploads_a_minute, time.monotonic)
        texts = Rate(settings.texts_a_minute, time.monotonic)
        self._posts = {
            "/v1/avatars": (uploads, "uploads"),
            "/v1/jobs": (uploads, "uploads"),
            "/v1/speech": (texts, "texts"),
        }
        self._sockets = Connections(settings.sockets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        address = who((scope.get("client") or (None,))[0])
        refused = self._too_often(scope, address) or self._refused(scope)
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send, address, refused)
        elif refused is None:
            most = self._most_bytes(scope["path"])
            await self._app(scope, _counted(receive, most), _with_headers(send))
        else:
            status, sentence = refused
            later = {"retry-after": _LATER} if status == 429 else {}
            response = JSONResponse({"detail": sentence}, status, {**_SAFETY, **later})
            await response(scope, receive, send)

    async def _socket(
        self, scope: Scope, receive: Receive, send: Send, address: str, refused: _Refused | None
    ) -> None:
        if refused is None and not self._sockets.take(address):
            refused = 429, f"this address has {self._settings.sockets} sockets open: close one."
        elif refused is None:
            try:
                await self._app(scope, receive, send)
            finally:
                self._sockets.give_back(address)
            return
        status, sentence = refused
        if status == 429:
            await receive()
            await send({"type": "websocket.accept"})  # or the client would not see the code
            told = {"type": "error", "code": "too_many", "message": sentence}
            await send({"type": "websocket.send", "text": json.dumps(told)})
            scope["app"].state.studio.tally.refuse("too_many")
        await send({"type": "websocket.close", "code": 4000 + status, "reason": sentence})

    def _too_often(self, scope: Scope, address: str) -> _Refused | None:
        if not self._requests.take(address):
            return 429, "too many requests from this address: wait a little."
        if scope.get("method") == "POST" and scope["path"] in self._posts:
            rate, what = self._posts[scope["path"]]
            if not rate.take(address):
                return 429, f"too many {what} from this address: wait a minute."
        return None

    def _refused(self, scope: Scope) -> _Refused | None:
        """Why the request is not let in, whoever asks."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        hosts = self._settings.hosts
        if hosts is not None and urlsplit(f"//{host}").hostname not in hosts:
            return 403, "this server answers to its own name only: open it by its address."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, "a page of another site asked: open the page of this server."
        if scope["type"] == "http" and scope["path"].startswith(_PRIVATE):
            if not knows_token(self._settings, _bearer(headers)):
                return 401, "this server wants its token: send 'Authorization: Bearer TOKEN'."
        return None

    def _most_bytes(self, path: str) -> int:
        settings = self._settings
        return {
            "/v1/avatars": settings.portrait_bytes + _OVERHEAD,
            "/v1/jobs": settings.audio_bytes + _OVERHEAD,
        }.get(path, MEGABYTE)


def knows_token(settings: Settings, token: str | None) -> bool:
    """Whether a client brings the token, where one is wanted."""
    if settings.token is None:
        return True
    return secrets.compare_digest((token or "").encode(), settings.token.encode())


def _bearer(headers: Headers) -> str | None:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _counted(receive: Receive, most: int) -> Receive:
    """The same messages, until a request's body is larger than it may be."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413, f"over {most / MEGABYTE:.0f} MB: send a smaller file.")
        return message

    return counted


def _with_headers(send: Send) -> Send:
    """The same messages, with headers that keep a browser to this server."""
    added = [(name.encode(), value.encode()) for name, value in _SAFETY.items()]

    async def guarded(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *added]
        await send(message)

    return guarded
