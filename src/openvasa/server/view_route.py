"""A full-screen page of a running session's frames, and the WebSocket that brings them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import anyio
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse

from openvasa.server.studio import Studio
from openvasa.server.views import Viewer

router = APIRouter()
_PAGE = Path(__file__).parent / "page" / "view.html"
_GOODBYE = 1.0  # seconds for who reads nothing
OVER, GONE, FULL = 1000, 4404, 1013


@router.get("/view/{name}", include_in_schema=False)
def view_page(name: str) -> FileResponse:
    """The page; it asks for the frames itself, so it tells nobody whether the id exists."""
    return FileResponse(_PAGE)


@router.websocket("/v1/view/{name}")
async def view(socket: WebSocket, name: str) -> None:
    """Frames of a session, until it ends or the viewer goes."""
    studio: Studio = socket.app.state.studio
    await socket.accept()
    shown = studio.views.get(name)
    if shown is None:
        await _close(socket, GONE)
        return
    viewer = Viewer(asyncio.get_running_loop())
    if not shown.join(viewer):
        await _close(socket, FULL)
        return
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_until_gone, socket, viewer)
            await _send(socket, viewer, studio.settings.stalled_seconds)
            group.cancel_scope.cancel()
    finally:
        shown.leave(viewer)
    await _close(socket, OVER)


async def _until_gone(socket: WebSocket, viewer: Viewer) -> None:
    """Viewers have nothing to say: what they send is not read into anything."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
    viewer.box.close()


async def _send(socket: WebSocket, viewer: Viewer, patience: float) -> None:
    try:
        while (parcel := await viewer.box.take()) is not None:
            with anyio.fail_after(patience):
                if isinstance(parcel.content, str):
                    await socket.send_text(parcel.content)
                else:
                    await socket.send_bytes(parcel.content)
    except (RuntimeError, WebSocketDisconnect, TimeoutError):
        pass


async def _close(socket: WebSocket, code: int) -> None:
    try:
        with anyio.move_on_after(_GOODBYE):
            await socket.close(code)
    except (RuntimeError, WebSocketDisconnect):  # the viewer was faster
        pass
