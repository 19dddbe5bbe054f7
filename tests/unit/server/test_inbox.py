"""What is performed next: speech as it comes, silence at the pace of the clock."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.engine.stream import BLOCK
from openvasa.server.inbox import MOST, PATIENCE, SLIP, Inbox, RealTime
from openvasa.types import Controls, InputError


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _sound(seconds: float) -> np.ndarray:
    return np.ones(round(16_000 * seconds), np.float32)


@pytest.fixture
def wall() -> _Clock:
    return _Clock()


def test_silence_comes_at_the_pace_of_the_clock(wall) -> None:
    inbox, clock = Inbox(live=True), RealTime(0.0, wall)
    wall.now, position = 1.0, 0.0
    while clock.due(position) >= 0.04:
        piece = inbox.next_piece(position, clock)
        assert piece is not None and not piece.samples.any() and 0 < len(piece.samples) <= BLOCK
        position += len(piece.samples) / 16_000
    assert position == pytest.approx(1.0, abs=0.04)


def test_speech_comes_whole_and_says_where_it_begins(wall) -> None:
    inbox, clock = Inbox(live=False), RealTime(0.0, wall)
    inbox.hear(_sound(0.3), 700, 0.0)
    inbox.hear(_sound(0.1), 5500, 0.0)
    inbox.end()
    pieces = [inbox.next_piece(0.0, clock) for _ in range(4)]
    assert [len(piece.samples) for piece in pieces] == [3200, 1600, 1600, 0]
    assert [piece.onset for piece in pieces] == [700, None, None, None]
    assert [piece.last for piece in pieces] == [False, False, False, True]


def test_live_speech_waits_for_its_time(wall) -> None:
    inbox, clock = Inbox(live=True), RealTime(0.0, wall)
    inbox.hear(_sound(5.0), 0, 0.0)
    position = 0.0
    while clock.due(position) > -0.3:
        position += len(inbox.next_piece(position, clock).samples) / 16_000
    assert position == pytest.approx(0.4)


def test_a_gap_in_speech_is_waited_for_and_then_filled(wall) -> None:
    inbox, clock = Inbox(live=True), RealTime(0.0, wall)
    inbox.hear(_sound(0.1), 0, 0.0)
    assert inbox.next_piece(0.0, clock).onset == 0
    assert not inbox._silent(PATIENCE / 2) and inbox._silent(PATIENCE + 0.1)
    inbox.hear(_sound(0.1), 1600, 1.0)
    assert inbox.next_piece(0.1, clock).onset == 1600  # begins anew


def test_an_interruption_drops_what_waits(wall) -> None:
    inbox, clock = Inbox(live=True), RealTime(0.0, wall)
    inbox.hear(_sound(3.0), 0, 0.0)
    inbox.interrupt(12)
    assert inbox.urgent and len(inbox.next_piece(0.0, clock).samples) == 0
    orders = inbox.orders()
    assert orders.interrupted and orders.shown == 12 and not inbox.urgent
    wall.now = 0.2
    assert not inbox.next_piece(0.0, clock).samples.any()


def test_orders_are_given_once(wall) -> None:
    inbox = Inbox(live=True)
    inbox.steer(Controls(distance=0.8))
    inbox.steer(Controls(distance=0.9))
    assert inbox.orders().controls == Controls(distance=0.9)
    assert inbox.orders().controls is None


def test_too_much_sound_is_refused() -> None:
    inbox = Inbox(live=True)
    inbox.hear(np.zeros(MOST, np.float32), 0, 0.0)
    with pytest.raises(InputError, match="no faster"):
        inbox.hear(np.zeros(1, np.float32), MOST, 0.0)


def test_a_slow_machine_s_clock_gives_in(wall) -> None:
    clock = RealTime(0.0, wall)
    wall.now = 10.0
    clock.give_in(1.0)
    assert clock.due(1.0) == pytest.approx(SLIP)


def test_a_closed_inbox_ends_the_waiting(wall) -> None:
    inbox = Inbox(live=False)
    inbox.close()
    assert inbox.next_piece(0.0, RealTime(0.0, wall)) is None
