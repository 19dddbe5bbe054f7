"""WebRTC in place of the WebSocket: an offer in, an answer out, and a session while it lasts."""

from __future__ import annotations

import asyncio

import anyio
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from openvasa.server.callers import Connections, who
from openvasa.server.peer import Peer
from openvasa.server.requests import Hello
from openvasa.server.routes import Shared
from openvasa.server.settings import Settings
from openvasa.types import InputError

router = APIRouter()


class Offer(BaseModel):
    """What a client wants.

    Attributes:
        sdp: Of an offer with a picture, sound and a data channel, its candidates gathered.
        hello: As on the WebSocket; rate, listen and video are those of the tracks.
    """

    sdp: str = Field(max_length=20_000)
    hello: Hello


class Answer(BaseModel):
    """The server's side.

    Attributes:
        sdp: Of the answer.
    """

    sdp: str


class Peers:
    """The connections of a server that are open now."""

    def __init__(self, settings: Settings) -> None:
        """None."""
        self.connections = Connections(settings.sockets)
        self._tasks: set[asyncio.Task[None]] = set()

    def attend(self, peer: Peer, address: str) -> None:
        """Lets a peer have its session; `address` gets its connection back when it is over."""

        def over(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self.connections.give_back(address)

        task = asyncio.create_task(peer.attend())
        self._tasks.add(task)
        task.add_done_callback(over)

    async def close(self) -> None:
        """Ends all, once nobody performs any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@router.post("/v1/webrtc", status_code=201)
async def create_peer(request: Request, studio: Shared, offer: Offer) -> Answer:
    """Begins a live session over WebRTC; it ends with its connection."""
    peers: Peers = request.app.state.peers
    hello = offer.hello
    if hello.pace != "live":
        raise InputError("a connection of WebRTC is live: leave 'pace' out.")
    guest = studio.avatars.get(hello.avatar)
    if guest is None:
        studio.tally.refuse("no_avatar")
        raise HTTPException(404, "there is no such avatar: upload it again.")
    address = who(request.client.host if request.client else None)
    if not peers.connections.take(address):
        studio.tally.refuse("too_many")
        raise HTTPException(429, "too many connections from this address: close one.")
    if not studio.seats.take():
        peers.connections.give_back(address)
        studio.tally.refuse("busy")
        later = {"Retry-After": "60"}
        raise HTTPException(503, "all seats are taken: try again in a minute.", later)
    peer = Peer(studio, guest, hello)
    try:
        with anyio.fail_after(studio.settings.hello_seconds):
            sdp = await peer.answer(offer.sdp)
    except BaseException as error:
        studio.seats.give_back()
        peers.connections.give_back(address)
        await peer.close()
        if isinstance(error, TimeoutError):
            raise InputError("the offer names addresses that cannot be found.") from error
        raise
    peers.attend(peer, address)
    return Answer(sdp=sdp)
