"""One performance of one portrait: its motion, its frames, its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import numpy as np

from openvasa.audio.clock import frame_count
from openvasa.audio.encoder import checked
from openvasa.engine.backends import cores
from openvasa.engine.control_track import Asked
from openvasa.engine.render import Renderer, Timer, no_timer, render_all, sampled
from openvasa.engine.stream import BLOCK, GivenMotion, Performer, joined
from openvasa.media.audio import count_samples, stream_audio
from openvasa.media.video import VideoWriter, check_target
from openvasa.provenance.origin import Origin
from openvasa.types import SAMPLE_RATE, Array, Frame, InputError, Motion

Sound = str | Path | Array  # a file, or f32 [N] mono samples at 16 kHz
Release = Callable[[Path], AbstractContextManager[Path]]  # see `provenance.release`
Progress = Callable[[int, int], None]  # frames written, frames in all


class Clip:
    """One performance, made while it is read or saved. Reading it again makes it again.

    Attributes:
        origin: What the credentials of its files say.
    """

    def __init__(
        self,
        sound: Sound,
        samples: int,
        performer: Performer | GivenMotion,
        renderer: Renderer,
        controls: Asked,
        origin: Origin,
        timer: Timer = no_timer,
        every: int = 1,
    ) -> None:
        """Use `Animator.animate`; of `every` frames one is drawn and shown until the next."""
        self.origin = origin
        self._sound, self._samples = sound, samples
        self._performer, self._renderer = performer, renderer
        self._controls, self._timer = controls, timer
        self._draw = renderer if every == 1 else sampled(renderer, every)

    def __len__(self) -> int:
        """Number of frames: 25 a second."""
        return frame_count(self._samples)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self._renderer.size

    @property
    def motion(self) -> Motion:
        """The whole motion, made without any picture."""
        return joined(self.motions())

    def motions(self) -> Iterator[Motion]:
        """The motion one frame at a time, made while it is read, without any picture."""
        return self._performer.perform(pieces(self._sound), self._controls)

    def sampled(self, every: int) -> Clip:
        """The same performance with one frame of `every` drawn and shown until the next."""
        return Clip(
            self._sound, self._samples, self._performer, self._renderer, self._controls,
            self.origin, self._timer, every,
        )  # fmt: skip

    def frames(self) -> Iterator[Frame]:
        """The frames in order; only a few are in memory at any time."""
        workers = cores()
        with ThreadPoolExecutor(workers, thread_name_prefix="openvasa-frame") as pool:
            yield from render_all(self._draw, self.motions(), 0, pool, 2 * workers)

    def save(
        self,
        path: str | Path,
        progress: Progress | None = None,
        release: Release | None = None,
    ) -> None:
        """Writes an MP4 with the recording as its sound, signed and whole or not at all.

        Args:
            path: Ends in .mp4, or in .mov where frames have an alpha channel.
            progress: Called with (frames written, frames in all) after each frame.
            release: Signs the file and gives it its name; None signs with the user's identity,
                see `provenance.identity.load_identity`.

        Raises:
            InputError: The video cannot be written or signed.
        """
        from openvasa.provenance.identity import load_identity
        from openvasa.provenance.release import release_file

        alpha = self._renderer.transparent
        check_target(path, alpha=alpha)
        if release is None:
            release = partial(release_file, origin=self.origin, identity=load_identity())
        with (
            release(Path(path)) as hidden,
            VideoWriter(hidden, self.size, self._sound, alpha=alpha, threads=cores()) as writer,
        ):
            for frame in self.frames():
                with self._timer("mux"):
                    writer.write(frame.image, frame.alpha)
                if progress is not None:
                    progress(writer.frames, len(self))
            # The encoder still holds frames: finishing them is work of the same stage.
            with self._timer("mux"):
                writer.close()


def heard(audio: Sound) -> tuple[Sound, int]:
    """A recording that can be used, and how many samples at 16 kHz it has.

    Raises:
        InputError: It is empty, or its samples are unusable.
    """
    sound: Sound = checked(audio) if isinstance(audio, np.ndarray) else audio
    count = len(sound) if isinstance(sound, np.ndarray) else count_samples(sound)
    if count == 0:
        raise InputError("the recording is empty: give some seconds of speech.")
    return sound, count


def pieces(sound: Sound) -> Iterator[Array]:
    """A recording f32 mono at 16 kHz in pieces, without holding a whole file."""
    if isinstance(sound, np.ndarray):
        return iter([sound])
    return stream_audio(sound, BLOCK / SAMPLE_RATE)
