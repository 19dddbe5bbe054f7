"""Loose hair before a plain background: what a matte leaves out is told by its color.

A matte cuts off single strands and tips. Before a wall they can be seen to be the person's, for
nothing else there differs from the wall; before leaves or shelves they cannot, and are hidden.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from openvasa.face.matte import FILL, grown, pull_push, resize, window_mean
from openvasa.types import Array, Image

LARGEST = 512  # pixels, side of the picture that hair is looked for in
CELLS = 64  # a side: as coarse is the background's color without what lies before it
BAND = 48  # px of 512: hair is looked for this near to the matte; beyond, how plain the ground is
PLAIN = (
    1.5,
    2.5,
)  # gray levels of noise: up to the first a background is plain, from the second not
DIFFERENT = (6.0, 3.0)  # gray levels and noises by which hair differs from the background, at least
SIMILAR = 12.0  # gray levels: a pixel that differs by more says little about the background
ALIKE = 0.7  # cosine between how hair and how the person differ from the background, at least
THIN = 17  # px of 512: wider things are no strands
GAP = 5  # px of 512 that a strand may be broken for


class Loose(NamedTuple):
    """What `loose_hair` found.

    Attributes:
        hair: bool [P, P], strands beyond the matte.
        plain: f32 [P, P] in [0, 1], how plain the background is thereabouts.
    """

    hair: NDArray[np.bool_]
    plain: Array


def loose_hair(crop: Image, matte: Array) -> Loose:
    """Thin things between the matte and a plain background that hang together with the person.

    Args:
        crop: u8 [P, P, 3].
        matte: f32 [P, P] in [0, 1].
    """
    size, side = len(crop), min(len(crop), LARGEST)
    picture = resize(crop, side, side, shrink=True)
    hair, plain = _found(picture, resize(matte, side, side, shrink=True))
    return Loose(resize(hair.astype(np.float32), size, size) > 0, resize(plain, size, size))


def _found(picture: Array, matte: Array) -> Loose:
    """The same in a picture f32 [P, P, 3] of 0 to 255."""
    beyond, far = grown(matte, FILL) < 0.05, grown(matte, 2 * BAND) < 0.05
    if not far.any():
        return Loose(np.zeros(matte.shape, np.bool_), np.zeros(matte.shape, np.float32))
    ground = _ground(picture, beyond)
    over = picture - ground
    noise = _noise(np.abs(over).max(2), far)
    plain = np.clip((PLAIN[1] - noise) / (PLAIN[1] - PLAIN[0]), 0, 1)
    toward = _smooth(picture, matte > 0.9) - ground
    toward /= np.maximum(np.linalg.norm(toward, axis=2, keepdims=True), 1)
    along = (over * toward).sum(2)
    along = np.where(along > ALIKE * np.linalg.norm(over, axis=2), along, 0).clip(0, 255) / 255
    wide = grown(1 - grown(1 - along, THIN), THIN)  # a morphological opening
    strand = 255 * (along - wide) > DIFFERENT[0] + DIFFERENT[1] * noise
    strand &= beyond & ~far & (plain > 0)
    return Loose(strand & _reached(grown(strand, GAP) > 0, ~beyond), plain)


def _ground(picture: Array, known: NDArray[np.bool_]) -> Array:
    """The background's color without thin things before it, f32 [P, P, 3]: a mean, made robust."""
    weight = known.astype(np.float32)
    for _ in range(3):
        ground = _smooth(picture, weight)
        off = np.abs(picture - ground).max(2) / SIMILAR
        weight = known * np.maximum(np.exp(-off * off), np.float32(1e-6))
    return ground


def _smooth(values: Array, weight: Array | NDArray[np.bool_]) -> Array:
    """Weighted means of [P, P, C] in coarse cells, filled where nothing is known, at [P, P]."""
    share = weight.astype(np.float32)[..., None]
    known = resize(share, CELLS, CELLS, shrink=True)
    means = pull_push(resize(values * share, CELLS, CELLS, shrink=True), known)
    return resize(means, values.shape[1], values.shape[0])


def _noise(off: Array, far: NDArray[np.bool_]) -> Array:
    """How far pixels [P, P] lie from the smooth background near the `far` ones, gray levels."""
    share = far.astype(np.float32)
    square = np.minimum(off, 60) ** 2 * share  # one window tells no more than an edge of a shelf
    cells = [resize(part, CELLS, CELLS, shrink=True) for part in (square, share)]
    total, known = (window_mean(part, CELLS // 16)[..., None] for part in cells)
    mean = pull_push(total.astype(np.float32), known.astype(np.float32))[..., 0]
    return resize(np.sqrt(np.maximum(mean, 0)), off.shape[1], off.shape[0])


@numba.njit(cache=True, nogil=True)
def _reached(inside: NDArray[np.bool_], start: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`start` and what of `inside` hangs together with it, bool [H, W]."""
    out = start.copy()
    height, width = out.shape
    todo = [(i, j) for i in range(height) for j in range(width) if start[i, j]]
    while len(todo) > 0:
        i, j = todo.pop()
        for di, dj in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            y, x = i + di, j + dj
            if 0 <= y < height and 0 <= x < width and inside[y, x] and not out[y, x]:
                out[y, x] = True
                todo.append((y, x))
    return out
