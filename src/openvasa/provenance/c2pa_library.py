"""The native C2PA library, loaded when first needed, with settings that keep its memory flat."""

from __future__ import annotations

from types import ModuleType
from typing import Any

SIDECAR = ".c2pa"  # beside a file that carries no credentials itself
FORMATS = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
SETTINGS: dict[str, Any] = {
    "builder": {"thumbnail": {"enabled": False}},
    # Without these a video is held in memory twice while it is signed; with them it is 50 MB.
    "core": {
        "backing_store_memory_threshold_in_mb": 8,
        "merkle_tree_chunk_size_in_kb": 1024,
        "merkle_tree_max_proofs": 0,
    },
    "verify": {
        "verify_after_sign": False,
        "remote_manifest_fetch": False,  # no word to any server of what is looked at
        "ocsp_fetch": False,
    },
}


class LibraryMissing(RuntimeError):
    """The C2PA library does not run on this platform."""


def c2pa_library() -> ModuleType:
    """The module `c2pa`.

    Raises:
        LibraryMissing: It is not installed, or its native part does not run here.
    """
    try:
        import c2pa
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise LibraryMissing(str(error)) from error
    return c2pa
