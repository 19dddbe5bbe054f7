"""Sound: any audio or video file -> f32 samples, whole or as a stream. Knows nothing of speech."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from openvasa.types import SAMPLE_RATE, Array, InputError

# A file whose header promises this much more sound than it holds was cut short.
_MISSING_SECONDS = 1.0
_MISSING_SHARE = 0.02
# Players skip a few bad packets; more than this and the sound is no longer what was recorded.
_BAD_PACKETS = 2
_BAD_SHARE = 0.01


def load_audio(path: str | Path) -> Array:
    """Reads the whole sound of a file.

    Args:
        path: Any audio file, or video file with sound; any rate, channel count and format.

    Returns:
        f32 [N], mono (the mean of the channels) at 16 kHz, in [-1, 1] for integer formats.

    Raises:
        InputError: See `stream_audio`.
    """
    return np.concatenate(list(stream_audio(path)))


def stream_audio(path: str | Path, block_seconds: float = 1.0) -> Iterator[Array]:
    """Reads the sound of a file block by block, in memory that does not grow with its length.

    The blocks joined are bit for bit what `load_audio` returns.

    Args:
        path: As for `load_audio`.
        block_seconds: Length of a block; the last one may be shorter.

    Yields:
        f32 [block_seconds * 16000], mono at 16 kHz.

    Raises:
        InputError: At the first block if the file is missing, has no sound or cannot be
            decoded; at the end if it proves to be damaged or cut short.
    """
    size = max(1, round(block_seconds * SAMPLE_RATE))
    waiting: list[Array] = []
    held = 0
    for piece in decode_audio(path, SAMPLE_RATE):
        mono = piece.mean(axis=0, dtype=np.float32)
        waiting.append(mono)
        held += len(mono)
        if held >= size:
            joined = np.concatenate(waiting)
            whole = held // size * size
            yield from joined[:whole].reshape(-1, size)
            waiting, held = [joined[whole:]], held - whole
    if held:
        yield np.concatenate(waiting)


def count_samples(path: str | Path) -> int:
    """Number of samples that `load_audio` would return, found by decoding the file once.

    Raises:
        InputError: See `stream_audio`; nothing is left to fail on a second reading.
    """
    return sum(len(block) for block in stream_audio(path))


def decode_audio(path: str | Path, rate: int) -> Iterator[Array]:
    """Decodes the sound of a file at a given rate, with the channels it has.

    Args:
        path: As for `load_audio`.
        rate: Samples per second of the result.

    Yields:
        f32 [channels, n] for small n.

    Raises:
        InputError: See `stream_audio`.
    """
    path = Path(path)
    with _open_file(path) as file, _open_container(file, path) as container:
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            raise InputError(f"'{path}' has no sound track: give a recording of speech.")
        yield from _decode(container, stream, rate, path)
    if (missing := _missing_from_wav(path)) > _MISSING_SHARE:
        raise InputError(_cut_short(path, missing))


def _decode(
    container: InputContainer, stream: AudioStream, rate: int, path: Path
) -> Iterator[Array]:
    """Decoded and resampled pieces; raises InputError for what a decoder stumbles over."""
    resampler: av.AudioResampler | None = None
    shape = None
    packets = bad = made = 0
    decoded_seconds = 0.0
    try:
        for packet in container.demux(stream):
            packets += 1
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                bad += 1
                continue
            for frame in frames:
                key = (frame.format.name, frame.layout.name, frame.sample_rate)
                if resampler is None or key != shape:
                    # A chained stream may change its format midway.
                    yield from _pieces(resampler, None)
                    resampler, shape = av.AudioResampler(format="fltp", rate=rate), key
                frame.pts = None
                decoded_seconds += frame.samples / frame.sample_rate
                made += frame.samples
                yield from _pieces(resampler, frame)
        yield from _pieces(resampler, None)
    except (av.error.FFmpegError, ValueError) as error:
        raise InputError(_damaged(path)) from error
    if bad > max(_BAD_PACKETS, _BAD_SHARE * packets):
        raise InputError(_damaged(path))
    if not made:
        raise InputError(f"the sound in '{path}' is empty: give a recording of speech.")
    promised = _promised_seconds(container, stream)
    if promised - decoded_seconds > max(_MISSING_SECONDS, _MISSING_SHARE * promised):
        raise InputError(_cut_short(path, 1 - decoded_seconds / promised))


def _pieces(resampler: av.AudioResampler | None, frame: av.AudioFrame | None) -> Iterator[Array]:
    """What the resampler gives for one frame, or has left when the frame is None."""
    if resampler is None:
        return
    for piece in resampler.resample(frame):
        if piece.samples:
            # Floating-point files may hold NaN or infinity.
            yield np.nan_to_num(piece.to_ndarray(), posinf=1.0, neginf=-1.0)


def _promised_seconds(container: InputContainer, stream: AudioStream) -> float:
    """The length that the header states, 0 where it states none."""
    if container.format.name == "aac":  # bare frames: the length is a guess from their size
        return 0.0
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and len(container.streams) == 1:
        return container.duration / av.time_base
    return 0.0


def _missing_from_wav(path: Path) -> float:
    """The share of a WAV file's sound that its header promises and the file lacks.

    The decoder trusts the file's size over its header, so a cut WAV looks whole to it.
    """
    with path.open("rb") as file:
        riff = file.read(12)
        if riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
            return 0.0
        while len(head := file.read(8)) == 8:
            size = int.from_bytes(head[4:], "little")
            if head[:4] == b"data":
                here = path.stat().st_size - file.tell()
                unknown = size in (0, 0xFFFFFFFF) or size >= 0x7FFFF000  # written by a pipe
                return 0.0 if unknown else max(0.0, 1 - here / size)
            file.seek(size + size % 2, 1)
    return 0.0


@contextmanager
def _open_file(path: Path) -> Iterator[BinaryIO]:
    if not path.exists():
        raise InputError(f"there is no recording at '{path}': check the name.")
    if not path.is_file():
        raise InputError(f"'{path}' is not a file: give a recording, such as a WAV or MP3.")
    if path.stat().st_size == 0:
        raise InputError(f"the recording '{path}' is empty (0 bytes): give another copy of it.")
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: check its permissions.") from error
    with file:
        yield file


@contextmanager
def _open_container(file: BinaryIO, path: Path) -> Iterator[InputContainer]:
    """The container in an open file; a playlist in it may open no other file."""
    try:
        container = av.open(file, "r", container_options={"protocol_whitelist": "none"})
    except (av.error.FFmpegError, ValueError) as error:
        raise InputError(
            f"'{path}' is not sound that can be read here, or is damaged: "
            "give a WAV, MP3, FLAC, OGG or M4A file."
        ) from error
    with container:
        yield container


def _damaged(path: Path) -> str:
    return f"the recording '{path}' is damaged: give another copy of it."


def _cut_short(path: Path, missing: float) -> str:
    return (
        f"the recording '{path}' is cut short ({missing:.0%} of its sound is missing): "
        "give another copy of it."
    )
