"""Messages to a slow client: bounded, dropped or waited for."""

from __future__ import annotations

import asyncio
import threading

from openvasa.server.outbox import LONGEST, Outbox, Parcel


def _frames(first: int, count: int) -> list[Parcel]:
    return [Parcel(b"", index) for index in range(first, first + count)]


async def _taken(box: Outbox) -> list[Parcel]:
    box.close()
    return [parcel async for parcel in _all(box)]


async def _all(box: Outbox):
    while (parcel := await box.take()) is not None:
        yield parcel


def test_a_live_client_that_is_slow_gets_what_is_new() -> None:
    async def play() -> None:
        box = Outbox(asyncio.get_running_loop(), lossless=False)
        box.put(Parcel("kept"))
        lost = [box.put(frame) for frame in _frames(0, LONGEST + 1)]
        assert lost == [0] * LONGEST + [LONGEST] and box.dropped == LONGEST
        assert [p.frame for p in await _taken(box)] == [None, LONGEST]

    asyncio.run(play())


def test_a_lossless_box_makes_the_thread_wait() -> None:
    async def play() -> None:
        box = Outbox(asyncio.get_running_loop(), lossless=True)
        total = 3 * LONGEST

        def fill() -> None:
            for frame in _frames(0, total):
                box.put(frame)
            box.close()

        thread = threading.Thread(target=fill)
        thread.start()
        await asyncio.sleep(0.05)
        assert len(box._waiting) == LONGEST
        assert [p.frame async for p in _all(box)] == list(range(total)) and not box.dropped
        thread.join()

    asyncio.run(play())


def test_frames_are_taken_back() -> None:
    async def play() -> None:
        box = Outbox(asyncio.get_running_loop(), lossless=False)
        for frame in _frames(0, 6):
            box.put(frame)
        box.take_back(4)
        assert [p.frame for p in await _taken(box)] == [0, 1, 2, 3] and not box.dropped

    asyncio.run(play())


def test_a_closed_box_holds_no_thread() -> None:
    async def play() -> None:
        box = Outbox(asyncio.get_running_loop(), lossless=True)
        thread = threading.Thread(target=lambda: [box.put(f) for f in _frames(0, 2 * LONGEST)])
        thread.start()
        await asyncio.sleep(0.02)
        box.close()
        thread.join(2)
        assert not thread.is_alive()

    asyncio.run(play())
