"""A network that loses packets of aiortc's peers on this computer, whatever they carry."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from aioice import ice


@dataclass
class Network:
    """What becomes of packets.

    Attributes:
        share: Of packets that are lost.
        burst: Packets that are lost in a row, in the mean (Gilbert's model with no loss between).
        sent: Packets so far.
        lost: Of them.
    """

    share: float = 0.0
    burst: float = 1.0
    sent: int = 0
    lost: int = 0
    _bad: bool = False
    _random: random.Random = field(default_factory=lambda: random.Random(0))

    def loses(self) -> bool:
        """Whether the next packet is lost."""
        self.sent += 1
        if self.share >= 1:
            self._bad = True
        elif self._bad:
            self._bad = self._random.random() >= 1 / self.burst
        else:
            begins = self.share / (1 - self.share) / self.burst
            self._bad = self._random.random() < begins
        self.lost += self._bad
        return self._bad


@contextmanager
def losing(network: Network, *, received: bool = False) -> Iterator[None]:
    """All that peers of this process send goes through the network.

    Args:
        network: May be changed meanwhile.
        received: Also what they get, from a peer of another process.
    """
    protocol = ice.StunProtocol
    send_data, send_stun = protocol.send_data, protocol.send_stun
    datagram_received = protocol.datagram_received

    async def lossy_data(self: Any, data: bytes, addr: Any) -> None:
        if not network.loses():
            await send_data(self, data, addr)

    def lossy_stun(self: Any, message: Any, addr: Any) -> None:
        if not network.loses():
            send_stun(self, message, addr)

    def lossy_received(self: Any, data: bytes, addr: Any) -> None:
        if not (received and network.loses()):
            datagram_received(self, data, addr)

    with (
        patch.object(protocol, "send_data", lossy_data),
        patch.object(protocol, "send_stun", lossy_stun),
        patch.object(protocol, "datagram_received", lossy_received),
    ):
        yield
