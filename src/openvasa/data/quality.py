"""How good the pictures and the sound of a clip are, in numbers with units.

Pictures are judged on the face alone, in crops of one size, so that numbers of different videos
compare. Knows nothing of files or of which clips are kept.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from openvasa.data.video_sound import loudness
from openvasa.types import Array, Image

FACE_PIXELS = 96  # side of the patch in which sharpness and brightness are measured
SAME = 2  # levels of 255 by which no pixel of a small picture differs when nothing moved
SMALL = 32  # pixels, side of that small picture
FULL = 32_700  # of 32,767: samples from here on are clipped
DARK = 16  # levels up to which a border is black: video black
BAR_NOISE = 8.0  # levels that pixels of a black bar may spread
THIN = 8  # every so many rows or columns are looked at for bars


def face_patch(crop: Image, landmarks: Array) -> Image:
    """The middle of the face, brows to chin, as a gray picture of one size.

    Args:
        crop: u8 [S, S, 3].
        landmarks: f32 [478, 3], crop units.

    Returns:
        u8 [96, 96].
    """
    size = len(crop)
    low, high = landmarks[:468, :2].min(0), landmarks[:468, :2].max(0)
    middle, reach = (low + high) / 2, (high - low) * 0.4
    corners = np.stack([middle - reach, middle + reach])
    (x0, y0), (x1, y1) = np.clip(np.rint((corners + 1) * size / 2).astype(int), 0, size - 1)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return np.zeros((FACE_PIXELS, FACE_PIXELS), np.uint8)
    gray = cv2.cvtColor(np.ascontiguousarray(crop[y0:y1, x0:x1]), cv2.COLOR_RGB2GRAY)
    patch = cv2.resize(gray, (FACE_PIXELS, FACE_PIXELS), interpolation=cv2.INTER_AREA)
    return np.asarray(patch, np.uint8)


def sharpness(patch: Image) -> float:
    """Share of fine detail in a face: spread of its finest octave per spread of all of it.

    Args:
        patch: u8 [96, 96], as `face_patch` makes it.

    Returns:
        About 0.11 for GRID's faces of 130 pixels, 0.08 were they 64 pixels high, 0.04 for a blur
        of 2 % of the face's height.
    """
    whole = patch.astype(np.float32)
    fine = whole - cv2.GaussianBlur(whole, (0, 0), 1.0)
    return float(fine.std() / max(float(whole.std()), 1e-3))


def blockiness(picture: Image) -> float:
    """How much stronger edges are on the 8-pixel grid of the codec than between.

    Args:
        picture: u8 [H, W, 3], pixels as stored in the video; at least 32 a side.

    Returns:
        1 for none; from about 1.5 on the blocks are seen.
    """
    gray = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY).astype(np.float32)
    ratios = []
    for step in (np.abs(np.diff(gray, axis=0)).mean(1), np.abs(np.diff(gray, axis=1)).mean(0)):
        phases = np.array([step[k::8].mean() for k in range(8)]) + 0.1
        top = int(phases.argmax())
        ratios.append(phases[top] / np.median(np.delete(phases, top)))
    return float(np.mean(ratios))


def small_picture(crop: Image) -> Image:
    """A crop shrunk to u8 [32, 32, 3], to see whether anything moves."""
    return np.asarray(cv2.resize(crop, (SMALL, SMALL), interpolation=cv2.INTER_AREA), np.uint8)


def frozen(small: list[Image]) -> tuple[float, int]:
    """How much a clip stands still.

    Args:
        small: `small_picture` of each frame.

    Returns:
        Share of frames that are as the one before, and the longest run of them.
    """
    still = [
        int(np.abs(one.astype(np.int16) - two).max()) < SAME
        for one, two in zip(small, small[1:], strict=False)
    ]
    longest = run = 0
    for same in still:
        run = run + 1 if same else 0
        longest = max(longest, run)
    return float(np.mean(still)) if still else 1.0, longest


class BlackBars:
    """The part of a shot's pictures inside black bars, whatever is dark for a while.

    Attributes:
        inside: left, top, right, bottom in pixels, over all pictures so far; None before any
            that is not black.
    """

    def __init__(self) -> None:
        """Begins a shot."""
        self.inside: tuple[int, int, int, int] | None = None

    def update(self, picture: Image) -> None:
        """Looks at one more picture, u8 [H, W, 3]."""
        left, right = _lit(picture[::THIN].max(axis=2))
        top, bottom = _lit(picture[:, ::THIN].max(axis=2).T)
        if right > left and bottom > top:
            old = self.inside or (left, top, right, bottom)
            self.inside = (min(left, old[0]), min(top, old[1]),
                           max(right, old[2]), max(bottom, old[3]))  # fmt: skip


def _lit(gray: Image) -> tuple[int, int]:
    """First and last-but-one column of [N, L] that are not a black bar."""
    dark = (np.percentile(gray, 95, axis=0) <= DARK) & (gray.std(axis=0) < BAR_NOISE)
    lit = np.flatnonzero(~dark)
    return (int(lit[0]), int(lit[-1]) + 1) if len(lit) else (0, 0)


def sound_quality(audio: NDArray[np.int16]) -> dict[str, float]:
    """What a recording sounds like.

    Args:
        audio: i16 [640 T], T >= 1.

    Returns:
        loudness: level of the louder frames (90th percentile), decibels below full scale;
        noise: level of the quietest frames (5th percentile); clipped: share of clipped samples.
    """
    level = loudness(audio)
    return {
        "loudness": round(float(np.percentile(level, 90)), 1),
        "noise": round(float(np.percentile(level, 5)), 1),
        "clipped": round(float((np.abs(audio.astype(np.int32)) >= FULL).mean()), 5),
    }
