"""A face's meshes through a video, on its own clock and at 25 frames a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openvasa.face.landmarks import Mesh
from openvasa.types import FPS, Array, InputError

Floats = NDArray[np.float64]

HOLD = 1.0  # seconds that a lost face is held for; longer, the video is refused
SMALLEST = 48  # pixels, forehead to chin


class Track:
    """The meshes of a video with their times; refuses what cannot be followed.

    Attributes:
        times: Seconds of each picture.
        meshes: The face in each, None where it is lost.
    """

    def __init__(self, path: Path) -> None:
        """Begins a video; its name is for complaints."""
        self.times: list[float] = []
        self.meshes: list[Mesh | None] = []
        self._path = path
        self._looks: list[int] = []

    def __len__(self) -> int:
        """Pictures so far."""
        return len(self.times)

    def add(self, time: float, mesh: Mesh | None) -> None:
        """Adds a picture.

        Raises:
            InputError: The face is too small, or was lost too long ago.
        """
        self.times.append(time)
        self.meshes.append(mesh)
        if mesh is not None and mesh.height < SMALLEST:
            raise InputError(
                f"the face in '{self._path}' is only {mesh.height:.0f} pixels high: give a video "
                f"in which it has at least {SMALLEST}."
            )
        known = [k for k, one in enumerate(self.meshes) if one is not None][-1:]
        since = self.times[known[0] if known else 0]
        if mesh is None and time - since > HOLD:
            self._refuse(since - self.times[0], bool(known))

    def check_end(self) -> None:
        """Raises InputError where the whole video shows no face, or there is no picture."""
        if not self.times:
            raise InputError(f"'{self._path}' holds no pictures: give another copy of it.")
        if all(mesh is None for mesh in self.meshes):
            self._refuse(0.0, False)

    def looked(self) -> None:
        """Notes that the encoder has looked at the newest picture."""
        self._looks.append(len(self.times) - 1)

    @property
    def rate(self) -> float:
        """Pictures a second."""
        steps = np.diff(self.times)
        return 1 / float(np.median(steps)) if len(steps) else float(FPS)

    @property
    def frames(self) -> int:
        """Length at 25 frames a second, at least 1."""
        seconds = self.times[-1] - self.times[0] + 1 / self.rate
        return max(1, int(np.ceil(seconds * FPS - 1e-3)))

    def points(self) -> Floats:
        """The mesh's points in pixels, f64 [N, 478, 3]; a lost face stays where it was."""
        known = [k for k, mesh in enumerate(self.meshes) if mesh is not None]
        last = np.maximum(np.searchsorted(known, np.arange(len(self)), side="right") - 1, 0)
        found = {k: mesh.points for k, mesh in enumerate(self.meshes) if mesh is not None}
        return np.stack([found[known[k]] for k in last]).astype(np.float64)

    def between_looks(self, values: Floats) -> Floats:
        """Values [L, K] of the pictures looked at, for all N pictures."""
        return _interpolated(np.arange(len(self), dtype=np.float64), self._looks, values)

    def resampled(self, values: Floats) -> Array:
        """Values [N, K] of the pictures, read at 25 a second, f32 [T, K]."""
        clock = self.times[0] + np.arange(self.frames) / FPS
        return _interpolated(clock, self.times, values).astype(np.float32)

    def _refuse(self, since: float, before: bool) -> None:
        raise InputError(
            f"the face in '{self._path}' is lost from {since:.1f} s on for more than {HOLD:g} s: "
            "cut the video there."
            if before
            else f"no face was found at the beginning of '{self._path}': give a video that shows "
            "one face all the time."
        )


def smoothed(values: Floats, width: float) -> Floats:
    """Parabolas laid through the neighbors of each frame (Savitzky and Golay 1964): no delay.

    Args:
        values: [T, K].
        width: Frames that a parabola covers; less than 5 changes nothing.

    Returns:
        [T, K]; straight lines and parabolas stay what they are.
    """
    reach = min(int(width / 2), (len(values) - 1) // 2)
    if reach < 2:
        return values
    at = np.arange(-reach, reach + 1.0)
    kernel = np.linalg.pinv(np.stack([at**0, at, at**2], 1))[0]
    first, last = values[:1], values[-1:]
    before = 2 * first - values[reach:0:-1]
    after = 2 * last - values[-2 : -2 - reach : -1]
    padded = np.concatenate([before, values, after])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    return np.asarray(windows @ kernel)


def _interpolated(at: Floats, known: list[int] | list[float], values: Floats) -> Floats:
    return np.stack([np.interp(at, known, column) for column in values.T], 1)
