"""CPU time by stage, for `openvasa bench`. Knows nothing of what the stages do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Meter:
    """Adds up the CPU seconds that threads spend in named stages."""

    def __init__(self) -> None:
        """Starts with no stage."""
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Counts the calling thread's CPU time inside the block; blocks must not nest."""
        start = time.thread_time()
        try:
            yield
        finally:
            spent = time.thread_time() - start
            with self._lock:
                self.seconds[stage] = self.seconds.get(stage, 0.0) + spent
