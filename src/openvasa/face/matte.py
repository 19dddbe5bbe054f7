"""What of a crop is the person: a soft matte, and both layers filled in where the other is.

The segmentation network ships with the package (selfie segmentation of MediaPipe); its coarse
answer follows the photo's own edges by a guided filter. Knows nothing of meshes or heads.
"""

from __future__ import annotations

import functools
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageFilter

from openvasa.face.detect import MODELS, TfliteNet
from openvasa.types import Array, Image

SEGMENTER = MODELS / "selfie_segmentation.tflite"
SIDE = 256  # pixels that the network reads
CERTAIN = (0.3, 0.8)  # scores below and above are background and person
FILL = 17  # px of 512: this near to the person, colors may hold a little of it
REFLECT = 40  # px of 512: this far behind the person the background is its mirror image
EDGE = 10  # px of 512 along the border that are not mirrored: photos often have a dark rim there
FAINT = 0.1  # of a pixel: with less of the person in it, its color cannot be told
RIM = 12  # px of 512: this near to the person, the background is always the filled one
STRAND = 5  # px of 512: loose hair is this much wider than it is seen to be


@functools.cache
def _network() -> TfliteNet:
    return TfliteNet(SEGMENTER)


def matte_of(crop: Image, network: TfliteNet | None = None) -> Array:
    """Matte f32 [P, P] in [0, 1] of a crop u8 [P, P, 3]: 1 is the person.

    Args:
        crop: A square with a person in it.
        network: Another segmentation network than the one that ships, 256 x 256 pixels -> scores.
    """
    small = np.asarray(PilImage.fromarray(crop).resize((SIDE, SIDE), PilImage.Resampling.BOX))
    score = (network or _network())((small / np.float32(255)).astype(np.float32))[0][0, :, :, 0]
    score = np.clip((score - CERTAIN[0]) / (CERTAIN[1] - CERTAIN[0]), 0, 1)
    large = resize(score.astype(np.float32), crop.shape[1], crop.shape[0])
    return refine(crop, large, max(2, len(crop) // 64))


def refine(crop: Image, score: Array, radius: int, smoothness: float = 1e-3) -> Array:
    """Let a score follow the photo's edges (guided filter; He, Sun and Tang 2010).

    Args:
        crop: u8 [P, P, 3].
        score: f32 [P, P] in [0, 1].
        radius: Of the windows, pixels.
        smoothness: Variance of the photo, in [0, 1], below which edges do not count.

    Returns:
        f32 [P, P] in [0, 1].
    """
    gray = (crop @ np.array([0.299, 0.587, 0.114])) / 255
    mean_i, mean_s = window_mean(gray, radius), window_mean(score, radius)
    variance = window_mean(gray * gray, radius) - mean_i * mean_i
    slope = (window_mean(gray * score, radius) - mean_i * mean_s) / (variance + smoothness)
    offset = mean_s - slope * mean_i
    out = window_mean(slope, radius) * gray + window_mean(offset, radius)
    return np.clip(out, 0, 1).astype(np.float32)


def split(crop: Image, matte: Array, hair: NDArray[np.bool_] | None = None) -> tuple[Image, Image]:
    """(person, background), both u8 [P, P, 3] and each filled where the other is.

    Args:
        crop: u8 [P, P, 3].
        matte: f32 [P, P] in [0, 1].
        hair: bool [P, P], what else is no background.
    """
    person = fill(crop, (matte > 0.9).astype(np.float32))
    if matte.min() >= 0.05:
        return person, crop
    known, near = grown(matte, FILL) < 0.05, np.clip(grown(matte, RIM) / 0.05, 0, 1)
    if hair is not None:
        around = grown(hair, STRAND) > 0
        known, near = known & ~around, np.maximum(near, around)
    filled = fill(crop, known.astype(np.float32)).astype(np.float32)
    if known.any():
        filled = _mirrored(crop, known, filled, REFLECT * len(crop) / 512)
    share = _blurred(near, len(crop) / 512)[..., None]
    return person, np.rint(crop * (1 - share) + filled * share).astype(np.uint8)


def unmixed(crop: Image, matte: Array, person: Image, background: Image) -> Image:
    """The person whose layer over the background gives the photo back, u8 [P, P, 3].

    A matte never follows hair and ears exactly. What it leaves out stays in the person's colors,
    moves with them, and at rest every pixel is the photo's; a filled layer alone blurs the outline.

    Args:
        crop: u8 [P, P, 3], the photo.
        matte: f32 [P, P] in [0, 1].
        person: From `split`, kept where the person is below `FAINT`.
        background: From `split`.
    """
    share = matte[..., None]
    behind = (1 - share) * background.astype(np.float32)
    color = ((crop - behind) / np.maximum(share, FAINT)).clip(0, 255)
    return np.rint(np.where(share >= FAINT, color, person)).astype(np.uint8)


def outlined(crop: Image, matte: Array, background: Image, plain: Array | None = None) -> Array:
    """A share of the person, f32 [P, P] in [0, 1], of at least `FAINT` where they may be seen.

    The background is filled some way around the person too, and what it misses there (loose hair,
    blur, shade) must be of the person's layer: else the outline changes even where nothing moves.
    What a faint share cannot hold is a thing in the background, and does not go with the person;
    unless the background is plain: then it is theirs, with the least share that can hold it.

    Args:
        crop: u8 [P, P, 3], the photo.
        matte: f32 [P, P] in [0, 1].
        background: From `split`.
        plain: f32 [P, P] in [0, 1], how plain the background is; None: not at all.
    """
    over = crop - background.astype(np.float32)
    most = np.abs(over).max(2)
    faint = (most > 0) & (most <= FAINT * 255 / 2)
    share = np.where(faint, np.maximum(matte, np.float32(FAINT)), matte)
    if plain is None:
        return share
    room = np.where(over < 0, background, 255 - background.astype(np.float32))
    needed = (np.abs(over) / np.maximum(room, 1)).max(2).clip(0, 1)
    needed = np.where(needed >= FAINT, needed * plain, 0)
    needed = _blurred(grown(needed, STRAND), len(crop) / 512)
    return np.maximum(share, np.where(needed >= FAINT, needed, 0)).astype(np.float32)


def _blurred(share: NDArray[Any], radius: float) -> Array:
    """[P, P] in [0, 1], with soft edges."""
    picture = PilImage.fromarray(np.rint(share * 255).astype(np.uint8))
    soft = picture.filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(soft, np.float32) / np.float32(255)


@numba.njit(cache=True, nogil=True)
def _nearest(known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each pixel the nearest known one, int [H, W, 2] (Danielsson 1980, two sweeps)."""
    height, width = known.shape
    out = np.full((height, width, 2), -(10**6))
    for i in range(height):
        for j in range(width):
            if known[i, j]:
                out[i, j, 0], out[i, j, 1] = i, j
    for sweep in range(2):
        step = 1 - 2 * sweep
        rows = range(height) if sweep == 0 else range(height - 1, -1, -1)
        for i in rows:
            for side in (1, -1):
                columns = range(width) if side == 1 else range(width - 1, -1, -1)
                for j in columns:
                    for di, dj in ((-step, 0), (-step, -1), (-step, 1), (0, -side)):
                        y, x = i + di, j + dj
                        if 0 <= y < height and 0 <= x < width:
                            a, b = out[y, x, 0] - i, out[y, x, 1] - j
                            c, d = out[i, j, 0] - i, out[i, j, 1] - j
                            if a * a + b * b < c * c + d * d:
                                out[i, j, 0], out[i, j, 1] = out[y, x, 0], out[y, x, 1]
    return out


def _mirrored(crop: Image, known: NDArray[np.bool_], filled: Array, reach: float) -> Array:
    """Fills what is near the background by its mirror image, so that it has the same grain.

    Args:
        crop: u8 [P, P, 3].
        known: bool [P, P], surely background.
        filled: f32 [P, P, 3], taken further inside and where the mirror shows the person.
        reach: Pixels over which the mirror image fades out.
    """
    rim = _nearest(known)
    rows, columns = np.mgrid[: len(known), : known.shape[1]]
    y, x = 2 * rim[..., 0] - rows, 2 * rim[..., 1] - columns
    edge = round(EDGE * len(known) / 512)
    there = (y >= edge) & (y < len(known) - edge) & (x >= edge) & (x < known.shape[1] - edge)
    y, x = y.clip(0, len(known) - 1), x.clip(0, known.shape[1] - 1)
    depth = np.hypot(rim[..., 0] - rows, rim[..., 1] - columns)
    share = np.clip(1.5 - depth / reach, 0, 1) * (there & known[y, x])
    picture = PilImage.fromarray(np.rint(share * 255).astype(np.uint8))
    soft = np.asarray(picture.filter(ImageFilter.BoxBlur(2)), np.float32) / np.float32(255)
    weight = np.minimum(soft, share.astype(np.float32))[..., None]
    return np.asarray(filled * (1 - weight) + crop[y, x] * weight, np.float32)


def fill(crop: Image, known: Array) -> Image:
    """The crop with unknown parts filled smoothly from what surrounds them (pull-push).

    Args:
        crop: u8 [P, P, 3].
        known: f32 [P, P] in [0, 1], how much each pixel counts.

    Returns:
        u8 [P, P, 3]; where `known` is 1, the crop.
    """
    if known.max() <= 0:
        return crop
    weight = known.astype(np.float32)[..., None]
    filled = pull_push(crop.astype(np.float32) * weight, weight)
    return np.rint(crop * weight + filled * (1 - weight)).clip(0, 255).astype(np.uint8)


def resize(values: NDArray[Any], width: int, height: int, shrink: bool = False) -> Array:
    """f32 [H, W] or [H, W, C] -> f32 [height, width(, C)]: linear, or the mean where shrunk."""
    if values.ndim == 3:
        parts = [resize(values[..., c], width, height, shrink) for c in range(values.shape[2])]
        return np.stack(parts, -1)
    how = PilImage.Resampling.BOX if shrink else PilImage.Resampling.BILINEAR
    picture = PilImage.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(picture.resize((width, height), how))


def grown(matte: NDArray[Any], reach: int) -> Array:
    """The largest value in a square of `reach` pixels of 512 about each pixel, f32 [P, P].

    Args:
        matte: [P, P] in [0, 1], or bool.
        reach: Side of the square.
    """
    side = max(1, reach * len(matte) // 512) | 1
    levels = np.rint(matte * 255).astype(np.uint8)
    for _ in range(2):  # a square's maximum is that of its columns' maxima
        levels = _largest(np.pad(levels, ((side // 2, side // 2), (0, 0))), side).T
    return levels.astype(np.float32) / np.float32(255)


def _largest(values: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """The maximum of each `count` rows that follow each other: [H, W] -> [H - count + 1, W]."""
    reach = 1
    while reach < count:
        step = min(reach, count - reach)
        values = np.maximum(values[:-step], values[step:])
        reach += step
    return values


def pull_push(color: NDArray[Any], weight: NDArray[Any]) -> Array:
    """Colors everywhere, f32 [H, W, C], from those that are known, smoothly.

    Args:
        color: [H, W, C], each times its weight.
        weight: [H, W, 1] in [0, 1].
    """
    height, width = color.shape[:2]
    if min(height, width) > 2:
        half = resize(color, max(1, width // 2), max(1, height // 2), shrink=True)
        share = resize(weight, max(1, width // 2), max(1, height // 2), shrink=True)
        rest = resize(pull_push(half, share), width, height)
    else:
        rest = np.broadcast_to(color.sum((0, 1)) / max(weight.sum(), 1e-6), color.shape)
    have = np.minimum(4 * weight, 1.0)  # a quarter of known pixels knows enough
    own = color / np.maximum(weight, 1e-6)
    return np.asarray(own * have + rest * (1 - have), np.float32)


def window_mean(values: NDArray[Any], radius: int) -> NDArray[np.float64]:
    """Mean of [H, W] over windows of side 2 radius + 1, the edges reflected.

    Args:
        values: [H, W].
        radius: Pixels.
    """
    padded = np.pad(values.astype(np.float64), radius, mode="symmetric")
    side = 2 * radius + 1
    for axis in (0, 1):
        total = np.cumsum(padded, axis)
        first = np.take(total, [side - 1], axis)
        rest = np.take(total, range(side, total.shape[axis]), axis)
        before = np.take(total, range(total.shape[axis] - side), axis)
        padded = np.concatenate([first, rest - before], axis) / side
    return padded
