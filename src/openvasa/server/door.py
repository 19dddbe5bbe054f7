"""Who is let in, and with how much: names, origins, the token, sizes."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openvasa.server.settings import MEGABYTE, Settings

_OVERHEAD = MEGABYTE // 10  # of a form around its file
_PRIVATE = ("/v1/", "/metrics")
_SAFETY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


class Door:
    """Wraps an application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Lets in what the settings allow."""
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused is None:
            most = self._most_bytes(scope["path"])
            await self._app(scope, _counted(receive, most), _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403, "reason": refused[1]})
        else:
            response = JSONResponse({"detail": refused[1]}, refused[0], _SAFETY)
            await response(scope, receive, send)

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        """Status and sentence, if the request is not let in."""
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
