"""Changes that a judge must not mind: how a mouth was filmed, and how a voice was recorded.

Every change is one draw for a whole clip, except for the small shake of the squares, so that none
of them tells picture windows of one clip apart.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from openvasa.audio.clock import COLUMNS_PER_FRAME
from openvasa.metrics.mouth_crop import MOUTH_SIDE
from openvasa.types import Array

Floats = NDArray[np.float64]


def filmed_anew(mouths: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Mirrors, moves, scales, turns, relights, blurs and compresses mouths.

    Args:
        mouths: u8 [T, S, S], squares with a margin around what is judged.
        rng: Of this clip.

    Returns:
        u8 [T, 96, 96].
    """
    if rng.random() < 0.5:
        mouths = mouths[:, :, ::-1]
    small = rng.uniform(24, 72) if rng.random() < 0.4 else 0.0  # pixels it is shrunk to first
    noise = rng.uniform(0, 6) if rng.random() < 0.3 else 0.0
    quality = int(rng.uniform(15, 90)) if rng.random() < 0.4 else 0
    light = _light(rng)
    base = _placing(mouths.shape[1], rng)
    shake = rng.uniform(0, 0.7) * (rng.random() < 0.5)
    out = []
    for mouth in mouths:
        matrix = base.copy()
        matrix[:, 2] += shake * rng.standard_normal(2)
        cut = cv2.warpAffine(
            mouth, matrix, (MOUTH_SIDE, MOUTH_SIDE), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        if small:
            tiny = cv2.resize(cut, (int(small),) * 2, interpolation=cv2.INTER_AREA)
            cut = cv2.resize(tiny, (MOUTH_SIDE,) * 2, interpolation=cv2.INTER_LINEAR)
        cut = light[cut]
        if noise:
            cut = np.clip(cut + noise * rng.standard_normal(cut.shape), 0, 255).astype(np.uint8)
        if quality:
            packed = cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            cut = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))
        out.append(cut)
    return np.stack(out).astype(np.uint8)


def recorded_anew(mel: Array, rng: np.random.Generator) -> Array:
    """Another loudness, tone, room noise and length of the throat.

    Args:
        mel: f32 [C, 80], of `audio.mel.log_mel`: half the logarithm (base 10) of the power.
        rng: Of this clip.

    Returns:
        f32 [C, 80].
    """
    bins = np.arange(mel.shape[1])
    if rng.random() < 0.7:  # formants move with the throat's length
        source = np.clip(bins * rng.uniform(0.88, 1.12), 0, bins[-1])
        low = np.minimum(source.astype(int), bins[-1] - 1)
        share = (source - low).astype(np.float32)
        mel = mel[:, low] * (1 - share) + mel[:, low + 1] * share
    tilt = rng.uniform(-0.3, 0.3) * (bins / bins[-1] - 0.5)
    mel = mel + rng.uniform(-0.5, 0.5) + tilt
    if rng.random() < 0.5:
        floor = mel.mean() + rng.uniform(-0.8, 0.2) + rng.uniform(-0.4, 0.4) * (bins / 79 - 0.5)
        noise = floor + 0.15 * rng.standard_normal(mel.shape)
        mel = 0.5 * np.log10(100.0**mel + 100.0**noise)
    return mel.astype(np.float32)


def retimed(
    pose: Array, mel: Array, frames: int, rng: np.random.Generator
) -> tuple[Array, Array]:  # fmt: skip
    """A piece of a clip, slower or faster by up to a sixth, motion and sound together.

    Args:
        pose: f32 [T, 6], one row a frame.
        mel: f32 [4 T, 80].
        frames: Of the piece, below T.
        rng: Of this clip.

    Returns:
        f32 [frames, 6] and f32 [4 frames, 80].
    """
    speed = min(np.exp(rng.uniform(-0.15, 0.15)), (len(pose) - 1) / frames)
    start = rng.uniform(0, len(pose) - 1 - speed * (frames - 1))
    times = start + speed * np.arange(frames)
    columns = COLUMNS_PER_FRAME * start + speed * np.arange(COLUMNS_PER_FRAME * frames)
    return _between(pose, times), _between(mel, columns)


def _between(rows: Array, times: Floats) -> Array:
    """Rows at fractional times."""
    low = np.clip(times.astype(int), 0, len(rows) - 2)
    share = np.clip(times - low, 0, 1)[:, None]
    return (rows[low] * (1 - share) + rows[low + 1] * share).astype(np.float32)


def _placing(side: int, rng: np.random.Generator) -> Floats:
    """From the kept square, `side` pixels, to the judged one, moved by up to a tenth."""
    turn, size = np.radians(rng.normal(0, 5)), rng.uniform(0.85, 1.15)
    stretch = np.exp(rng.normal(0, 0.05))
    scale = np.diag([size * stretch, size / stretch])
    sheared = np.array([[1, rng.normal(0, 0.05)], [0, 1]])
    cos, sin = np.cos(turn), np.sin(turn)
    linear = np.array([[cos, -sin], [sin, cos]]) @ sheared @ scale
    middle = MOUTH_SIDE * (0.5 + rng.uniform(-0.1, 0.1, 2))
    return np.concatenate([linear, (middle - linear @ [side / 2, side / 2])[:, None]], 1)


def _light(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A table from brightness to brightness."""
    levels = (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.3))
    levels = (levels - 0.5) * rng.uniform(0.6, 1.3) + 0.5 + rng.uniform(-0.15, 0.15)
    return np.clip(255 * levels, 0, 255).astype(np.uint8)
