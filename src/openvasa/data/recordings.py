"""Videos and word alignments on disk -> frames, sound and words on the 25 fps clock.

Reads damaged files too: what decodes is kept as long as sound and picture stay together.
Knows nothing of faces.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from openvasa.types import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME, Array, Image

ALIGNMENT_RATE = 25_000  # ticks per second in the corpus's .align files


class Video(NamedTuple):
    """A decoded video: frames u8 [H, W, 3], their times in seconds, sound f32 [N] at 16 kHz."""

    frames: list[Image]
    times: list[float]
    audio: Array
    damaged: bool


class Dropped(Exception):
    """The video is of no use; the message says why."""


def read_video(path: Path, pixel_aspect: float = 1.0) -> Video:
    """Decode all frames that can be decoded, in order, and the sound from the first one on.

    Args:
        path: Any video FFmpeg reads, at 25 fps.
        pixel_aspect: Width per height of a stored pixel; the frames are widened by it.

    Returns:
        The longest stretch without a gap; `damaged` if something did not decode.

    Raises:
        Dropped: It is no video, or not at 25 fps.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise Dropped("no video stream")
            rate = container.streams.video[0].average_rate
            if abs(float(rate or 0) - FPS) > 0.01:
                raise Dropped(f"{rate} frames per second, want {FPS}")
            frames, times, damaged = _pictures(container, pixel_aspect)
        keep = longest_run(times)
        with av.open(str(path)) as container:
            audio = _sound(container, times[keep.start])
    except (av.FFmpegError, OSError, ValueError) as error:
        raise Dropped(f"unreadable: {error}") from error
    start = times[0]
    return Video(frames[keep], [t - start for t in times[keep]], audio, damaged)


def longest_run(times: list[float]) -> slice:
    """Find the longest stretch of frames one period apart, so that sound and picture stay together.

    Args:
        times: Ascending seconds, at least one.

    Returns:
        A slice of the frames.
    """
    breaks = np.flatnonzero(np.abs(np.diff(times) * FPS - 1) > 0.5) + 1
    edges = np.concatenate([[0], breaks, [len(times)]])
    longest = int(np.argmax(np.diff(edges)))
    return slice(int(edges[longest]), int(edges[longest + 1]))


def _pictures(container: Any, pixel_aspect: float) -> tuple[list[Image], list[float], bool]:
    frames: list[Image] = []
    times: list[float] = []
    damaged = False
    for packet in container.demux(video=0):
        try:
            for frame in packet.decode():
                damaged |= bool(frame.is_corrupt)
                width = round(frame.width * pixel_aspect)
                frames.append(frame.to_ndarray(format="rgb24", width=width, height=frame.height))
                times.append(float(frame.time if frame.time is not None else len(times) / FPS))
        except av.FFmpegError:
            damaged = True
    if not frames:
        raise Dropped("no frame decodes")
    return frames, times, damaged


def _sound(container: Any, start: float) -> Array:
    """All sound from `start` seconds on as f32 mono at 16 kHz, or nothing where there is none."""
    if not container.streams.audio:
        return np.zeros(0, np.float32)
    resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
    pieces: list[NDArray[Any]] = []
    first = None
    for packet in container.demux(audio=0):
        try:
            decoded = packet.decode()
        except av.FFmpegError:
            continue
        for frame in decoded:
            first = (frame.time or 0.0) if first is None else first
            pieces += [part.to_ndarray().mean(axis=0) for part in resampler.resample(frame)]
    if first is None:
        return np.zeros(0, np.float32)
    pieces += [part.to_ndarray().mean(axis=0) for part in resampler.resample(None)]
    late = round((first - start) * SAMPLE_RATE)  # the two streams need not start together
    sound = np.concatenate(pieces).astype(np.float32)
    return np.pad(sound, (late, 0)) if late > 0 else sound[-late:]


def fit_audio(audio: Array, n_frames: int) -> Array:
    """Cut or zero-pad sound to exactly the length of the frames.

    Args:
        audio: f32 [N] at 16 kHz.
        n_frames: T.

    Returns:
        f32 [640 T].
    """
    length = n_frames * SAMPLES_PER_FRAME
    return np.pad(audio[:length], (0, max(0, length - len(audio)))).astype(np.float32)


def read_alignment(path: Path | None) -> tuple[NDArray[np.str_], Array]:
    """Read a word alignment: lines of start, end (in 1/25000 s) and word.

    Args:
        path: The .align file, if there is one.

    Returns:
        The words, str [W] (`sil` and `sp` are pauses), and f32 [W, 2], start and end in seconds;
        W is 0 without a file.
    """
    if path is None or not path.is_file():
        return np.array([], np.str_), np.zeros((0, 2), np.float32)
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
    spans = np.array([(float(a), float(b)) for a, b, _ in rows], np.float32).reshape(-1, 2)
    words = np.array([word for _, _, word in rows], np.str_)
    return words, (spans / ALIGNMENT_RATE).astype(np.float32)
