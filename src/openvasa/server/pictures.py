"""Frames -> binary messages: a header with index and time, then JPEG or H.264."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any, Protocol

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from PIL import Image as Pillow

from openvasa.types import FPS, Frame, Image

# kind, flags, reserved, index of the frame, its time in microseconds; little-endian
HEADER = struct.Struct("<BBHIQ")
JPEG, H264 = 1, 2
KEY = 1  # flag: the picture can be decoded without those before it


class Encoder(Protocol):
    """Turns one session's frames into messages, in order."""

    def __call__(self, frame: Frame) -> bytes:
        """The frame's message."""

    def restart(self) -> None:
        """Has the next frame be a key frame, because some before it did not arrive.

        Any thread may ask for it.
        """


def create_encoder(video: str, quality: int) -> Encoder:
    """The encoder for `jpeg`, with its quality, or `h264`."""
    return JpegEncoder(quality) if video == "jpeg" else H264Encoder()


def _header(kind: int, key: bool, frame: Frame) -> bytes:
    time = round(frame.index * 1_000_000 / FPS)
    return HEADER.pack(kind, KEY if key else 0, 0, frame.index, time)


class JpegEncoder:
    """Every picture stands alone."""

    def __init__(self, quality: int) -> None:
        """JPEG quality, 50 to 95."""
        self._quality = quality

    def __call__(self, frame: Frame) -> bytes:
        """See `Encoder`."""
        out = io.BytesIO()
        Pillow.fromarray(frame.image).save(out, format="JPEG", quality=self._quality)
        return _header(JPEG, True, frame) + out.getvalue()

    def restart(self) -> None:
        """See `Encoder`."""


class H264Encoder:
    """Annex B, constrained baseline, one packet a frame: what WebCodecs decodes without delay."""

    def __init__(self) -> None:
        """Starts with a key frame."""
        self._codec: VideoCodecContext | None = None
        self._key, self._count = True, 0

    def __call__(self, frame: Frame) -> bytes:
        """See `Encoder`."""
        packet = self._packet(frame.image)
        return _header(H264, packet.is_keyframe, frame) + bytes(packet)

    def restart(self) -> None:
        """See `Encoder`."""
        self._key = True

    def _packet(self, image: Image) -> av.Packet[Any]:
        if self._codec is None:
            self._codec = _h264_codec(image.shape[1], image.shape[0])
        picture = av.VideoFrame.from_ndarray(image, format="rgb24")
        picture.pts = self._count  # goes on where a frame's own index may go back
        key, self._key = self._key, False  # at once: another thread may ask for the next
        picture.pict_type = PictureType.I if key else PictureType.NONE
        self._count += 1
        (packet,) = self._codec.encode(picture)
        return packet


def _h264_codec(width: int, height: int) -> VideoCodecContext:
    codec = VideoCodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.framerate, codec.time_base = Fraction(FPS), Fraction(1, FPS)
    codec.options = {
        "preset": "veryfast", "tune": "zerolatency", "profile": "baseline", "crf": "21",
        "x264-params": "repeat-headers=1:keyint=50:scenecut=0:threads=1",
    }  # fmt: skip
    return codec
