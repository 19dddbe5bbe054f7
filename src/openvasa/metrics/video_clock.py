"""Any finished video -> its pictures at 25 a second and its sound, for measuring.

Picture k is the frame nearest to k / 25 seconds by the file's timestamps, whatever its rate, so
that 24, 30 and 60 fps are measured on one clock. Knows nothing of faces.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np

from openvasa.media.audio import load_audio
from openvasa.types import FPS, Array, Image, InputError

LONGEST = 1024  # pixels; larger pictures are shrunk: faces are judged at 256 or less


def pictures(
    path: Path, wanted: Container[int] | None = None, longest: int = LONGEST
) -> Iterator[tuple[int, Image]]:
    """The pictures of a video on the 25 fps clock, one at a time.

    Args:
        path: Any video that FFmpeg reads.
        wanted: Numbers of the pictures that are asked for; None is all. Others are not converted.
        longest: Pixels of the longer side above which pictures are shrunk.

    Yields:
        The number, counted from 0, and u8 [H, W, 3] RGB.

    Raises:
        InputError: The file is missing, not a video, or damaged.
    """
    index, start, pause = 0, None, 1 / FPS
    held: tuple[float, _Frame] | None = None
    for time, frame in _frames(path, longest):
        start = time if start is None else start
        if held is not None:
            middle = (held[0] + time) / 2 - start
            while index / FPS < middle - 1e-9:
                if wanted is None or index in wanted:
                    yield index, held[1].picture
                index += 1
            pause = time - held[0]
        held = time, frame
    if held is None or start is None:
        raise InputError(f"'{path}' holds no pictures: give another copy of it.")
    end = held[0] - start + max(pause, 1 / FPS) - 0.5 / FPS
    while index / FPS < end - 1e-9:
        if wanted is None or index in wanted:
            yield index, held[1].picture
        index += 1


def sound_of(path: Path, frames: int) -> Array | None:
    """The sound of a video, f32 [640 * frames] at 16 kHz; None where it has none.

    It is cut, or filled with silence, to the pictures' length.
    """
    try:
        samples = load_audio(path)
    except InputError:
        return None
    wanted = np.zeros(frames * 16_000 // FPS, np.float32)
    wanted[: len(samples)] = samples[: len(wanted)]
    return wanted


class _Frame:
    """A decoded frame, converted when it is asked for."""

    def __init__(self, frame: Any, longest: int) -> None:
        self._frame, self._longest = frame, longest

    @cached_property
    def picture(self) -> Image:
        frame = self._frame
        shrink = min(1.0, self._longest / max(frame.width, frame.height))
        width, height = (max(2, round(side * shrink)) for side in (frame.width, frame.height))
        picture = frame.to_ndarray(
            format="rgb24", width=width, height=height, interpolation="BICUBIC", threads=1
        )
        return np.ascontiguousarray(np.rot90(picture, round(frame.rotation / 90) % 4))


def _frames(path: Path, longest: int) -> Iterator[tuple[float, _Frame]]:
    try:
        with av.open(f"file:{path}", metadata_errors="ignore") as container:
            stream: Any = container.streams.video[0]
            stream.codec_context.thread_count = 1
            last = -1.0
            for frame in container.decode(stream):
                rate = float(stream.average_rate or FPS)
                time = frame.time if frame.time is not None else last + 1 / rate
                if time > last:
                    last = time
                    yield time, _Frame(frame, longest)
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise InputError(f"'{path}' is damaged, or no video that can be read here.") from error
