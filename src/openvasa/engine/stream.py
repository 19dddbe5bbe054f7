"""Sound in, frames out, piece by piece: what one performance remembers is a value.

Whole recordings are animated as a fold over the same functions, so there is one path. Knows
nothing of files or sockets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np

from openvasa.audio.encoder import AudioEncoder, EncoderState
from openvasa.engine.backends import cores
from openvasa.engine.blinks import BlinkState, LidAxes, spare_blinks
from openvasa.engine.home import HomeState, come_home
from openvasa.engine.render import Renderer, Timer, no_timer, render_all
from openvasa.motion import windows
from openvasa.motion.conditions import control_arrays
from openvasa.motion.config import SampleOptions
from openvasa.motion.windows import MotionModel, WindowState
from openvasa.types import (
    DYNAMICS_DIM,
    POSE_DIM,
    SAMPLES_PER_FRAME,
    Array,
    Controls,
    Frame,
    InputError,
    Motion,
)

BLOCK = 5 * SAMPLES_PER_FRAME  # samples heard at a time offline: one hop of the motion


@dataclass(frozen=True, kw_only=True)
class StreamState:
    """All that one performance remembers between pieces of sound; about 0.1 MB.

    Attributes:
        audio: Sound and mel columns that later features still need.
        motion: The last frames made, and audio features not yet used.
        home: How far the head has drifted.
        blinks: When the lids were shut last.
        frames: Frames of motion made so far.
    """

    audio: EncoderState = field(default_factory=EncoderState)
    motion: WindowState = field(default_factory=windows.start)
    home: HomeState = field(default_factory=HomeState)
    blinks: BlinkState = field(default_factory=BlinkState)
    frames: int = 0


@dataclass(frozen=True)
class Performer:
    """Sound -> motion with one set of options; shares its networks with all others.

    Attributes:
        encoder: Sound to features.
        model: Features to motion.
        options: Seed, steps and guidance.
        eyes: f32 [2, 48], what one radian of gaze in the head (yaw, pitch) adds to z_dyn.
        lids: How z_dyn and the lids hang together.
        turned: The portrait's own yaw, radians.
        timer: Called around each stage with its name.
    """

    encoder: AudioEncoder
    model: MotionModel
    options: SampleOptions
    eyes: Array
    lids: LidAxes
    turned: float = 0.0
    timer: Timer = no_timer

    def push(
        self, state: StreamState, samples: Array, controls: Controls
    ) -> tuple[StreamState, Motion]:
        """Hears more sound.

        Args:
            state: What the performance remembers; it is not changed.
            samples: f32 [n], any n >= 0, mono at 16 kHz in [-1, 1].
            controls: In force for the windows that this sound completes.

        Returns:
            The next state, and the frames of motion that are now fixed: 5 more for every 0.2 s,
            the first 5 once 0.32 s were heard.

        Raises:
            InputError: The samples are unusable, or the performance has ended.
        """
        with self.timer("audio"):
            audio, features = self.encoder.push(state.audio, samples)
        with self.timer("motion"):
            motion, made = _all_windows(
                windows.push(state.motion, features), controls, self.model, self.options
            )
        return self._homed(state, audio, motion, made, controls)

    def flush(self, state: StreamState, controls: Controls) -> tuple[StreamState, Motion]:
        """Ends the performance: the motion of all sound that still waits.

        Returns:
            The ended state and the last frames; together with all frames before exactly
            ceil(samples / 640).
        """
        with self.timer("audio"):
            audio, features = self.encoder.flush(state.audio)
        with self.timer("motion"):
            motion, made = _all_windows(
                windows.push(state.motion, features), controls, self.model, self.options
            )
            motion, rest = windows.flush(motion, controls, self.model, self.options)
        return self._homed(state, audio, motion, joined([made, rest]), controls)

    def _homed(self, state: StreamState, audio: EncoderState, motion: WindowState, made: Motion,
               controls: Controls) -> tuple[StreamState, Motion]:  # fmt: skip
        home, made = come_home(state.home, made, controls, self.eyes, self.turned)
        blinks, made = spare_blinks(state.blinks, made, self.lids)
        following = StreamState(
            audio=audio, motion=motion, home=home, blinks=blinks, frames=state.frames + len(made)
        )
        return following, made

    def perform(self, pieces: Iterable[Array], controls: Controls) -> Iterator[Motion]:
        """The motion of a whole recording, one frame at a time, from its pieces in order."""
        state = StreamState()
        for samples in pieces:
            for start in range(0, len(samples), BLOCK):
                state, made = self.push(state, samples[start : start + BLOCK], controls)
                yield from single_frames(made)
        yield from single_frames(self.flush(state, controls)[1])


class StreamSession:
    """One listener's performance: sound in by `push`, frames out. Use it in a `with` block.

    Attributes:
        state: All that is remembered; a value that can be kept and put back.
    """

    def __init__(self, performer: Performer, renderer: Renderer, controls: Controls) -> None:
        """Starts a performance.

        Args:
            performer: Sound to motion.
            renderer: Motion to frames.
            controls: In force until they are changed.
        """
        self.state = StreamState()
        self._performer, self._renderer = performer, renderer
        self._ahead = cores()
        self._pool = ThreadPoolExecutor(self._ahead, thread_name_prefix="openvasa-frame")
        self.controls = controls

    @property
    def controls(self) -> Controls:
        """What is asked of the performance; a change holds from the next window on."""
        return self._controls

    @controls.setter
    def controls(self, controls: Controls) -> None:
        control_arrays(controls)  # refuses what is out of range before it is in force
        self._controls = controls

    def push(self, samples: Array) -> list[Frame]:
        """Hears f32 [n] mono samples at 16 kHz; returns the frames that are now ready.

        Raises:
            InputError: The samples are unusable, or the session has ended.
        """
        return list(self.iterate(samples))

    def iterate(self, samples: Array) -> Iterator[Frame]:
        """As `push`, each frame as soon as it is made; to be used up before the next call."""
        first = self.state.frames
        self.state, motion = self._performer.push(self.state, samples, self._controls)
        return self._render(motion, first)

    def flush(self) -> list[Frame]:
        """Ends the performance; returns its last frames."""
        if self.state.audio.finished:
            raise InputError("This stream is finished: start a new one.")
        first = self.state.frames
        self.state, motion = self._performer.flush(self.state, self._controls)
        return list(self._render(motion, first))

    def close(self) -> None:
        """Lets go of the threads; frames under way are dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> StreamSession:
        """Returns the session itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes."""
        self.close()

    def _render(self, motion: Motion, first: int) -> Iterator[Frame]:
        frames = single_frames(motion)
        return render_all(self._renderer, frames, first, self._pool, self._ahead)


