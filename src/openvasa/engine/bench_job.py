"""What `engine.bench` measures, in the process of one backend."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from openvasa.engine.meter import Meter
from openvasa.types import FPS, SAMPLES_PER_FRAME, Array, Motion

if TYPE_CHECKING:
    from openvasa.engine.stream import StreamSession

FIRST = 8  # frames of sound before a stream's first frame: 320 ms
T = TypeVar("T")


class Job:
    """One model on one backend, and one portrait."""

    def __init__(self, model: str | Path, backend: str) -> None:
        """Does nothing yet."""
        self._model, self._backend = model, backend

    def load(self) -> None:
        """Imports the engine and loads the model.

        Raises:
            InputError: As for `Animator.load`.
        """
        self._animator, self._load_s = _timed(self._loaded)

    def _loaded(self) -> Any:
        from openvasa.engine.animator import Animator

        return Animator.load(self._model, backend=self._backend)

    def prepare(self, portrait: Path, framing: str) -> None:
        """Finds and encodes the face, twice: the first time opens the face models."""
        self._framing = framing
        self._animator.prepare(portrait)
        self._avatar, self._encode_s = _timed(lambda: self._animator.prepare(portrait))

    def perform(self, audio: Path) -> Motion:
        """The motion of a recording."""
        made: Motion = self._animator.animate(self._avatar, audio).motion
        return made

    def draw(self, motion: Motion) -> Array:
        """The frames of a motion, u8 [T, H, W, 3], marked with one id whatever the backend."""
        from openvasa.provenance.frame_marks import FrameMarks

        silence = np.zeros(len(motion) * SAMPLES_PER_FRAME, np.float32)
        clip = self._animator.play(
            self._avatar, motion, silence, framing=self._framing, marks=FrameMarks(0)
        )
        return np.stack([frame.image for frame in clip.frames()])

    def measure(self, audio: Path) -> dict[str, Any]:
        """One round: a stream's first frame, then a whole video; fields of `bench.Report`."""
        from openvasa.engine.backends import cores

        with self._animator.stream(self._avatar, framing=self._framing) as session:
            first_s = _first_frame(session, audio)
        frames, wall_s, cpu_s, meter, size = self._whole_job(audio)
        others = sum(seconds for part, seconds in meter.seconds.items() if part != "mux")
        # x264 works in threads of its own: what no other part accounts for is its.
        meter.seconds["mux"] = cpu_s - others
        return {
            "model": self._animator.bundle.name, "backend": self._backend, "cores": cores(),
            "framing": self._framing, "width": size[0], "height": size[1], "frames": frames,
            "load_s": self._load_s, "encode_ms": 1000 * self._encode_s,
            "first_frame_ms": 1000 * (FIRST / FPS + first_s), "wall_s": wall_s,
            "fps": frames / wall_s, "realtime": frames / FPS / wall_s,
            "peak_mb": peak_bytes() / 1e6, "cpu_ms": 1000 * cpu_s / frames,
            "parts": {part: 1000 * seconds / frames for part, seconds in meter.seconds.items()},
        }  # fmt: skip

    def _whole_job(self, audio: Path) -> tuple[int, float, float, Meter, tuple[int, int]]:
        """Frames, wall seconds, CPU seconds, parts and size of one video."""
        meter = Meter()
        with TemporaryDirectory() as folder:
            wall, cpu = time.perf_counter(), time.process_time()
            clip = self._animator.animate(self._avatar, audio, framing=self._framing, timer=meter)
            clip.save(Path(folder) / "bench.mp4")
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return len(clip), wall, cpu, meter, clip.size


def _first_frame(session: StreamSession, audio: Path) -> float:
    """Seconds of computing from hearing enough to the first finished frame."""
    from openvasa.media.audio import load_audio

    sound = load_audio(audio)[: FIRST * SAMPLES_PER_FRAME]
    for frame in range(FIRST - 1):
        session.push(sound[frame * SAMPLES_PER_FRAME : (frame + 1) * SAMPLES_PER_FRAME])
    last = sound[(FIRST - 1) * SAMPLES_PER_FRAME :]
    _, seconds = _timed(lambda: next(iter(session.iterate(last)), None))
    return seconds


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def peak_bytes() -> float:
    """The most memory that this process ever held; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if status.is_file():  # of this process alone; getrusage may count its parent's
        for row in status.read_text(encoding="ascii", errors="replace").splitlines():
            if row.startswith("VmHWM:"):
                return 1024 * float(row.split()[1])
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else 1024 * peak)
