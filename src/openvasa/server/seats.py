"""Who may perform live: as many as the machine makes in real time, and a word for the others."""

from __future__ import annotations

import threading
import time

import numpy as np

from openvasa.engine.animator import Animator
from openvasa.engine.stream import BLOCK
from openvasa.types import FPS, SAMPLE_RATE

_TRIAL = 2.0  # seconds of silence that are performed


def real_time_factor(animator: Animator) -> float:
    """Seconds of video that this machine makes in a second, all its cores at work, as it is now."""
    sound = np.zeros(round(_TRIAL * SAMPLE_RATE), np.float32)
    with animator.stream(animator.blank_avatar()) as session:
        started = time.monotonic()
        count = sum(
            len(session.push(sound[start : start + BLOCK])) for start in range(0, len(sound), BLOCK)
        )
        return count / FPS / (time.monotonic() - started)


class Seats:
    """Counts live sessions.

    Attributes:
        capacity: At most so many at once, at least 1.
        taken: So many now.
    """

    def __init__(self, capacity: int) -> None:
        """All are free."""
        self.capacity, self.taken = max(1, capacity), 0
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Takes a seat if one is free; whoever gets one gives it back."""
        with self._lock:
            if self.taken >= self.capacity:
                return False
            self.taken += 1
            return True

    def give_back(self) -> None:
        """The session is over."""
        with self._lock:
            self.taken -= 1