@dataclass(frozen=True)
class GivenMotion:
    """Motion that is already made, in a performer's place.

    Attributes:
        motion: At least one frame.
        frames: How many are given out: the last one is held, what is left over is dropped.
    """

    motion: Motion
    frames: int

    def perform(self, pieces: Iterable[Array], controls: Controls) -> Iterator[Motion]:
        """One frame after another; what is heard and asked makes no difference."""
        last = len(self.motion) - 1
        return (self.motion[min(t, last) : min(t, last) + 1] for t in range(self.frames))


def single_frames(motion: Motion) -> Iterator[Motion]:
    """Motion of T frames as T motions of one."""
    return (motion[t : t + 1] for t in range(len(motion)))


def _all_windows(
    state: WindowState, controls: Controls, model: MotionModel, options: SampleOptions
) -> tuple[WindowState, Motion]:
    """Every whole window for which there is audio."""
    nothing = np.zeros((0, state.pending.shape[1]), np.float32)
    parts: list[Motion] = []
    while windows.ready(state, model.config):
        state, made = windows.step(state, nothing, controls, model, options)
        parts.append(made)
    return state, joined(parts)


def joined(motion: Iterable[Motion]) -> Motion:
    """Motions one after another, as one."""
    parts = list(motion)
    return Motion(
        np.concatenate([np.zeros((0, POSE_DIM), np.float32), *(part.pose for part in parts)]),
        np.concatenate([np.zeros((0, DYNAMICS_DIM), np.float32), *(p.dynamics for p in parts)]),
    )
