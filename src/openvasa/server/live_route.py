"""The WebSocket half: greets a client, finds it a seat, and carries messages both ways."""

from __future__ import annotations

import asyncio

import anyio
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from openvasa.server.avatars import Guest
from openvasa.server.door import knows_token
from openvasa.server.live import LivePerformance
from openvasa.server.outbox import Outbox
from openvasa.server.requests import Hello, answer, read_message
from openvasa.server.studio import Studio
from openvasa.server.views import View
from openvasa.types import InputError

router = APIRouter()
# Codes with which a connection is closed; those from 4000 on are this protocol's own.
DONE, STOPPING, BUSY, WRONG, NO_TOKEN, NO_AVATAR, LATE, BROKEN = (
    1000, 1001, 1013, 4400, 4401, 4404, 4408, 1011,
)  # fmt: skip
_PATIENCE = 0.02  # seconds between looks at a full inbox
_GOODBYE = 1.0  # seconds: who reads nothing would not see why it is over


class _Refused(Exception):
    """The connection ends: a code for programs, a word for JSON, a sentence for people."""

    def __init__(self, code: int, word: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.word = code, word


@router.websocket("/v1/live")
async def live(socket: WebSocket) -> None:
    """One live performance; see docs/server.md."""
    studio: Studio = socket.app.state.studio
    await socket.accept()
    try:
        hello, guest = await _greeted(socket, studio)
        await _perform(socket, studio, hello, guest)
    except _Refused as refused:
        studio.tally.refuse(refused.word)
        await _close(socket, refused)
    except InputError as error:
        studio.tally.refuse("bad_message")
        await _close(socket, _Refused(WRONG, "bad_message", str(error)))
    except WebSocketDisconnect:
        pass


async def _greeted(socket: WebSocket, studio: Studio) -> tuple[Hello, Guest]:
    try:
        with anyio.fail_after(studio.settings.hello_seconds):
            first = await socket.receive()
    except TimeoutError as error:
        raise _Refused(LATE, "late", "say hello first: see docs/server.md.") from error
    if first["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(first.get("code", DONE))
    hello = read_message(first.get("text") or "")
    if not isinstance(hello, Hello):
        raise InputError("the first message must be a hello.")
    if not knows_token(studio.settings, hello.token):
        raise _Refused(NO_TOKEN, "token", "this server wants its token in the hello.")
    guest = studio.avatars.get(hello.avatar)
    if guest is None:
        raise _Refused(NO_AVATAR, "no_avatar", "there is no such avatar: upload it again.")
    return hello, guest


async def _perform(socket: WebSocket, studio: Studio, hello: Hello, guest: Guest) -> None:
    if not studio.open:
        raise _Refused(STOPPING, "stopping", "the server is stopping: connect again.")
    if not studio.seats.take():
        raise _Refused(BUSY, "busy", "all seats are taken: try again in a minute.")
    outbox = Outbox(asyncio.get_running_loop(), lossless=hello.pace == "free")
    studio.tally.admit()
    view = studio.views.open()
    performance = studio.perform(guest, hello, outbox, view.id)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_listen, socket, performance)
            await _speak(socket, outbox, view, studio)
            group.cancel_scope.cancel()
        broken = BROKEN if performance.failure == "internal" else WRONG
        ended = STOPPING if studio.closing else DONE
        with anyio.move_on_after(_GOODBYE):
            await socket.close(ended if performance.failure is None else broken)
    except RuntimeError:  # the client closed first
        pass
    finally:
        performance.close()
        studio.views.close(view)


async def _listen(socket: WebSocket, performance: LivePerformance) -> None:
    """Takes messages until the client goes, or says what cannot be."""
    try:
        while True:
            while performance.full:  # a client that sends at will waits for its socket
                await anyio.sleep(_PATIENCE)
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                performance.close()
                return
            if (pcm := message.get("bytes")) is not None:
                performance.hear(pcm)
            else:
                performance.told(read_message(message.get("text") or ""))
    except InputError as error:
        performance.fail("bad_message", str(error))


async def _speak(socket: WebSocket, outbox: Outbox, view: View, studio: Studio) -> None:
    """Sends messages until there are no more, or nobody who reads them."""
    try:
        while (parcel := await outbox.take()) is not None:
            view.show(parcel)
            with anyio.fail_after(studio.settings.stalled_seconds):
                if isinstance(parcel.content, str):
                    await socket.send_text(parcel.content)
                else:
                    await socket.send_bytes(parcel.content)
                    studio.tally.send()
    except (RuntimeError, WebSocketDisconnect, TimeoutError):
        pass


async def _close(socket: WebSocket, refused: _Refused) -> None:
    try:
        await socket.send_text(answer("error", code=refused.word, message=str(refused)))
        await socket.close(refused.code, refused.word)
    except (RuntimeError, WebSocketDisconnect):  # the client was faster
        pass
