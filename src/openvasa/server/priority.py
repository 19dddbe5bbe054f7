"""Whose turn it is on the cores: live sessions share them alike, files get what these leave."""

from __future__ import annotations

import os
import sys
import threading

LOW = 10  # steps of niceness: about a tenth of the time of a thread that is not nice


def yield_to_live() -> None:
    """Lets this thread, and those that it will start, wait for live sessions.

    Linux keeps niceness by thread, and a thread inherits it. Elsewhere nothing changes.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        mine = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, mine + LOW)
