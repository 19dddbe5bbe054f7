"""Blinks at the rate that is asked for: of the model's too many are left out, missing ones put in.

The motion model shuts the lids about 35 times a minute, people who talk about 20 times (Bentivoglio
et al. 1997 say 26 in conversation, 17 at rest). When a blink is due follows from the seed: waits
are drawn about the mean that the rate gives. A blink of the model that comes near the time is
taken; if none comes, one is put in, shaped as lids move: shut in a tenth of a second, open in
twice that. What is left out is the closing alone; squints and the lids' own play stay. A filter
that looks back only; its state is a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from openvasa.engine.axes import Axes
from openvasa.types import FPS, Array

USUAL = 18.0  # blinks a minute where none are asked for
STARTS, ENDS = 0.35, 0.22  # of a closed lid: where a closing is a blink, and where it is over
KEPT = 0.2  # of the closing, where a blink is left out
EARLY = 0.3  # of a mean wait: how long before it is due the model's own blink is taken
REGULAR = 4.0  # shape of the waits' gamma distribution: their spread is half of their mean
LEAST = 0.35  # of a mean wait: no wait is shorter
SHAPE = (0.3, 0.85, 1.0, 0.9, 0.65, 0.4, 0.2, 0.08)  # how far lids are shut, frame by frame
_STREAM = 5  # which of the seed's random numbers are these


@dataclass(frozen=True, kw_only=True)
class BlinkState:
    """What the filter remembers.

    Attributes:
        waited: Since the last blink was due, in mean waits.
        done: Blinks so far.
        frame: Of a blink that is put in, the next; None between them.
        shutting: Whether the model's lids are in a blink.
        left_out: Whether that blink is one that is left out.
    """

    waited: float = 0.5
    done: int = 0
    frame: int | None = None
    shutting: bool = False
    left_out: bool = False


def blink(
    state: BlinkState, dynamics: Array, lids: Axes, rate: float | None, seed: int
) -> tuple[BlinkState, Array]:
    """Lets the lids of one frame blink as often as they should.

    Args:
        state: What is remembered; it is not changed.
        dynamics: f32 [48], the frame's z_dyn.
        lids: How far each lid is shut, of the model.
        rate: Blinks a minute, >= 0; None is `USUAL`.
        seed: Of the performance.

    Returns:
        The next state, and the frame's z_dyn.
    """
    shut = np.maximum(lids.read(dynamics), 0)
    level = float(shut.mean())
    waited = state.waited + (USUAL if rate is None else rate) / (60 * FPS)
    done, frame = state.done, state.frame
    shutting, left_out = state.shutting, state.left_out
    due = _wait(seed, done) if rate != 0 else np.inf
    if not shutting and level > STARTS:
        shutting, left_out = True, frame is not None or waited < due - EARLY
        if not left_out:
            waited, done = waited - due, done + 1
    elif shutting and level < ENDS:
        shutting = False
    if frame is None and waited >= due and (left_out or not shutting):
        waited, done, frame = waited - due, done + 1, 0
    out = dynamics
    if shutting and left_out:
        shut = shut - (1 - KEPT) * np.maximum(shut - ENDS, 0)
        out = lids.add(out, shut - np.maximum(lids.read(out), 0))
    if frame is not None:
        out = lids.add(out, np.maximum(SHAPE[frame] - shut, 0))
        frame = frame + 1 if frame + 1 < len(SHAPE) else None
    following = BlinkState(
        waited=waited, done=done, frame=frame, shutting=shutting, left_out=left_out
    )
    return following, out


@lru_cache(maxsize=256)  # asked for every frame; a generator is slow to make
def _wait(seed: int, number: int) -> float:
    """How long before a blink, in mean waits."""
    rng = np.random.default_rng([seed, _STREAM, number])
    return LEAST + (1 - LEAST) * float(rng.gamma(REGULAR, 1 / REGULAR))
