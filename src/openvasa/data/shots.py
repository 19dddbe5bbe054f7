"""Where one shot ends and the next begins, from colors and edges, with three pictures' patience.

A cut changes the picture and it stays changed; a flash changes it and it comes back. Motion
changes it about as much as it did just before. Knows nothing of faces: cuts that keep the
picture and move only the head are found by `tracks`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from openvasa.types import Image

SMALL = (48, 27)  # pixels to which pictures are shrunk: motion blurs out, composition stays
COLORS = 6  # bins of the histogram a channel
CHANGE = 0.18  # least change, in [0, 1], of a cut; 60 spliced people: 0.17 to 0.96, within: 0.02
ABRUPT = 3.0  # least change per the largest of the pictures before
BACK = 0.6  # share of the change from which the picture has come back: a flash
PATIENCE = 3  # pictures after a change that must not be back
MEMORY = 6  # pictures before a change that say how much moves


class Pictured(Protocol):
    """Anything with a picture."""

    @property
    def picture(self) -> Image:
        """u8 [H, W, 3]."""
        ...

    broken: bool


Item = TypeVar("Item", bound=Pictured)


class Look(NamedTuple):
    """A picture from afar: colors f32 [K] summing to 1, edges f32 [N] of unit norm."""

    colors: NDArray[np.float32]
    edges: NDArray[np.float32]


def look(picture: Image) -> Look:
    """Shrinks a picture to what cuts are judged by.

    Args:
        picture: u8 [H, W, 3].
    """
    height, width = picture.shape[:2]
    step = max(1, min(height, width) // (4 * SMALL[1]))  # thinned first: averaging all costs more
    small = cv2.resize(picture[::step, ::step], SMALL, interpolation=cv2.INTER_AREA)
    bins = (small.astype(np.int32) * COLORS) >> 8
    cells = (bins[..., 0] * COLORS + bins[..., 1]) * COLORS + bins[..., 2]
    colors = np.bincount(cells.ravel(), minlength=COLORS**3).astype(np.float32) / cells.size
    gray = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32), (3, 3), 0)
    edges = np.concatenate([np.diff(gray, axis=0).ravel(), np.diff(gray, axis=1).ravel()])
    unit = edges / max(float(np.linalg.norm(edges)), 1e-3)
    return Look(colors, unit.astype(np.float32))


def change(before: Look, after: Look) -> float:
    """How different two pictures are: 0 the same, 1 nothing in common.

    Both must change: a light switched on keeps the edges, and a head that turns keeps the colors.
    """
    colors = float(np.abs(before.colors - after.colors).sum()) / 2
    edges = 1 - max(0.0, float(before.edges @ after.edges))
    return float(np.sqrt(colors * edges))


def mark_cuts(items: Iterable[Item]) -> Iterator[tuple[Item, bool]]:
    """Says of every picture whether it is the first of a shot.

    Args:
        items: Pictures in order; one that is `broken` begins a shot anyway.

    Yields:
        The same items, `PATIENCE` later than they came, and whether a shot begins.
    """
    ahead: deque[tuple[Item, Look]] = deque()
    before: Look | None = None
    moved: deque[float] = deque(maxlen=MEMORY)

    def settle() -> tuple[Item, bool]:
        nonlocal before
        item, seen = ahead.popleft()
        cut = item.broken or before is None
        if before is not None and not item.broken:
            step = change(before, seen)
            later = [other for _, other in ahead]
            cut = _is_cut(before, step, later, moved)
            if not cut:
                moved.append(step)
        if cut:
            moved.clear()
        before = seen
        return item, cut

    for item in items:
        if item.broken:
            while ahead:
                yield settle()
        ahead.append((item, look(item.picture)))
        if len(ahead) > PATIENCE:
            yield settle()
    while ahead:
        yield settle()


def _is_cut(before: Look, step: float, later: list[Look], moved: Iterable[float]) -> bool:
    if step < CHANGE or step < ABRUPT * max(moved, default=0.0):
        return False
    return all(change(before, other) > BACK * step for other in later)
