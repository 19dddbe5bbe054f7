"""The WebSocket half: greets a client, finds it a seat, and carries messages both ways."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from openvasa.server.avatars import Guest
from openvasa.server.door import knows_token
from openvasa.server.live import LivePerformance
from openvasa.server.outbox import Outbox
from openvasa.server.pictures import create_encoder
from openvasa.server.requests import VERSION, Hello, answer, read_message
from openvasa.server.studio import Studio
from openvasa.types import FPS, InputError

router = APIRouter()
# Codes with which a connection is closed; those from 4000 on are this protocol's own.
DONE, STOPPING, BUSY, WRONG, NO_TOKEN, NO_AVATAR, LATE, BROKEN = (
    1000, 1001, 1013, 4400, 4401, 4404, 4408, 1011,
)  # fmt: skip
_PATIENCE = 0.02  # seconds between looks at a full inbox


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
        if studio.closing or not studio.seats.take():
            raise _Refused(BUSY, "busy", "all seats are taken: try again in a minute.")
        try:
            await _perform(socket, studio, hello, guest)
        finally:
            studio.seats.give_back()
    except _Refused as refused:
        await _close(socket, refused)
    except InputError as error:
        await _close(socket, _Refused(WRONG, "bad_message", str(error)))
    except WebSocketDisconnect:
        pass


async def _greeted(socket: WebSocket, studio: Studio) -> tuple[Hello, Guest]:
    try:
        async with asyncio.timeout(studio.settings.hello_seconds):
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
    session, marks = await run_in_threadpool(studio.stream, guest, hello)
    outbox = Outbox(asyncio.get_running_loop(), lossless=hello.pace == "free")
    encoder = create_encoder(hello.video, hello.quality)
    performance = LivePerformance(hello, session, encoder, outbox)
    studio.performances.add(performance)
    tasks: list[asyncio.Task[None]] = []
    try:
        await socket.send_text(
            answer(
                "ready", version=VERSION, fps=FPS, video=hello.video,
                content_id=f"{marks.content_id:012x}",
            )
        )  # fmt: skip
        performance.start()
        tasks = [
            asyncio.create_task(_listen(socket, performance)),
            asyncio.create_task(_speak(socket, outbox)),
        ]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        await socket.close(STOPPING if studio.closing else DONE)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        studio.performances.discard(performance)
        await run_in_threadpool(performance.close)


async def _listen(socket: WebSocket, performance: LivePerformance) -> None:
    """Takes messages until the client goes."""
    while True:
        while performance.full:  # a client that sends at will waits for its socket
            await asyncio.sleep(_PATIENCE)
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", DONE))
        if (pcm := message.get("bytes")) is not None:
            performance.hear(pcm)
        else:
            performance.told(read_message(message.get("text") or ""))


async def _speak(socket: WebSocket, outbox: Outbox) -> None:
    """Sends messages until there are no more."""
    while (parcel := await outbox.take()) is not None:
        if isinstance(parcel.content, str):
            await socket.send_text(parcel.content)
        else:
            await socket.send_bytes(parcel.content)


async def _close(socket: WebSocket, refused: _Refused) -> None:
    try:
        await socket.send_text(answer("error", code=refused.word, message=str(refused)))
        await socket.close(refused.code, refused.word)
    except (RuntimeError, WebSocketDisconnect):  # the client was faster
        pass
