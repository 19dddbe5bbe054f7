"""openvasa: one portrait and one recording in, a talking-face video out.

The public names below are loaded on first use, so that `import openvasa` opens nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openvasa.bundle import Bundle, read_bundle
    from openvasa.engine.animator import Animator, Avatar, Clip
    from openvasa.engine.control_track import ControlTrack
    from openvasa.engine.scene import Scene
    from openvasa.types import Controls, Frame, InputError, Motion

__version__ = "0.1.0"

_HOMES = {
    "Animator": "openvasa.engine.animator",
    "Avatar": "openvasa.engine.animator",
    "Bundle": "openvasa.bundle",
    "Clip": "openvasa.engine.animator",
    "ControlTrack": "openvasa.engine.control_track",
    "Controls": "openvasa.types",
    "Frame": "openvasa.types",
    "InputError": "openvasa.types",
    "Motion": "openvasa.types",
    "Scene": "openvasa.engine.scene",
    "read_bundle": "openvasa.bundle",
}

__all__ = [
    "Animator",
    "Avatar",
    "Bundle",
    "Clip",
    "ControlTrack",
    "Controls",
    "Frame",
    "InputError",
    "Motion",
    "Scene",
    "read_bundle",
]


def __getattr__(name: str) -> Any:
    """Loads a public name from the room it lives in, the first time it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'openvasa' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Lists the public names, those not loaded yet included."""
    return sorted([*__all__, "__version__"])
