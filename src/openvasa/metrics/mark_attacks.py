"""What the invisible mark withstands: what people and platforms do to videos, and what is left.

Each clip is marked with an id of its own, changed in one way, and read again with nothing known
about the change. Figures: share of clips in which the mark is found, share whose id is read
exactly, and accuracy of its bits, where an id that could not be read counts as half of its bits.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import av
import numpy as np
from PIL import Image as Pillow

from openvasa.provenance.pixel_mark import (
    PAYLOAD_BITS,
    MarkReading,
    PixelMark,
    read_frames,
    read_image,
)
from openvasa.types import FPS, Image

Frames = list[Image]
Attack = Callable[[Frames], tuple[Frames, float]]  # frames at 25 a second -> frames, their rate
UNCHANGED = "none"
_SCREEN = (1280, 720)


@dataclass(frozen=True)
class Outcome:
    """What became of one clip under one attack.

    Attributes:
        attack: Its name in `ATTACKS`.
        found: Whether the mark was found.
        exact: Whether the id was read without an error.
        accuracy: Share of the id's bits read right, in [0, 1].
    """

    attack: str
    found: bool
    exact: bool
    accuracy: float


def attack_clip(frames: Frames, name: str) -> Iterator[Outcome]:
    """Marks a clip and tries every attack.

    Args:
        frames: Unmarked, u8 [H, W, 3] each, H and W even.
        name: The id is derived from it.
    """
    payload = int.from_bytes(hashlib.sha256(name.encode()).digest()[: PAYLOAD_BITS // 8], "big")
    mark = PixelMark(payload)
    marked = [mark.embed(frame) for frame in frames]
    for attack, change in ATTACKS.items():
        yield outcome(attack, _reading(*change(marked)), payload)


def outcome(attack: str, reading: MarkReading, payload: int) -> Outcome:
    """Compares what was read with what was written."""
    accuracy = 0.5
    if reading.payload is not None:
        accuracy = 1 - int.bit_count(reading.payload ^ payload) / PAYLOAD_BITS
    return Outcome(attack, reading.present, reading.payload == payload, accuracy)


def psnr(clean: Image, marked: Image) -> float:
    """Peak signal-to-noise ratio in dB over all pixels and colors."""
    error = float(np.mean((clean.astype(np.float64) - marked) ** 2))
    return 10 * math.log10(255**2 / max(error, 1e-12))


def as_text(outcomes: Sequence[Outcome]) -> str:
    """A Markdown table, one row an attack."""
    lines = ["| attack | clips | found | id exact | bit accuracy |", "|---|---|---|---|---|"]
    for attack in dict.fromkeys(one.attack for one in outcomes):
        rows = [one for one in outcomes if one.attack == attack]
        found, exact = sum(one.found for one in rows), sum(one.exact for one in rows)
        shares = f"{found / len(rows):.2f} | {exact / len(rows):.2f}"
        accuracy = sum(one.accuracy for one in rows) / len(rows)
        lines.append(f"| {attack} | {len(rows)} | {shares} | {accuracy:.3f} |")
    return "\n".join(lines)


def _reading(frames: Frames, fps: float) -> MarkReading:
    return read_image(frames[0]) if len(frames) == 1 else read_frames(frames, fps)


def encoded(frames: Frames, crf: int, rate: int = FPS) -> Frames:
    """Through x264 and back."""
    file = io.BytesIO()
    height, width = frames[0].shape[:2]
    with av.open(file, "w", format="matroska") as out:
        stream = out.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast"}
        for image in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as container:
        decoded = container.decode(container.streams.video[0])
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in decoded]


def _h264(crf: int, change: Callable[[Image], Image] | None = None) -> Attack:
    def attack(frames: Frames) -> tuple[Frames, float]:
        changed = frames if change is None else [change(frame) for frame in frames]
        return encoded(changed, crf), FPS

    return attack


def _rate(fps: int) -> Attack:
    def attack(frames: Frames) -> tuple[Frames, float]:
        shown = [frames[k * FPS // fps] for k in range(len(frames) * fps // FPS)]
        return encoded(shown, 23, fps), fps

    return attack


def _still(change: Callable[[Image], Image]) -> Attack:
    return lambda frames: ([change(frames[len(frames) // 2])], FPS)


def _scaled(factor: float) -> Callable[[Image], Image]:
    def change(image: Image) -> Image:
        size = tuple(2 * round(side * factor / 2) for side in image.shape[1::-1])
        scaled = Pillow.fromarray(image).resize((size[0], size[1]), Pillow.Resampling.BICUBIC)
        return np.asarray(scaled)

    return change


def _stretched(factor: float) -> Callable[[Image], Image]:
    """Wider alone."""

    def change(image: Image) -> Image:
        size = 2 * round(image.shape[1] * factor / 2), image.shape[0]
        return np.asarray(Pillow.fromarray(image).resize(size, Pillow.Resampling.BICUBIC))

    return change


def _turned(degrees: float) -> Callable[[Image], Image]:
    """About its middle; the corners that come into sight are black."""
    return lambda image: np.asarray(
        Pillow.fromarray(image).rotate(degrees, Pillow.Resampling.BICUBIC)
    )


def _cropped(share: float) -> Callable[[Image], Image]:
    """A piece off the middle, `share` of each side."""

    def change(image: Image) -> Image:
        height, width = (2 * int(side * share / 2) for side in image.shape[:2])
        top, left = (image.shape[0] - height) // 3, (image.shape[1] - width) * 2 // 3
        return np.ascontiguousarray(image[top : top + height, left : left + width])

    return change


def _jpeg(quality: int) -> Callable[[Image], Image]:
    def change(image: Image) -> Image:
        file = io.BytesIO()
        Pillow.fromarray(image).save(file, "JPEG", quality=quality)
        return np.asarray(Pillow.open(file))

    return change


def _screenshot(factor: float) -> Callable[[Image], Image]:
    """The picture in a page of light gray, with a bar above it."""

    def change(image: Image) -> Image:
        screen = np.full((_SCREEN[1], _SCREEN[0], 3), 236, np.uint8)
        screen[:40] = 60
        scaled = _scaled(factor)(image)
        scaled = scaled[: _SCREEN[1] - 50, : _SCREEN[0] - 137]
        screen[47 : 47 + scaled.shape[0], 131 : 131 + scaled.shape[1]] = scaled
        return screen

    return change


def _toned(gain: float, offset: float) -> Callable[[Image], Image]:
    def change(image: Image) -> Image:
        return np.clip((image - 128.0) * gain + 128 + offset, 0, 255).astype(np.uint8)

    return change


def _chain(*changes: Callable[[Image], Image]) -> Callable[[Image], Image]:
    def change(image: Image) -> Image:
        for one in changes:
            image = one(image)
        return image

    return change


ATTACKS: dict[str, Attack] = {
    UNCHANGED: lambda frames: (frames, FPS),
    "H.264 CRF 23": _h264(23),
    "H.264 CRF 28": _h264(28),
    "H.264 CRF 33": _h264(33),
    "half size, CRF 18": _h264(18, _scaled(0.5)),
    "half size, CRF 23": _h264(23, _scaled(0.5)),
    "half size, CRF 28": _h264(28, _scaled(0.5)),
    "1.5 times, CRF 23": _h264(23, _scaled(1.5)),
    "crop to 70 %, CRF 23": _h264(23, _cropped(0.7)),
    "mirrored, CRF 23": _h264(23, lambda image: image[:, ::-1]),
    "turned by 1 degree, CRF 23": _h264(23, _turned(1)),
    "5 % wider, CRF 23": _h264(23, _stretched(1.05)),
    "15 frames a second, CRF 23": _rate(15),
    "30 frames a second, CRF 23": _rate(30),
    "brighter, CRF 23": _h264(23, _toned(1, 30)),
    "contrast 0.7, CRF 23": _h264(23, _toned(0.7, 0)),
    "one frame, JPEG 50": _still(_jpeg(50)),
    "screenshot, PNG": _still(_screenshot(1)),
    "screenshot 1.2 times, JPEG 80": _still(_chain(_screenshot(1.2), _jpeg(80))),
}
