"""Sound in, frames out, piece by piece: what one performance remembers is a value.

Whole recordings are animated as a fold over the same functions, so there is one path. Knows
nothing of files or sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import TracebackType

import numpy as np

from openvasa.audio.encoder import AudioEncoder, EncoderState
from openvasa.engine.acting import ActingState, Actor, act, listen_to
from openvasa.engine.backends import cores
from openvasa.engine.control_track import Asked, check_asked, in_force
from openvasa.engine.render import Renderer, Timer, no_timer, render_all
from openvasa.engine.voice import Told
from openvasa.motion import windows
from openvasa.motion.config import SampleOptions
from openvasa.motion.windows import MotionModel, WindowState
from openvasa.types import (
    DYNAMICS_DIM,
    FPS,
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
        acting: What makes the model's motion a performance.
        frames: Frames of motion made so far.
    """

    audio: EncoderState = field(default_factory=EncoderState)
    motion: WindowState = field(default_factory=windows.start)
    acting: ActingState = field(default_factory=ActingState)
    frames: int = 0


@dataclass(frozen=True)
class Performer:
    """Sound -> motion with one set of options; shares its networks with all others.

    Attributes:
        encoder: Sound to features.
        model: Features to motion.
        options: Seed, steps and guidance.
        actor: What acting needs to know.
        told: Opens what the other side says, for `perform`; None is silence.
        timer: Called around each stage with its name.
    """

    encoder: AudioEncoder
    model: MotionModel
    options: SampleOptions
    actor: Actor
    told: Callable[[], Iterable[Array]] | None = None
    timer: Timer = no_timer

    def push(
        self, state: StreamState, samples: Array, asked: Asked, other: Array | None = None
    ) -> tuple[StreamState, Motion]:
        """Hears more sound.

        Args:
            state: What the performance remembers; it is not changed.
            samples: f32 [n], any n >= 0, mono at 16 kHz in [-1, 1].
            asked: In force for the windows that this sound completes.
            other: f32 [n], what the other side says meanwhile; None is silence.

        Returns:
            The next state, and the frames of motion that are now fixed: 5 more for every 0.2 s,
            the first 5 once 0.32 s were heard.

        Raises:
            InputError: The samples are unusable, or the performance has ended.
        """
        if other is not None and len(other) != len(samples):
            raise InputError("both sides' sound must be equally long: fill up with zeros.")
        with self.timer("audio"):
            audio, features = self.encoder.push(state.audio, samples)
        with self.timer("motion"):
            acting = listen_to(state.acting, samples, other)
            motion = windows.push(state.motion, features)
            motion, made = self._all_windows(motion, state.frames, asked)
            return self._acted(state, audio, motion, acting, made, asked)

    def flush(self, state: StreamState, asked: Asked) -> tuple[StreamState, Motion]:
        """Ends the performance: the motion of all sound that still waits.

        Returns:
            The ended state and the last frames; together with all frames before exactly
            ceil(samples / 640).
        """
        with self.timer("audio"):
            audio, features = self.encoder.flush(state.audio)
        with self.timer("motion"):
            motion = windows.push(state.motion, features)
            motion, made = self._all_windows(motion, state.frames, asked)
            controls = self._controls(asked, state.frames + len(made))
            motion, rest = windows.flush(motion, controls, self.model, self.options)
            made = joined([made, rest])
            return self._acted(state, audio, motion, state.acting, made, asked)

    def _all_windows(
        self, motion: WindowState, first: int, asked: Asked
    ) -> tuple[WindowState, Motion]:
        """Every whole window for which there is audio; `first` is the number of its frame."""
        parts: list[Motion] = []
        while windows.ready(motion, self.model.config):
            controls = self._controls(asked, first + sum(map(len, parts)))
            nothing = motion.pending[:0]
            motion, made = windows.step(motion, nothing, controls, self.model, self.options)
            parts.append(made)
        return motion, joined(parts)

    def _controls(self, asked: Asked, first: int) -> Controls:
        """What holds for the window that begins with a frame: what is asked for at its middle.

        Left to itself the model finds a feeling and never leaves it (fear, in four of five
        seeds), so calm is asked for where nothing is.
        """
        controls = in_force(asked, (first + self.model.config.window / 2) / FPS)
        if controls.emotion is None and controls.emotion_offset is None:
            return replace(controls, emotion=("neutral", 1.0))
        return controls

    def _acted(self, state: StreamState, audio: EncoderState, motion: WindowState,
               acting: ActingState, made: Motion, asked: Asked,
               ) -> tuple[StreamState, Motion]:  # fmt: skip
        acting, made = act(acting, made, state.frames, asked, self.actor)
        frames = state.frames + len(made)
        return StreamState(audio=audio, motion=motion, acting=acting, frames=frames), made

    def perform(self, pieces: Iterable[Array], asked: Asked) -> Iterator[Motion]:
        """The motion of a whole recording, one frame at a time, from its pieces in order."""
        state = StreamState()
        told = Told(iter(()) if self.told is None else iter(self.told()))
        for samples in pieces:
            for start in range(0, len(samples), BLOCK):
                block = samples[start : start + BLOCK]
                state, made = self.push(state, block, asked, told.next(len(block)))
                yield from single_frames(made)
        yield from single_frames(self.flush(state, asked)[1])


class StreamSession:
    """One listener's performance: sound in by `push`, frames out. Use it in a `with` block.

    Attributes:
        state: All that is remembered; a value that can be kept and put back.
    """

    def __init__(self, performer: Performer, renderer: Renderer, controls: Asked) -> None:
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
    def controls(self) -> Asked:
        """What is asked of the performance; a change holds from the next window on."""
        return self._controls

    @controls.setter
    def controls(self, controls: Asked) -> None:
        check_asked(controls)  # refuses what is out of range before it is in force
        self._controls = controls

    def push(self, samples: Array, other: Array | None = None) -> list[Frame]:
        """Hears f32 [n] mono samples at 16 kHz; returns the frames that are now ready.

        Args:
            samples: What the face says.
            other: f32 [n], what it is told meanwhile, to listen to; None is silence.

        Raises:
            InputError: The samples are unusable, or the session has ended.
        """
        return list(self.iterate(samples, other))

    def iterate(self, samples: Array, other: Array | None = None) -> Iterator[Frame]:
        """As `push`, each frame as soon as it is made; to be used up before the next call."""
        first = self.state.frames
        self.state, motion = self._performer.push(self.state, samples, self._controls, other)
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

    def perform(self, pieces: Iterable[Array], asked: Asked) -> Iterator[Motion]:
        """One frame after another; what is heard and asked makes no difference."""
        last = len(self.motion) - 1
        return (self.motion[min(t, last) : min(t, last) + 1] for t in range(self.frames))


def single_frames(motion: Motion) -> Iterator[Motion]:
    """Motion of T frames as T motions of one."""
    return (motion[t : t + 1] for t in range(len(motion)))


def joined(motion: Iterable[Motion]) -> Motion:
    """Motions one after another, as one."""
    parts = list(motion)
    return Motion(
        np.concatenate([np.zeros((0, POSE_DIM), np.float32), *(part.pose for part in parts)]),
        np.concatenate([np.zeros((0, DYNAMICS_DIM), np.float32), *(p.dynamics for p in parts)]),
    )
