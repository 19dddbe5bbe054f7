"""Brings a portrait to a server, over HTTP."""

from __future__ import annotations

import json
import secrets
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import HTTPCookieProcessor, Request, build_opener

from openvasa.types import InputError

_TIMEOUT = 60.0  # seconds; finding a face takes a while on a busy server


def create_avatar(
    url: str, portrait: str | Path, consent: str, token: str | None = None,
    cookies: CookieJar | None = None,
) -> str:  # fmt: skip
    """Uploads a portrait; returns the id by which live sessions name it.

    It waits for the answer: in a coroutine, call it by `asyncio.to_thread`.

    Args:
        url: Of the server, `http://127.0.0.1:8000`.
        portrait: A photo with a face.
        consent: Who agreed to be animated, and to what; it is recorded.
        token: The server's, where it wants one.
        cookies: Get those by which a proxy keeps a client with its worker; hand the same jar to
            `LiveClient`.

    Raises:
        InputError: The server cannot be reached, or does not take the portrait; it says why.
        OSError: The photo cannot be read.
    """
    boundary = secrets.token_hex(16)
    body = _form(boundary, consent, Path(portrait).read_bytes())
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    base, opener = url.rstrip("/"), build_opener(HTTPCookieProcessor(cookies))
    try:
        if cookies is not None:  # a proxy gives its cookie with an answer: ask before it matters
            opener.open(f"{base}/health", None, _TIMEOUT).close()
        with opener.open(Request(f"{base}/v1/avatars", body, headers), None, _TIMEOUT) as reply:
            return str(json.load(reply)["id"])
    except HTTPError as error:
        raise InputError(f"the server did not take the portrait: {_detail(error)}") from error
    except URLError as error:
        raise InputError(
            f"no server answers at {url} ({error.reason}): start it with 'openvasa serve'."
        ) from error


def _form(boundary: str, consent: str, photo: bytes) -> bytes:
    """Two fields of `multipart/form-data` (RFC 7578)."""
    field = f'--{boundary}\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
    return b"".join([
        (field % ("consent", "") + f"{consent}\r\n").encode(),
        (field % ("portrait", '; filename="portrait"')).encode(), photo,
        f"\r\n--{boundary}--\r\n".encode(),
    ])  # fmt: skip


def _detail(error: HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):  # a proxy's own page
        return f"status {error.code}."
