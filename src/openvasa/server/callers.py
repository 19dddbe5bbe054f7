"""How much each address asks of a server: buckets of tokens in a table that cannot grow."""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Callable

MOST = 10_000  # addresses that are remembered
_MINUTE = 60.0


class Bucket:
    """So many things a minute, in a burst or evenly (token bucket)."""

    def __init__(self, a_minute: int, now: float) -> None:
        """Starts full, at `now` seconds."""
        self._most, self._left, self._when = a_minute, float(a_minute), now

    def take(self, now: float) -> bool:
        """Whether one more may be at `now` seconds; if so it is counted."""
        gained = (now - self._when) / _MINUTE * self._most
        self._left, self._when = min(self._left + gained, self._most), now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Rate:
    """A bucket for each address; those not seen for longest are forgotten when there are many."""

    def __init__(self, a_minute: int, read: Callable[[], float]) -> None:
        """What each address may do; `read` tells the time in seconds."""
        self._most, self._read = a_minute, read
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, address: str) -> bool:
        """Whether an address may do it once more; if so it is counted."""
        now = self._read()
        bucket = self._buckets.pop(address, None) or Bucket(self._most, now)
        self._buckets[address] = bucket
        if len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
        return bucket.take(now)


class Connections:
    """Sockets that each address has open."""

    def __init__(self, most: int) -> None:
        """At most so many at once for an address."""
        self._most = most
        self._open: Counter[str] = Counter()

    def take(self, address: str) -> bool:
        """Whether it may open another; whoever may says so to `give_back` at its end."""
        if self._open[address] >= self._most:
            return False
        self._open[address] += 1
        return True

    def give_back(self, address: str) -> None:
        """One is closed."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


def who(host: str | None) -> str:
    """What counts as one address: of IPv6 the first 64 bits, which a single client may fill.

    Args:
        host: As the server knows it; None is a socket without an address.
    """
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return host or ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False).network_address)
