"""Any video file -> its pictures on the 25 fps clock, one at a time, however damaged it is.

Picture k is the frame nearest to `start + k / 25` seconds by the file's timestamps, so that
variable rates, 24, 30 and 60 fps all fit the clock. Rotation, pixel aspect, interlacing, depth
and alpha are undone. Knows nothing of sound or faces.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from openvasa.types import FPS, Image

LONGEST = 1920  # pixels; larger pictures are shrunk: a face of 256 pixels needs no more
LARGEST_GAP = 0.2  # seconds without a frame; the picture's motion is broken there
BACKWARDS = 1.0  # seconds; a timestamp that falls behind by more begins another recording
NO_LENGTH = 0.5  # seconds a file may end before its header says


class Unreadable(Exception):
    """The file holds no pictures; the message says why."""


class Tick:
    """One picture of the clock, converted when it is asked for.

    Attributes:
        index: k, counted from the first frame of the video.
        time: Seconds in the video file.
        broken: Whether the picture before it in time is missing, or it is the first.
    """

    def __init__(self, index: int, time: float, broken: bool, frame: _Frame) -> None:
        """Holds a decoded frame."""
        self.index, self.time, self.broken = index, time, broken
        self._frame = frame

    @property
    def picture(self) -> Image:
        """The picture upright, with square pixels, u8 [H, W, 3], the longer side <= `LONGEST`."""
        return self._frame.picture


class _Frame:
    """A decoded frame that several ticks may share."""

    def __init__(self, frame: av.VideoFrame, aspect: float) -> None:
        self._frame: av.VideoFrame | None = frame
        self._aspect = aspect
        self._picture: Image | None = None

    @property
    def picture(self) -> Image:
        if self._picture is None:
            assert self._frame is not None
            self._picture = _convert(self._frame, self._aspect)
            self._frame = None
        return self._picture


class Pictures:
    """The pictures of one file; iterate once, then see what was wrong with it.

    Attributes:
        damage: What did not decode, in a few words; empty if all did. Complete after iteration.
        size: (width, height) of the pictures; known after the first.
        rate: Mean frames per second that the file states, 0 if it does not.
    """

    def __init__(self, path: Path, pixel_aspect: float = 1.0) -> None:
        """Remembers what to read; the file is opened by iteration.

        Args:
            path: Any video that FFmpeg reads.
            pixel_aspect: Width per height of a stored pixel, besides what the file states.
        """
        self.path = path
        self.damage = ""
        self.size = (0, 0)
        self.rate = 0.0
        self._aspect = pixel_aspect
        self._stated = 1.0

    def __iter__(self) -> Iterator[Tick]:
        """The pictures in order.

        Raises:
            Unreadable: Before the first picture, if there is none.
        """
        index, broken, start = 0, True, None
        held: tuple[float, _Frame] | None = None
        for time, frame in self._frames():
            if start is None:
                start = time
            if held is not None:
                gap = time - held[0]
                until = held[0] + (0.5 / FPS if gap > LARGEST_GAP else gap / 2)
                while start + index / FPS < until - 1e-6:
                    yield Tick(index, start + index / FPS, broken, held[1])
                    index, broken = index + 1, False
                if gap > LARGEST_GAP:
                    index, broken = math.ceil((time - start) * FPS - 0.5), True
            held = (time, frame)
        if held is None or start is None:
            raise Unreadable(
                "no frame can be decoded" + (f": {self.damage}" if self.damage else "")
            )
        while start + index / FPS < held[0] + 0.5 / FPS - 1e-6:
            yield Tick(index, start + index / FPS, broken, held[1])
            index, broken = index + 1, False

    def _frames(self) -> Iterator[tuple[float, _Frame]]:
        """Frames with ascending times."""
        last: float | None = None
        try:
            if self.path.stat().st_size == 0:
                raise Unreadable("file is empty")
            with av.open(str(self.path), metadata_errors="ignore") as container:
                stream: Any = container.streams.best("video")
                if stream is None:
                    raise Unreadable("no video stream")
                stream.codec_context.thread_count = 1
                self.rate = float(stream.average_rate or 0)
                self._stated = float(stream.sample_aspect_ratio or 1)
                for frame in _progressive(self._decoded(container, stream)):
                    time = frame.time
                    if time is None:
                        time = 0.0 if last is None else last + 1 / (self.rate or FPS)
                    if last is not None and time < last - BACKWARDS:
                        self._say(f"time jumps back after {last:.1f} s, the rest is left out")
                        return
                    if last is None or time > last:
                        last = time
                        yield time, self._sized(frame)
                self._check_length(container, stream, last)
        except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
            if last is None:
                raise Unreadable(f"file cannot be decoded: {_words(error)}") from error
            self._say(f"damaged after {last:.1f} s: {_words(error)}")

    def _decoded(self, container: Any, stream: Any) -> Iterator[av.VideoFrame]:
        bad = 0
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    if frame.is_corrupt:
                        bad += 1
                    else:
                        yield frame
            except av.FFmpegError:
                bad += 1
        if bad:
            self._say(f"{bad} frames do not decode")

    def _sized(self, frame: av.VideoFrame) -> _Frame:
        aspect = self._aspect * (self._stated if 0.1 < self._stated < 10 else 1.0)
        self.size = shown_size(frame.width, frame.height, aspect, frame.rotation)
        return _Frame(frame, aspect)

    def _check_length(self, container: Any, stream: Any, last: float | None) -> None:
        if stream.duration and stream.time_base:
            end = float(((stream.start_time or 0) + stream.duration) * stream.time_base)
        else:
            end = ((container.start_time or 0) + (container.duration or 0)) / av.time_base
        if last is not None and end - last > NO_LENGTH + LARGEST_GAP:
            self._say(f"ends at {last:.1f} s of {end:.1f} s")

    def _say(self, what: str) -> None:
        if what not in self.damage:
            self.damage = f"{self.damage}; {what}" if self.damage else what


def shown_size(width: int, height: int, aspect: float, rotation: float) -> tuple[int, int]:
    """(width, height) of a frame as it is shown.

    Args:
        width: As stored.
        height: As stored.
        aspect: Width per height of a stored pixel.
        rotation: Degrees counterclockwise by which it is shown turned.
    """
    wide, high = width * aspect, float(height)
    shrink = min(1.0, LONGEST / max(wide, high))
    size = max(1, round(wide * shrink)), max(1, round(high * shrink))
    return size[::-1] if round(rotation / 90) % 2 else size


def _convert(frame: av.VideoFrame, aspect: float) -> Image:
    turns = round(frame.rotation / 90) % 4
    width, height = shown_size(frame.width, frame.height, aspect, 90 * turns)
    if turns % 2:
        width, height = height, width
    picture = frame.to_ndarray(
        format="rgb24", width=width, height=height, interpolation="BICUBIC", threads=1
    )
    return np.ascontiguousarray(np.rot90(picture, turns))


def _progressive(frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Deinterlaces from the first frame on that is marked as interlaced."""
    graph: Any = None
    shape = None
    for frame in frames:
        if graph is None and not frame.interlaced_frame:
            yield frame
            continue
        key = (frame.width, frame.height, frame.format.name)
        if graph is None or key != shape:
            if graph is not None:
                yield from _drained(graph)
            graph, shape = _deinterlacer(frame), key
        graph.vpush(frame)
        yield from _ready(graph)
    if graph is not None:
        yield from _drained(graph)


def _deinterlacer(frame: av.VideoFrame) -> Any:
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format,
        time_base=frame.time_base,
    )  # fmt: skip
    bwdif = graph.add("bwdif", "mode=send_frame:deint=interlaced")
    sink = graph.add("buffersink")
    graph.link_nodes(source, bwdif, sink).configure()
    return graph


def _ready(graph: Any) -> Iterator[av.VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return


def _drained(graph: Any) -> Iterator[av.VideoFrame]:
    graph.vpush(None)
    yield from _ready(graph)


def _words(error: BaseException) -> str:
    """The reason in an error, without file names."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).split(":")[0].strip()[:120]
