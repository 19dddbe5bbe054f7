"""A video's pictures with the times they are shown at. Knows nothing of what they show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from openvasa.types import Image, InputError

_SAME = 1e-4  # seconds between times that are the same picture


def timed_pictures(path: str | Path, start: float | None = None) -> Iterator[tuple[float, Image]]:
    """Decodes a video picture by picture, upright as a player shows it.

    Args:
        path: Any video that FFmpeg reads.
        start: Seconds on the file's own clock; pictures before are passed over, quickly where
            the file can be searched.

    Yields:
        The time in seconds, on the file's own clock and ever growing, and u8 [H, W, 3] RGB.

    Raises:
        InputError: The file is missing, not a video, or damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no video at '{path}': check the name.")
    try:
        yield from _decode(path, start)
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise InputError(f"'{path}' is damaged, or no video that can be read here.") from error


def _decode(path: Path, start: float | None) -> Iterator[tuple[float, Image]]:
    with av.open(f"file:{path}", metadata_errors="ignore") as container:
        stream: Any = container.streams.video[0]
        stream.thread_type = "AUTO"
        if start is not None:
            container.seek(int(start / stream.time_base), stream=stream)
        last: float | None = None
        for frame in container.decode(stream):
            pause = 1 / float(stream.average_rate or 25)
            time = frame.time if frame.time is not None else (last or 0.0) + pause
            if last is None and start is not None and time > start + _SAME:
                break  # the search went too far: read from the beginning
            if last is not None and time <= last:
                continue
            last = time
            if start is None or time >= start - _SAME:
                yield time, _upright(frame)
        else:
            return
    for time, picture in _decode(path, None):
        if time >= (start or 0.0) - _SAME:
            yield time, picture


def _upright(frame: Any) -> Image:
    picture = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(picture, round(frame.rotation / 90) % 4))
