"""What a minute of video costs as recordings get longer, and whether memory or the clock drift.

All of the sound is heard, all of the motion made and every frame encoded beside its sound; of the
pictures only some are drawn, and shown until the next one, so that hours take minutes.
"""

from __future__ import annotations

import os
import time
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.bench_job import peak_bytes
from openvasa.media.audio import load_audio
from openvasa.types import FPS, SAMPLE_RATE, Array

SIZE = 128  # pixels, side of the video


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One recording of some length.

    Attributes:
        seconds: How long it is.
        frames: How many the video has.
        cpu_s: CPU seconds a minute of video, all cores together.
        wall_s: Seconds on the clock a minute of video.
        memory_mb: What the process held at the end of each tenth of the video, MB; empty where the
            system does not tell.
        peak_mb: The most it ever held.
        drift_ms: By how much sound and pictures of the file differ in length.
    """

    seconds: float
    frames: int
    cpu_s: float
    wall_s: float
    memory_mb: tuple[float, ...]
    peak_mb: float
    drift_ms: float


def endure(
    animator: Animator,
    avatar: Avatar,
    audio: Path,
    lengths: Sequence[float],
    *,
    every: int = 25,
    progress: Callable[[Stretch], None] = lambda stretch: None,
) -> list[Stretch]:
    """Animates recordings of several lengths: one recording over and over.

    Args:
        animator: The model.
        avatar: The portrait.
        audio: The recording.
        lengths: Seconds, each at least 1.
        every: Of how many frames one is drawn.
        progress: Called after each length.

    Raises:
        InputError: The recording cannot be read.
    """
    sound = load_audio(audio)
    made = []
    for seconds in lengths:
        with TemporaryDirectory() as folder:
            long = Path(folder) / "long.wav"
            _write_loop(sound, round(seconds * SAMPLE_RATE), long)
            made.append(_measure(animator, avatar, long, seconds, every))
        progress(made[-1])
    return made


def _measure(
    animator: Animator, avatar: Avatar, audio: Path, seconds: float, every: int
) -> Stretch:
    clip = animator.animate(avatar, audio, size=SIZE).sampled(every)
    memory: list[float] = []

    def look(done: int, total: int) -> None:
        if done * 10 // total > len(memory):
            memory.append(resident_bytes() / 1e6)

    target = audio.with_name("long.mp4")
    wall, cpu = time.perf_counter(), time.process_time()
    clip.save(target, progress=look)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    minutes = len(clip) / FPS / 60
    return Stretch(
        seconds=seconds, frames=len(clip), cpu_s=round(cpu / minutes, 3),
        wall_s=round(wall / minutes, 3), memory_mb=tuple(round(value, 1) for value in memory),
        peak_mb=round(peak_bytes() / 1e6, 1), drift_ms=round(1000 * _drift(target), 3),
    )  # fmt: skip


def _drift(video: Path) -> float:
    """Seconds by which a file's sound is longer than its pictures."""
    with av.open(f"file:{video}") as container:
        ends = [
            float(stream.duration * stream.time_base)
            for stream in (container.streams.audio[0], container.streams.video[0])
            if stream.duration is not None and stream.time_base is not None
        ]
    return ends[0] - ends[1]


def _write_loop(sound: Array, count: int, path: Path) -> None:
    """Writes `count` samples of a sound that begins again whenever it ends."""
    levels = (np.clip(sound, -1, 1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        while count > 0:
            file.writeframes(levels[:count].tobytes())
            count -= len(levels)


def resident_bytes() -> float:
    """What the process holds now; 0 where the system does not tell."""
    pages = Path("/proc/self/statm")
    if not pages.is_file():
        return 0.0
    return float(pages.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
