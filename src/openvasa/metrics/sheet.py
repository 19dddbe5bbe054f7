"""Contact sheets: the portrait beside the frames that tell most, found by measured values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from openvasa.media.video import read_video
from openvasa.metrics.track import FaceTrack, Floats
from openvasa.types import Image

TILE = 150  # pixels; six in a row make a sheet
CAPTION = 13  # pixels between the rows
QUALITY = 80
_FRONTAL = 8.0  # degrees from the portrait's yaw within which lips are compared
_AWAKE = 0.4  # blink score
_MARGIN = 0.06  # around the face in the closer row, relative to its size


class Tile(NamedTuple):
    """One picture of a sheet: its name, the picture u8 [S, S, 3] and the face's points in it."""

    name: str
    image: Image
    points: Floats


def choose(track: FaceTrack, yaw: float) -> dict[str, int]:
    """Frames to show, by what they show.

    Args:
        track: The video's face.
        yaw: The portrait's, in degrees.
    """
    gap, turn, blink = track.gap, track.angles[:, 0], track.blink
    calm = (np.abs(turn - yaw) < _FRONTAL) & (blink < _AWAKE)
    if not calm.any():
        calm = np.ones(len(track), np.bool_)
    closed, opened = (int(np.argmin(np.where(calm, s * gap, np.inf))) for s in (1, -1))
    left, right, shut = int(turn.argmin()), int(turn.argmax()), int(blink.argmax())
    return {
        f"closed, gap {100 * gap[closed]:.1f} %": closed,
        f"open, gap {100 * gap[opened]:.1f} %": opened,
        f"left, yaw {turn[left]:.0f}": left,
        f"right, yaw {turn[right]:.0f}": right,
        f"lids, {100 * blink[shut]:.0f} % shut": shut,
    }


def write_sheet(portrait: Tile, video: Path, track: FaceTrack, yaw: float, target: Path) -> Image:
    """Writes one portrait's sheet, and returns its frame with the mouth most open.

    Args:
        portrait: As the video frames it.
        video: The clip.
        track: Its face.
        yaw: The portrait's, in degrees.
        target: A .jpg file.
    """
    chosen = choose(track, yaw)
    wanted = set(chosen.values())
    frames = {i: frame for i, frame in enumerate(read_video(video)) if i in wanted}
    tiles = [portrait, *(Tile(name, frames[i], track.points[i]) for name, i in chosen.items())]
    sheet = PillowImage.new("RGB", (len(tiles) * TILE, 2 * TILE + CAPTION), "white")
    sheet.paste(_row([(tile.name, tile.image) for tile in tiles]), (0, 0))
    sheet.paste(_row([("", closer(tile)) for tile in tiles]), (0, TILE + CAPTION))
    _save(sheet, target)
    return frames[list(chosen.values())[1]]


def closer(tile: Tile) -> Image:
    """The square around the face alone."""
    low, high = tile.points.min(0), tile.points.max(0)
    side = int((1 + 2 * _MARGIN) * (high - low).max())
    left, top = ((low + high - side) / 2).astype(int)
    high_y, high_x = tile.image.shape[:2]
    rows = np.clip(np.arange(top, top + side), 0, high_y - 1)
    columns = np.clip(np.arange(left, left + side), 0, high_x - 1)
    return tile.image[rows][:, columns]


def write_overview(
    pairs: Sequence[tuple[str, Image, Image]], target: Path, columns: int = 6
) -> None:
    """Writes all portraits, each beside one frame: (name, portrait, frame)."""
    cells = [_row([(name, portrait), ("", frame)], 74) for name, portrait, frame in pairs]
    wide, high = cells[0].size
    sheet = PillowImage.new("RGB", (columns * wide, -(-len(cells) // columns) * high), "white")
    for k, cell in enumerate(cells):
        sheet.paste(cell, (k % columns * wide, k // columns * high))
    _save(sheet, target)


def _row(tiles: Sequence[tuple[str, Image]], side: int = TILE) -> PillowImage.Image:
    row = PillowImage.new("RGB", (len(tiles) * side, side + CAPTION), "white")
    draw = ImageDraw.Draw(row)
    for k, (name, image) in enumerate(tiles):
        tile = PillowImage.fromarray(image).resize((side, side), PillowImage.Resampling.LANCZOS)
        row.paste(tile, (k * side, 0))
        draw.text((k * side + 3, side), name, fill="black")
    return row


def _save(image: PillowImage.Image, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    image.save(target, quality=QUALITY, optimize=True)
