"""How fast the whole job is on this machine, stage by stage, in CPU time and on the clock."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.backends import cores
from openvasa.engine.meter import Meter
from openvasa.engine.stream import StreamSession
from openvasa.media.audio import load_audio
from openvasa.types import FPS, SAMPLES_PER_FRAME

FIRST = 8  # frames of sound before a stream's first frame: 320 ms
T = TypeVar("T")
STAGES = {
    "audio": "sound to features",
    "motion": "features to motion",
    "move": "3-D warp of the volume",
    "surface": "surface moved and drawn",
    "decode": "decoder network",
    "compose": "the photo's own pixels moved",
    "paste": "back into the whole photo",
    "mark": "the mark in the pixels",
    "mux": "H.264, AAC and the file",
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was measured.

    Attributes:
        model: Its name.
        cores: Processor cores used.
        framing: `crop` or `full`.
        width: Of the video, in pixels.
        height: Of the video, in pixels.
        frames: Frames made.
        load_s: Seconds to load, verify and warm up the model.
        encode_ms: Milliseconds to find and encode the face, once a portrait.
        first_frame_ms: From the first sample of a live stream to its first finished frame: 320 ms
            of sound and the time to compute.
        wall_s: Seconds from the prepared portrait to the finished file.
        fps: Frames a second of the whole job, file included.
        realtime: Seconds of video a second of work; above 1 is faster than real time.
        peak_mb: Most memory this process ever held, in MB.
        cpu_ms: CPU milliseconds a frame, all cores together.
        stages: The same by stage; `mux` includes the encoder's own threads.
    """

    model: str
    cores: int
    framing: str
    width: int
    height: int
    frames: int
    load_s: float
    encode_ms: float
    first_frame_ms: float
    wall_s: float
    fps: float
    realtime: float
    peak_mb: float
    cpu_ms: float
    stages: dict[str, float]

    def table(self) -> str:
        """The report for people."""
        rows = [f"{'stage':<10}{'CPU ms/frame':>14}{'share':>8}"]
        for name, value in self.stages.items():
            share = value / max(self.cpu_ms, 1e-9)
            rows.append(f"{name:<10}{value:>14.2f}{share:>8.0%}  {STAGES[name]}")
        rows.append(f"{'together':<10}{self.cpu_ms:>14.2f}")
        rows.append("")
        rows += [
            f"model '{self.model}', {self.cores} cores, {self.framing}, "
            f"{self.width} x {self.height}",
            f"{self.frames} frames in {self.wall_s:.1f} s: {self.fps:.1f} frames a second, "
            f"{self.realtime:.2f} x real time",
            f"load {self.load_s:.1f} s, portrait {self.encode_ms:.0f} ms, first frame of a stream "
            f"after {self.first_frame_ms:.0f} ms (320 ms of them sound)",
            f"peak memory {self.peak_mb:.0f} MB",
        ]
        return "\n".join(rows)

    def line(self) -> str:
        """The report for programs: one line of JSON."""
        return json.dumps(asdict(self))


def bench(model: str | Path, portrait: Path, audio: Path, *, framing: str = "crop") -> Report:
    """Runs the whole job once and measures it.

    Args:
        model: A name or a folder.
        portrait: The photo.
        audio: The recording; at least a third of a second.
        framing: `crop` or `full`.

    Raises:
        InputError: As for `Animator`.
    """
    start = time.perf_counter()
    animator = Animator.load(model)
    load_s = time.perf_counter() - start
    animator.prepare(portrait)  # opens the face models
    avatar, encode_s = _timed(lambda: animator.prepare(portrait))
    with animator.stream(avatar, framing=framing) as session:
        first_s = _first_frame(session, audio)
    frames, wall_s, cpu_s, meter, size = _whole_job(animator, avatar, audio, framing)
    others = sum(seconds for stage, seconds in meter.seconds.items() if stage != "mux")
    # x264 works in threads of its own: what no other stage accounts for is its.
    meter.seconds["mux"] = cpu_s - others
    stages = {name: 1000 * meter.seconds[name] / frames for name in STAGES if name in meter.seconds}
    return Report(
        model=animator.bundle.name, cores=cores(), framing=framing, width=size[0], height=size[1],
        frames=frames, load_s=round(load_s, 3), encode_ms=round(1000 * encode_s, 1),
        first_frame_ms=round(1000 * (FIRST / FPS + first_s), 1), wall_s=round(wall_s, 3),
        fps=round(frames / wall_s, 2), realtime=round(frames / FPS / wall_s, 3),
        peak_mb=round(_peak_bytes() / 1e6, 1), cpu_ms=round(1000 * cpu_s / frames, 2),
        stages={name: round(value, 3) for name, value in stages.items()},
    )  # fmt: skip


def _whole_job(
    animator: Animator, avatar: Avatar, audio: Path, framing: str
) -> tuple[int, float, float, Meter, tuple[int, int]]:
    """Frames, wall seconds, CPU seconds, stages and size of one video."""
    meter = Meter()
    with TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        clip = animator.animate(avatar, audio, framing=framing, timer=meter)
        clip.save(Path(folder) / "bench.mp4")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return len(clip), wall, cpu, meter, clip.size


def _first_frame(session: StreamSession, audio: Path) -> float:
    """Seconds of computing from hearing enough to the first finished frame."""
    sound = load_audio(audio)[: FIRST * SAMPLES_PER_FRAME]
    for frame in range(FIRST - 1):
        session.push(sound[frame * SAMPLES_PER_FRAME : (frame + 1) * SAMPLES_PER_FRAME])
    last = sound[(FIRST - 1) * SAMPLES_PER_FRAME :]
    _, seconds = _timed(lambda: next(iter(session.iterate(last)), None))
    return seconds


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def _peak_bytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else 1024 * peak)
