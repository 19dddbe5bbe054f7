"""A client of `openvasa serve`: sound in, frames with their sound out. See docs/clients.md."""

from openvasa.client.live import LiveClient, LiveError, LiveFrame
from openvasa.client.portrait import create_avatar

__all__ = ["LiveClient", "LiveError", "LiveFrame", "create_avatar"]
