"""Samples to features at 25 Hz, whole or in chunks, with the same bits either way.

The graph always runs on the same blocks (frames 2 to 6, 7 to 11, ... with their left context),
whatever the chunks; a stream holds under a second of sound. Knows nothing of files or torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from openvasa.audio import clock
from openvasa.audio.mel import HISTORY, MEL_BINS, frame_columns
from openvasa.types import AUDIO_DIM, SAMPLES_PER_FRAME, Array, InputError

Run = Callable[[str, Mapping[str, Array]], Mapping[str, Array]]


def _silence() -> Array:
    quiet = frame_columns(np.zeros(HISTORY + SAMPLES_PER_FRAME, np.float32))
    return np.resize(quiet, (clock.BLOCK_COLUMNS, MEL_BINS))


@dataclass(frozen=True)
class EncoderState:
    """All that a stream remembers; make a new one for every recording.

    Attributes:
        pending: f32 [240 + n]: history for the next mel column, then samples of the frame
            that is not complete yet (n < 640).
        columns: f32 [92 + m, 80]: mel columns that unfinished blocks still need.
        samples: Samples heard so far.
        blocks: Blocks of features made so far.
        finished: Whether `flush` has been called.
    """

    pending: Array = field(default_factory=lambda: np.zeros(HISTORY, np.float32))
    columns: Array = field(default_factory=_silence)
    samples: int = 0
    blocks: int = 0
    finished: bool = False

    @property
    def frames(self) -> int:
        """Feature frames handed out so far."""
        if self.finished:
            return clock.frame_count(self.samples)
        return max(0, clock.block_start(self.blocks))


class AudioEncoder:
    """The audio network with its framing: holds no state of any stream."""

    look_ahead = clock.LOOK_AHEAD_FRAMES  # frames of sound after its own that a frame hears

    def __init__(self, run: Run) -> None:
        """Wrap a runner.

        Args:
            run: Called as `run("audio", {"mel": f32 [1, 80, 92]})`; gives
                `{"features": f32 [1, 5, 128]}`.
        """
        self._run = run

    def encode(self, samples: Array) -> Array:
        """Features of a whole recording.

        Args:
            samples: f32 [N] in [-1, 1] at 16 kHz.

        Returns:
            f32 [ceil(N / 640), 128]; beyond the end the recording counts as silent.

        Raises:
            InputError: If the samples are not a finite one-dimensional array.
        """
        state, head = self.push(EncoderState(), samples)
        _, tail = self.flush(state)
        return np.concatenate([head, tail])

    def push(self, state: EncoderState, samples: Array) -> tuple[EncoderState, Array]:
        """Hear more of a stream.

        Args:
            state: What the stream remembers; it is not changed.
            samples: f32 [n], any n >= 0, in [-1, 1] at 16 kHz.

        Returns:
            The next state, and the features that are now fixed, f32 [new frames, 128].

        Raises:
            InputError: If the samples are unusable or the stream has been flushed.
        """
        if state.finished:
            raise InputError("This stream is finished: start a new one to push more sound.")
        return self._hear(state, checked(samples), state.samples + len(samples))

    def flush(self, state: EncoderState) -> tuple[EncoderState, Array]:
        """End a stream: the features of its last frames, as if silence followed.

        Returns:
            The finished state, and f32 [last frames, 128]; together with everything pushed
            before exactly ceil(N / 640) frames.
        """
        total = clock.frame_count(state.samples)
        if state.finished or total == state.frames:
            return _finish(state), np.zeros((0, AUDIO_DIM), np.float32)
        end = clock.block_start(clock.blocks_for(total))
        missing = clock.samples_needed(end) - state.samples
        quiet = np.zeros(max(0, missing), np.float32)
        after, features = self._hear(state, quiet, state.samples)
        return _finish(after), features[: total - state.frames]

    def _hear(self, state: EncoderState, samples: Array, heard: int) -> tuple[EncoderState, Array]:
        # Frame by frame, so that one huge push needs no more memory than small ones.
        pending, columns, blocks = state.pending, state.columns, state.blocks
        made: list[Array] = []
        position = state.samples - (len(pending) - HISTORY)  # first sample of the open frame
        sound = np.concatenate([pending, samples])
        start = 0
        while start + HISTORY + SAMPLES_PER_FRAME <= len(sound):
            fresh = frame_columns(sound[start : start + HISTORY + SAMPLES_PER_FRAME])
            columns = np.concatenate([columns, fresh])[-clock.BLOCK_COLUMNS :]
            start += SAMPLES_PER_FRAME
            position += SAMPLES_PER_FRAME
            if clock.blocks_ready(position) > blocks:
                made.append(self._block(columns, blocks))
                blocks += 1
        features = np.concatenate(made) if made else np.zeros((0, AUDIO_DIM), np.float32)
        return EncoderState(sound[start:].copy(), columns, heard, blocks), features

    def _block(self, columns: Array, block: int) -> Array:
        mel = np.ascontiguousarray(columns.T[None])
        features = self._run("audio", {"mel": mel})["features"][0]
        return features[max(0, -clock.block_start(block)) :]


def checked(samples: Array) -> Array:
    """The samples as f32 [N].

    Raises:
        InputError: If they are not one finite channel.
    """
    out = np.asarray(samples, np.float32)
    if out.ndim != 1:
        raise InputError("Give one channel of sound: mix stereo down to a flat array first.")
    if not np.isfinite(out).all():
        raise InputError("The sound holds NaN or infinite samples: decode it again.")
    return out


def _finish(state: EncoderState) -> EncoderState:
    return EncoderState(state.pending, state.columns, state.samples, state.blocks, True)
