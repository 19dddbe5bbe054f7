"""A stretch of a video, read a second time -> its crops, and how good they are.

Faces are measured first, so that one crop can be placed for the whole clip; then the file is read
again, a stretch behind the measuring. Memory holds one picture and the finished crops.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from openvasa.data.crop_pictures import encode_jpeg
from openvasa.data.quality import blockiness, face_patch, frozen, sharpness, small_picture
from openvasa.data.video_pictures import Pictures, Tick
from openvasa.face.align import FILTER_REACH, cut
from openvasa.types import Array, CropBox, Image

JUDGED = 5  # every so many frames are looked at for sharpness and light
LEAST_BLOCKS = 32  # pixels a side from which blocks of 8 can be seen


class Crops(NamedTuple):
    """The crops of a clip.

    Attributes:
        files: JPEG, one a frame.
        times: f32 [T], seconds of each in the video.
        about: What was measured, for the manifest.
        frozen_run: Longest run of frames that are as the one before.
        shown: u8 [size, size, 3] each, the first, middle and last frame.
    """

    files: list[bytes]
    times: Array
    about: dict[str, Any]
    frozen_run: int
    shown: list[Image]


class ClipPictures:
    """Reads stretches of one video in order; an earlier one is found by starting over."""

    def __init__(self, path: Path, pixel_aspect: float) -> None:
        """Remembers the video; see `Pictures`."""
        self._path, self._aspect = path, pixel_aspect
        self._ticks: Iterator[Tick] | None = None
        self._next = 0

    def crops(
        self,
        first: int,
        landmarks: Array,
        box: CropBox,
        inside: tuple[int, int, int, int],
        size: int,
    ) -> Crops:
        """Cuts one crop out of every frame of a stretch.

        Args:
            first: Index of the first frame on the clock.
            landmarks: f32 [T, 478, 3], crop units.
            box: The crop in pixels of the video.
            inside: left, top, right, bottom of the picture without black bars, in pixels.
            size: Side of the crops in pixels.
        """
        left, top, right, bottom = inside
        moved = CropBox(box.cx - left, box.cy - top, box.side)
        files: list[bytes] = []
        times: list[float] = []
        small: list[Image] = []
        shown: list[Image] = []
        looks: list[tuple[float, float, float]] = []
        for t, tick in enumerate(self._stretch(first, len(landmarks))):
            picture = tick.picture[top:bottom, left:right]
            crop = cut(*_bordered(picture, moved, size), size)
            files.append(encode_jpeg(crop))
            times.append(tick.time)
            small.append(small_picture(crop))
            if t % JUDGED == 0:
                patch = face_patch(crop, landmarks[t])
                looks.append((sharpness(patch), float(patch.mean()), _blocks(picture, moved)))
            if t in (0, len(landmarks) // 2, len(landmarks) - 1):
                shown.append(crop)
        share, run = frozen(small)
        sharp, light, blocks = (round(float(np.median(v)), 3) for v in zip(*looks, strict=True))
        about = {"sharpness": sharp, "brightness": light, "blockiness": blocks,
                 "frozen": round(share, 3)}  # fmt: skip
        return Crops(files, np.array(times, np.float32), about, run, shown)

    def _stretch(self, first: int, frames: int) -> Iterator[Tick]:
        if self._ticks is None or first < self._next:
            self._ticks, self._next = iter(Pictures(self._path, self._aspect)), 0
        for tick in self._ticks:
            self._next = tick.index + 1
            if tick.index >= first:
                yield tick
            if tick.index >= first + frames - 1:
                return


def _bordered(picture: Image, box: CropBox, size: int) -> tuple[Image, CropBox]:
    """The part of a picture that a crop needs, edges repeated: `cut` gives the same bits from it.

    `cut` repeats edges too, by index; that takes as long as all the rest of it.
    """
    reach = FILTER_REACH * max(box.side / size, 1.0) + box.side / 2 + 3
    x0, x1 = math.floor(box.cx - reach), math.ceil(box.cx + reach)
    y0, y1 = math.floor(box.cy - reach), math.ceil(box.cy + reach)
    height, width = picture.shape[:2]
    inner = picture[max(y0, 0) : max(y1, 1), max(x0, 0) : max(x1, 1)]
    if not inner.size:
        return picture, box
    part = cv2.copyMakeBorder(
        inner, max(-y0, 0), max(y1 - height, 0), max(-x0, 0), max(x1 - width, 0),
        cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(part, np.uint8), CropBox(box.cx - x0, box.cy - y0, box.side)


def _blocks(picture: Image, box: CropBox) -> float:
    """Blockiness of the part of the picture that the crop shows."""
    half = box.side / 2
    x0, y0 = max(0, int(box.cx - half)), max(0, int(box.cy - half))
    part = picture[y0 : int(box.cy + half), x0 : int(box.cx + half)]
    return blockiness(part) if min(part.shape[:2]) >= LEAST_BLOCKS else 1.0
