"""A performance cut short: it goes on from the frame on the screen, as if nothing had been heard.

Sound is heard 0.3 s before the frame that speaks it, so leaving out what waits is not enough: the
performance must be put back to the frame that the listener sees. Its states are values, so it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from openvasa.audio.encoder import EncoderState
from openvasa.engine.stream import StreamState
from openvasa.engine.voice import VoiceState
from openvasa.types import AUDIO_DIM, Array


def put_back(states: Sequence[StreamState], frame: int) -> StreamState:
    """The state from which `frame` is made next, with no sound heard beyond it.

    Args:
        states: Of one performance in order, the present one last; at least one.
        frame: The first frame to be made again; moved into the range that the states cover.

    Returns:
        A state whose next frames follow smoothly: its history ends before `frame`, and what would
        have been shown there fades into what is made.
    """
    frame = min(max(frame, states[0].frames), states[-1].frames)
    after = next(state for state in states if state.frames >= frame)
    surplus = after.frames - frame
    motion = after.motion
    kept = max(len(motion.history) - surplus, 0)
    would_be = np.concatenate([motion.history[kept:], motion.tail])[: max(len(motion.tail), 1)]
    return replace(
        after,
        audio=EncoderState(),
        acting=replace(after.acting, voice=VoiceState(), other=VoiceState()),
        motion=replace(
            motion,
            history=motion.history[:kept],
            past_audio=motion.past_audio[:kept],
            pending=_nothing(),
            tail=would_be,
        ),
        frames=frame,
    )


def _nothing() -> Array:
    return np.zeros((0, AUDIO_DIM), np.float32)
