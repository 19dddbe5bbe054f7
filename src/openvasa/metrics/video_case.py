"""One finished video to be judged, and what it should be judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openvasa.metrics.judges import Judges
from openvasa.types import Array

Floats = NDArray[np.float64]
# Mesh points [T, 478, 3] and sound f32 [640 T] -> what the lips do and what the sound says of
# them, both f64 [T, D].
LipMap = Callable[[Array, Array], tuple[Floats, Floats]]


@dataclass(frozen=True)
class VideoCase:
    """A video and its background; paths that are None are not judged by.

    Attributes:
        name: The same for all systems that show the same portrait and recording.
        system: Who made the video: "ours", "real", the name of a folder ...
        video: The file.
        portrait: The photo it shows.
        reference: The real video that it should repeat frame by frame.
        phones: Timed phones of its sound.
        phone_lag: Seconds by which their times trail the sound.
        gaze: (yaw, pitch) that was asked for, degrees.
        distance: Distance that was asked for, relative to the portrait's.
        tags: What else is known: person, language, traits ...
        speaker: A real video in which its sound is spoken, by whomever.
    """

    name: str
    system: str
    video: Path
    portrait: Path | None = None
    reference: Path | None = None
    phones: Path | None = None
    phone_lag: float = 0.0
    gaze: tuple[float, float] | None = None
    distance: float | None = None
    tags: dict[str, str] = field(default_factory=dict)
    speaker: Path | None = None


@dataclass(frozen=True)
class Options:
    """How videos are judged; the same for all cases of a run.

    Attributes:
        judges: Networks that are there.
        lip_map: The small map from sound to lips; None leaves it out.
        sync_seconds: Of each video, looked at by sync networks.
        window_seconds: From one window of FVD to the next.
    """

    judges: Judges = Judges()
    lip_map: LipMap | None = None
    sync_seconds: float = 20.0
    window_seconds: float = 4.0
