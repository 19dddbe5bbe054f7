"""Who watches a live session without steering it: its frames, to any page that knows its view."""

from __future__ import annotations

import asyncio
import json
import secrets

from openvasa.server.outbox import Outbox, Parcel
from openvasa.server.pictures import KEY

MOST = 16  # viewers of one session
_SHOWN = ("interrupted",)  # messages that viewers need; the others are between owner and server


class Viewer:
    """One who watches; a slow one loses frames, and nobody else does."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Waits for the first picture that can be decoded alone."""
        self.box = Outbox(loop, lossless=False)
        self._whole = False  # whether it has all that the next picture builds on

    def show(self, parcel: Parcel) -> None:
        """A message for it."""
        if isinstance(parcel.content, str):
            self.box.put(parcel)
            return
        key = bool(parcel.content[1] & KEY)
        if self._whole or key:
            self._whole = not self.box.put(parcel) or key
            if not self._whole:
                self.box.take_back(0)


class View:
    """All viewers of one session, on the event loop.

    Attributes:
        id: Random; whoever knows it may watch.
    """

    def __init__(self) -> None:
        """Nobody watches."""
        self.id = secrets.token_urlsafe(16)
        self._viewers: set[Viewer] = set()

    def show(self, parcel: Parcel) -> None:
        """Hands on what the owner gets, if it is for viewers too; never waits."""
        text = parcel.content
        if isinstance(text, bytes) or json.loads(text)["type"] in _SHOWN:
            for viewer in self._viewers:
                viewer.show(parcel)

    def join(self, viewer: Viewer) -> bool:
        """Lets one more watch; returns whether there was room."""
        if len(self._viewers) >= MOST:
            return False
        self._viewers.add(viewer)
        return True

    def leave(self, viewer: Viewer) -> None:
        """One went."""
        self._viewers.discard(viewer)

    def close(self) -> None:
        """The session is over."""
        for viewer in self._viewers:
            viewer.box.close()


class Views:
    """The views of all sessions that run now, by id."""

    def __init__(self) -> None:
        """None runs."""
        self._views: dict[str, View] = {}

    def open(self) -> View:
        """A session begins."""
        view = View()
        self._views[view.id] = view
        return view

    def get(self, name: str) -> View | None:
        """The view of that id, if its session runs."""
        return self._views.get(name)

    def close(self, view: View) -> None:
        """The session is over: its viewers are sent away, its id is worth nothing."""
        self._views.pop(view.id, None)
        view.close()
