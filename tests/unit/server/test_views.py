"""Those who watch a session."""

from __future__ import annotations

import asyncio

from openvasa.server.outbox import LONGEST, Parcel
from openvasa.server.requests import answer
from openvasa.server.views import MOST, Viewer, Views


def _frame(index: int, *, key: bool = True) -> Parcel:
    return Parcel(bytes([2, int(key)]), index)


def _got(viewer: Viewer) -> list[int | str | None]:
    async def take() -> list[int | str | None]:
        viewer.box.close()
        found: list[int | str | None] = []
        while (parcel := await viewer.box.take()) is not None:
            found.append(parcel.content if parcel.frame is None else parcel.frame)  # type: ignore[arg-type]
        return found

    return asyncio.run(take())


def _viewer() -> Viewer:
    loop = asyncio.new_event_loop()
    loop.close()  # boxes are emptied without it
    return Viewer(loop)


def test_each_gets_the_frames_and_nothing_between_owner_and_server() -> None:
    view, viewers = Views().open(), [_viewer(), _viewer()]
    assert all(map(view.join, viewers))
    interrupted = answer("interrupted", frame=1)
    for parcel in (Parcel(answer("speech", sample=0, time=0.0)), _frame(0), Parcel(interrupted)):
        view.show(parcel)
    assert [_got(viewer) for viewer in viewers] == [[0, interrupted]] * 2


def test_who_comes_late_begins_with_a_key_frame() -> None:
    view, viewer = Views().open(), _viewer()
    view.join(viewer)
    for index, key in enumerate((False, False, True, False)):
        view.show(_frame(index, key=key))
    assert _got(viewer) == [2, 3]


def test_a_slow_one_loses_frames_until_a_key_frame() -> None:
    view, slow = Views().open(), _viewer()
    view.join(slow)
    for index in range(LONGEST + 10):
        view.show(_frame(index, key=index in (0, LONGEST + 5)))
    assert _got(slow) == list(range(LONGEST + 5, LONGEST + 10))


def test_there_is_room_for_so_many() -> None:
    view = Views().open()
    viewers = [_viewer() for _ in range(MOST)]
    assert all(map(view.join, viewers)) and not view.join(_viewer())
    view.leave(viewers[0])
    assert view.join(_viewer())


def test_an_ended_session_has_no_view() -> None:
    views, viewer = Views(), _viewer()
    view = views.open()
    view.join(viewer)
    assert views.get(view.id) is view and len(view.id) >= 22
    views.close(view)
    assert views.get(view.id) is None
    assert asyncio.run(viewer.box.take()) is None
