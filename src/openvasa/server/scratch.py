"""Where what clients brought lies: one folder, gone at the end even of a server that was killed."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

_PREFIX, _LOCK = "openvasa-serve-", "lock"


class Scratch:
    """A temporary folder that is this server's as long as it runs.

    A server that is killed cannot clean up. But the lock that it held on its folder is free then,
    and the next server of the same user removes the folder. Windows has no such locks: there
    the folder of a killed server stays.

    Attributes:
        folder: Nobody else can read it.
    """

    def __init__(self, place: Path | None = None) -> None:
        """Removes the folders of the dead, and makes one.

        Args:
            place: Where folders lie; None is the system's place for temporary files.
        """
        place = Path(tempfile.gettempdir()) if place is None else place
        if sys.platform != "win32":
            for other in place.glob(f"{_PREFIX}*"):
                with suppress(OSError):  # not a server's, or gone just now
                    _remove_if_dead(other)
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        self._lock = (self.folder / "new").open("wb")
        if sys.platform != "win32":
            _take(self._lock)
            # Under its name only now: others must not find a lock that nobody holds.
            os.replace(self.folder / "new", self.folder / _LOCK)

    def close(self) -> None:
        """Removes it."""
        self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)


if sys.platform != "win32":

    def _take(lock: IO[bytes]) -> None:
        """Locks a file until it is closed or the process ends; OSError if another holds it."""
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _remove_if_dead(folder: Path) -> None:
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            return
        with (folder / _LOCK).open("rb") as lock:
            _take(lock)
            shutil.rmtree(folder, ignore_errors=True)
