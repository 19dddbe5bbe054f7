"""Frames and sound <-> MP4. Knows nothing of what the pictures show."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.reformatter import Colorspace, VideoReformatter
from av.video.stream import VideoStream

from openvasa.media.soundtrack import SOUND_RATE, SoundTrack
from openvasa.types import FPS, Array, Image, InputError

_BT709 = 1  # the code for BT.709 in all three of the color fields of H.264
_MIN_FREE_BYTES = 32 * 1024 * 1024
OPAQUE, SEE_THROUGH = ".mp4", ".mov"  # endings of files without and with an alpha channel


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What a video file says of itself: pixels, frames per second, seconds."""

    width: int
    height: int
    fps: float
    seconds: float
    has_sound: bool


class VideoWriter:
    """Writes an MP4 that plays everywhere: H.264 yuv420p, AAC, index in front (fast start).

    With an alpha channel it is a QuickTime file of Apple ProRes 4444, which editors read.

    Frames go to a hidden file beside the target, which takes the target's name in `close()`.
    Nothing is ever left under the target's name but a whole video. The sound is cut, or padded
    with silence, to exactly the length of the frames. Memory does not grow with the length.

    As a context manager it closes at the end and aborts on any exception, Ctrl-C included.

    Args:
        path: The target, ending in .mp4, with alpha in .mov; replaced at the end if it is there.
        size: (width, height) in pixels, both even.
        sound: An audio or video file, f32 [N] mono samples at 16 kHz, or None for no sound.
        fps: Frames per second.
        alpha: Whether frames have an alpha channel.
        crf: x264's quality, 0 (lossless) to 51; 18 looks lossless.
        preset: x264's speed.
        threads: Of the video encoder; 0: as many as it likes.

    Raises:
        InputError: The folder does not exist, is full or cannot be written, or the sound cannot
            be read; all but damage deep in the sound before the first frame.
    """

    def __init__(
        self, path: str | Path, size: tuple[int, int], sound: str | Path | Array | None = None, *,
        fps: int = FPS, alpha: bool = False, crf: int = 18, preset: str = "veryfast",
        threads: int = 0,
    ) -> None:  # fmt: skip
        """Checks the target and opens the hidden file."""
        self.path = Path(path)
        self.frames = 0  # written so far
        self._size = size
        self._fps, self._alpha = fps, alpha
        if size[0] % 2 or size[1] % 2 or min(size) < 16:
            raise InputError(f"a video's sides must be even and at least 16, not {size}.")
        check_target(self.path, alpha=alpha)
        self._part = self.path.with_name(
            f".{self.path.stem}.{os.getpid()}.part{self.path.suffix.lower()}"
        )
        self._sound = None if sound is None else SoundTrack(sound)
        self._sound_written = 0  # samples
        self._colors = VideoReformatter()  # a new one for each frame costs more than its work
        self._container: av.container.OutputContainer | None = None
        try:
            self._container = av.open(
                f"file:{self._part}", "w", format=self.path.suffix.lower()[1:],
                options={"movflags": "+faststart"},
            )  # fmt: skip
            self._video = self._add_video(crf, preset, threads)
            self._audio = None if self._sound is None else self._add_audio(self._sound.channels)
        except BaseException as error:
            self.abort()
            raise self._explain(error) from error

    def write(self, image: Image, alpha: Image | None = None) -> None:
        """Appends one frame and the sound that belongs to it.

        Args:
            image: u8 [H, W, 3] RGB.
            alpha: u8 [H, W], if the video has an alpha channel.

        Raises:
            InputError: The disk is full.
        """
        width, height = self._size
        if image.shape != (height, width, 3) or image.dtype != np.uint8:
            raise ValueError(
                f"a frame must be u8 [{height}, {width}, 3], not {image.dtype} {image.shape}"
            )
        if (alpha is not None) != self._alpha:
            raise ValueError("either all frames have an alpha channel, or none")
        pixels = np.ascontiguousarray(image if alpha is None else np.dstack([image, alpha]))
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24" if alpha is None else "rgba")
        frame = self._colors.reformat(
            frame, format=self._video.pix_fmt, dst_colorspace=Colorspace.ITU709, threads=1
        )
        frame.pts = self.frames
        try:
            self._mux(self._video.encode(frame))
            self.frames += 1
            self._write_sound(self.frames * SOUND_RATE // self._fps, last=False)
        except OSError as error:
            raise self._explain(error) from error

    def close(self) -> None:
        """Finishes the video and gives it the target's name.

        Raises:
            InputError: No frame was written, the disk is full, or the sound is damaged.
        """
        if self._container is None:
            return
        try:
            if not self.frames:
                raise InputError("there is no frame to write: the recording is empty.")
            self._mux(self._video.encode(None))
            self._write_sound(self.frames * SOUND_RATE // self._fps, last=True)
            self._container.close()
            self._container = None
            os.replace(self._part, self.path)
        except BaseException as error:
            self.abort()
            raise self._explain(error) from error

    def abort(self) -> None:
        """Removes what has been written; the target stays as it was."""
        container, self._container = self._container, None
        try:
            if container is not None:
                container.close()
        except (OSError, ValueError):
            pass  # a full disk refuses the index too; the file goes anyway
        finally:
            self._part.unlink(missing_ok=True)

    def __enter__(self) -> VideoWriter:
        """Returns the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes, or aborts if the block raised."""
        if kind is None:
            self.close()
        else:
            self.abort()

    def _add_video(self, crf: int, preset: str, threads: int) -> VideoStream:
        assert self._container is not None
        codec = "prores_ks" if self._alpha else "libx264"
        stream = self._container.add_stream(codec, rate=self._fps)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = self._size
        if self._alpha:
            stream.pix_fmt = "yuva444p10le"
            stream.options = {"profile": "4444", "alpha_bits": "8"}
        else:
            stream.pix_fmt = "yuv420p"
            # A key frame every two seconds keeps seeking quick.
            stream.options = {"crf": str(crf), "preset": preset, "g": str(2 * self._fps)}
        context = stream.codec_context
        context.thread_count = threads
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = 1  # 16..235
        return stream

    def _add_audio(self, channels: int) -> AudioStream:
        assert self._container is not None
        stream = self._container.add_stream("aac", rate=SOUND_RATE)
        assert isinstance(stream, AudioStream)
        stream.layout = "stereo" if channels == 2 else "mono"
        stream.bit_rate = 128_000
        return stream

    def _write_sound(self, until: int, *, last: bool) -> None:
        """Encodes sound up to a sample; all but the last frame of the encoder are full."""
        if self._audio is None or self._sound is None:
            return
        step = self._audio.codec_context.frame_size or 1024
        while (left := until - self._sound_written) >= step or (last and left > 0):
            piece = self._sound.take(min(step, left))
            frame = av.AudioFrame.from_ndarray(
                piece, format="fltp", layout=self._audio.codec_context.layout.name
            )
            frame.sample_rate = SOUND_RATE
            frame.pts = self._sound_written
            self._sound_written += piece.shape[1]
            self._mux(self._audio.encode(frame))
        if last:
            self._mux(self._audio.encode(None))

    def _mux(self, packets: list[av.Packet[VideoStream]] | list[av.Packet[AudioStream]]) -> None:
        assert self._container is not None
        self._container.mux(packets)

    def _explain(self, error: BaseException) -> BaseException:
        """A sentence for the user where the disk is at fault; other errors as they are."""
        if not isinstance(error, OSError):
            return error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return InputError(f"the disk of '{self.path.parent}' is full: free some space.")
        return InputError(f"cannot write '{self.path}': {error.strerror or error}.")


def check_target(path: str | Path, *, alpha: bool = False) -> None:
    """Checks that a video can be written at a path, before any work is done.

    Args:
        path: The file to be.
        alpha: Whether it is to have an alpha channel.

    Raises:
        InputError: The name does not end in .mp4, with alpha in .mov; or the folder is missing,
            full or not writable.
    """
    path = Path(path)
    if path.suffix.lower() != (ending := SEE_THROUGH if alpha else OPAQUE):
        what = "a transparent video" if alpha else "the video"
        raise InputError(f"{what}'s name must end in {ending}, and '{path}' does not.")
    if path.is_dir():
        raise InputError(f"'{path}' is a folder: name a file for the video.")
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"the folder '{folder}' does not exist: create it first.")
    probe = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix.lower()}")
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_WRONLY, 0o666))
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise InputError(
            f"cannot write into '{folder}' ({error.strerror}): choose another folder with -o."
        ) from error
    if free < _MIN_FREE_BYTES:
        raise InputError(f"the disk of '{folder}' is full: free some space.")


def probe_video(path: str | Path) -> VideoInfo:
    """Reads a video's header.

    Raises:
        InputError: The file is missing or not a video.
    """
    try:
        with av.open(f"file:{Path(path)}") as container:
            stream = container.streams.video[0]
            return VideoInfo(
                width=stream.codec_context.width,
                height=stream.codec_context.height,
                fps=float(stream.average_rate or 0),
                seconds=(container.duration or 0) / av.time_base,
                has_sound=bool(container.streams.audio),
            )
    except (av.error.FFmpegError, IndexError) as error:
        raise InputError(f"'{path}' is not a video that can be read here.") from error


def read_video(path: str | Path) -> Iterator[Image]:
    """Decodes a video's pictures one at a time.

    Yields:
        u8 [H, W, 3] RGB, in the order they are shown.

    Raises:
        InputError: The file is missing, not a video or damaged.
    """
    try:
        with av.open(f"file:{Path(path)}") as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                yield np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
    except (av.error.FFmpegError, IndexError) as error:
        raise InputError(f"'{path}' is not a video that can be read here.") from error
