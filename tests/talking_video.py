"""Small videos for tests: a photographed face that moves and speaks, in every bad way too."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np

EXAMPLES = Path(__file__).parent.parent / "examples"


@cache
def portrait(size: int = 256) -> np.ndarray:
    """The example's portrait, u8 [size, size, 3]."""
    image = cv2.imread(str(EXAMPLES / "portrait.jpg"))[:, :, ::-1]
    side = min(image.shape[:2])
    square = image[:side, (image.shape[1] - side) // 2 :][:, :side]
    return cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA)


def moved(picture: np.ndarray, frames: int, reach: float = 6.0) -> list[np.ndarray]:
    """The picture shaken softly, so that it is no still; a little noise of a camera."""
    rng = np.random.default_rng(0)
    out = []
    for t in range(frames):
        x, y = reach * np.sin(t / 7), 0.5 * reach * np.sin(t / 5 + 1)
        turn = cv2.getRotationMatrix2D((128, 128), 3 * np.sin(t / 9), 1 + 0.01 * np.sin(t / 6))
        turn[:, 2] += (x, y)
        warped = cv2.warpAffine(picture, turn, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
        noisy = warped + rng.normal(0, 1.5, warped.shape)
        out.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return out


@cache
def speech(rate: int = 16_000, seconds: float = 7.0) -> np.ndarray:
    """The example's speech, f32 [N]."""
    with av.open(str(EXAMPLES / "speech.wav")) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        parts = [
            p.to_ndarray()[0] for f in container.decode(audio=0) for p in resampler.resample(f)
        ]
    return np.concatenate(parts)[: int(rate * seconds)]


def write(
    path: Path,
    pictures: Iterable[np.ndarray],
    sound: np.ndarray | None,
    *,
    fps: int = 25,
    rate: int = 16_000,
    channels: int = 1,
    rotate: int = 0,
) -> Path:
    """Writes H.264 with sound f32 [N] at `rate`; `rotate`: degrees clockwise to show it turned."""
    with av.open(str(path), "w") as container:
        frames = list(pictures)
        video = container.add_stream("libx264", rate=fps)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt, video.options = "yuv420p", {"crf": "12", "preset": "ultrafast"}
        audio = None
        if sound is not None:
            audio = container.add_stream("aac", rate=rate)
            audio.layout = "stereo" if channels == 2 else "mono"
        for picture in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            samples = np.repeat(sound[None], channels, 0).astype(np.float32)
            block = av.AudioFrame.from_ndarray(samples, "fltp", audio.layout.name)
            block.sample_rate, block.pts = rate, 0  # without it the encoder's delay is not told
            container.mux(audio.encode(block))
            container.mux(audio.encode(None))
    if rotate:
        _mark_turned(path, rotate)
    return path


def _mark_turned(path: Path, degrees: int) -> None:
    """Sets the display matrix of an MP4's first track, which PyAV cannot: clockwise degrees."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44
    cos, sin = round(np.cos(np.radians(degrees))), round(np.sin(np.radians(degrees)))
    rows = np.array([cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 14])
    content[at : at + 36] = (rows * 65_536).astype(">i4").tobytes()
    path.write_bytes(bytes(content))


def cut_to(sound: np.ndarray, frames: int, rate: int = 16_000) -> np.ndarray:
    """The part of a sound that lasts as long as so many frames."""
    return sound[: frames * rate // 25]
