"""One face's track -> stretches of the lengths that are wanted, cut where nobody speaks.

Streams: holds at most the longest stretch and the shortest. Knows nothing of pictures or files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from openvasa.data.tracks import Bystander, Track, jumped
from openvasa.face.landmarks import Mesh
from openvasa.types import Array

PAUSE = 5  # frames over which a pause is judged

Level = Callable[[int, int], Array]


@dataclass
class Stretch:
    """Part of a track.

    Attributes:
        first: Index of its first picture on the clock.
        meshes: One a picture, None where the face is lost.
        others: The other faces in each picture.
    """

    first: int
    meshes: list[Mesh | None] = field(default_factory=list)
    others: list[list[Bystander]] = field(default_factory=list)

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.meshes)

    def split(self, frames: int) -> Stretch:
        """Cuts the first frames off and returns them; this keeps the rest."""
        head = Stretch(self.first, self.meshes[:frames], self.others[:frames])
        del self.meshes[:frames], self.others[:frames]
        self.first += frames
        return head

    def trim(self) -> Stretch:
        """Leaves out lost faces at the end."""
        while self.meshes and self.meshes[-1] is None:
            self.meshes.pop()
            self.others.pop()
        return self


class TrackCutter:
    """Cuts one track while it grows."""

    def __init__(self, track: Track, shortest: int, longest: int, level: Level) -> None:
        """Begins with an empty stretch.

        Args:
            track: The track; what is taken is removed from it.
            shortest: Frames of the shortest stretch.
            longest: Frames of the longest; at least twice the shortest.
            level: (first, frames) -> loudness of these frames in decibels, f32 [frames].
        """
        self.track = track
        self._open = Stretch(track.first)
        self._shortest, self._longest, self._level = shortest, longest, level

    def __len__(self) -> int:
        """Frames of the open stretch."""
        return len(self._open)

    def take(self) -> list[Stretch]:
        """Takes what the track has gained; returns the stretches that are complete."""
        done: list[Stretch] = []
        for mesh, others in zip(self.track.meshes, self.track.others, strict=True):
            self._open.meshes.append(mesh)
            self._open.others.append(others)
            if len(self._open) >= 4 and jumped(self._open.meshes[-4:]):
                done += self._pieces(self._open.split(len(self._open) - 2))
            if len(self._open) >= self._longest + self._shortest:
                done.append(self._open.split(self._pause(self._open)))
        self.track.meshes.clear()
        self.track.others.clear()
        return done

    def close(self) -> list[Stretch]:
        """The last stretches, when the track has ended."""
        return self.take() + self._pieces(self._open.trim())

    def _pieces(self, stretch: Stretch) -> list[Stretch]:
        if len(stretch) <= self._longest:
            return [stretch] if len(stretch) else []
        return [stretch.split(self._pause(stretch)), stretch]

    def _pause(self, stretch: Stretch) -> int:
        """Where to cut a stretch that is too long: the quietest place that leaves enough."""
        level = self._level(stretch.first, len(stretch))
        calm = np.convolve(level, np.full(PAUSE, 1 / PAUSE), mode="same")
        low = max(self._shortest, len(stretch) - self._longest, self._longest // 2)
        high = max(low + 1, min(self._longest, len(stretch) - self._shortest) + 1)
        window = calm[low:high]
        quiet = np.flatnonzero(window <= window.min() + 3.0)  # decibels: all are as good
        return low + int(quiet[-1])
