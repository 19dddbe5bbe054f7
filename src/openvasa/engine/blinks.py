"""Blinks at a human rate: one that follows too soon on another is left out.

The motion model shuts the lids about 35 times a minute, people who talk about 20 times (Bentivoglio
et al. 1997 say 26 in conversation, 17 at rest). What is left out is the closing alone; squints and
the lids' own play stay. A filter that looks back only; its state is a value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openvasa.types import FPS, Array, Motion

GAP = 2.2  # seconds between the end of a blink and the next
STARTS, ENDS = (
    0.35,
    0.22,
)  # of a closed lid: where a closing counts as a blink, and where it is over
KEPT = 0.2  # of the closing, where a blink is left out


@dataclass(frozen=True, kw_only=True)
class BlinkState:
    """What the filter remembers.

    Attributes:
        since: Frames since the last blink ended.
        shutting: Whether the model's lids are in a blink.
        left_out: Whether that blink is one that is left out.
    """

    since: int = round(GAP * FPS) // 2
    shutting: bool = False
    left_out: bool = False


@dataclass(frozen=True)
class LidAxes:
    """How lids and z_dyn hang together, of one model.

    Attributes:
        read: f32 [48, 2], z_dyn -> how far each lid is shut.
        put: f32 [2, 48], what a shut lid adds to z_dyn.
    """

    read: Array
    put: Array


def spare_blinks(state: BlinkState, motion: Motion, lids: LidAxes) -> tuple[BlinkState, Motion]:
    """Leaves out blinks that come too soon.

    Args:
        state: What is remembered; it is not changed.
        motion: The next T frames.
        lids: Of the model.

    Returns:
        The next state, and the frames.
    """
    since, shutting, left_out = state.since, state.shutting, state.left_out
    dynamics = motion.dynamics.copy()
    for t, now in enumerate(motion.dynamics):
        # Row by row, and not a matrix product: the same bits however the frames are cut.
        shut = np.maximum((now[:, None] * lids.read).sum(0), 0)
        level = float(shut.mean())
        if not shutting and level > STARTS:
            shutting, left_out = True, since < GAP * FPS
        elif shutting and level < ENDS:
            shutting = False
            since = since if left_out else 0
        if shutting and left_out:
            less = (1 - KEPT) * np.maximum(shut - ENDS, 0)
            dynamics[t] -= less[0] * lids.put[0] + less[1] * lids.put[1]
        since += 1
    kept = BlinkState(since=since, shutting=shutting, left_out=left_out)
    return kept, Motion(motion.pose, dynamics)
