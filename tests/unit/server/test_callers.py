"""What one address may ask for."""

from __future__ import annotations

import pytest

from openvasa.server import callers
from openvasa.server.callers import Connections, Rate, who


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    clock = _Clock()
    rate = Rate(60, clock)
    assert [rate.take("a") for _ in range(61)] == [True] * 60 + [False]
    assert rate.take("b")  # another address has its own
    clock.now = 2.0
    assert [rate.take("a") for _ in range(3)] == [True, True, False]
    clock.now = 10_000.0
    assert [rate.take("a") for _ in range(61)] == [True] * 60 + [False]


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "MOST", 3)
    rate = Rate(1, _Clock())
    assert all(rate.take(f"10.0.0.{k}") for k in range(100)) and len(rate._buckets) == 3
    assert not rate.take("10.0.0.99") and rate.take("10.0.0.0")  # the oldest was forgotten


def test_sockets_are_given_back() -> None:
    sockets = Connections(2)
    assert [sockets.take("a") for _ in range(3)] == [True, True, False] and sockets.take("b")
    sockets.give_back("a")
    assert sockets.take("a")
    for address in "aab":
        sockets.give_back(address)
    assert not sockets._open


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        (None, ""),
        ("a name", "a name"),
    ],
)
def test_addresses(host: str | None, address: str) -> None:
    assert who(host) == address
