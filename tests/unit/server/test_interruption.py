"""A performance put back to the frame on the screen."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.engine.stream import BLOCK, StreamState
from openvasa.server.interruption import put_back
from openvasa.types import Controls
from tiny_model import tone


@pytest.fixture(scope="module")
def performed(animator):
    """A performer, its states after each block, and all its motion."""
    avatar = animator.blank_avatar()
    with animator.stream(avatar, steps=2) as session:
        performer = session._performer
    states, motion, sound = [StreamState()], [], tone(2.0)
    for start in range(0, len(sound), BLOCK):
        state, made = performer.push(states[-1], sound[start : start + BLOCK], Controls())
        states.append(state)
        motion.extend(made.pose)
    return performer, states, np.array(motion)


def _quiet(performer, state, frames: int):
    return performer.push(state, np.zeros(640 * frames, np.float32), Controls())


@pytest.mark.parametrize("frame", [22, 25, 33, 34, 35])
def test_it_goes_on_from_the_frame(performed, frame: int) -> None:
    performer, states, motion = performed
    state = put_back(states, frame)
    assert state.frames == frame
    following, made = _quiet(performer, state, 8)
    assert following.frames == frame + 5 and len(made) == 5
    steps = np.abs(np.diff(motion, axis=0)).max(0)
    jump = np.abs(made.pose[0] - motion[frame - 1])
    assert (jump <= 3 * steps + 1e-3).all()  # no more than the head moves anyway


def test_sound_beyond_the_frame_is_forgotten(performed) -> None:
    _, states, _ = performed
    state = put_back(states, 33)
    assert len(state.motion.pending) == 0 and state.audio.samples == 0
    assert len(state.motion.history) == len(state.motion.past_audio) == 18


def test_frames_out_of_reach_are_moved_into_it(performed) -> None:
    _, states, _ = performed
    assert put_back(states, 10_000).frames == states[-1].frames
    assert put_back(states[-3:], 0).frames == states[-3].frames
    assert put_back([StreamState()], 5).frames == 0
