"""Features of a video for FID and FVD: of its face, one picture a second, and windows of 25 frames.

The face is cut out by one square for the whole video, the training crop around the median mesh, so
that head motion stays visible and framing does not count.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from openvasa.face.align import crop_box, cut
from openvasa.metrics.face_sequence import FaceSequence
from openvasa.metrics.frechet import WINDOW, window_starts
from openvasa.metrics.judges import I3D, INCEPTION
from openvasa.metrics.picture_figures import sampled
from openvasa.metrics.video_case import Options
from openvasa.metrics.video_clock import pictures
from openvasa.types import FPS, Array, Image

Features = dict[str, Array]

_SIDES = {"pictures": 299, "windows": 224}  # pixels that the networks take
_BATCH = 8


def features_of(video: Path, face: FaceSequence, options: Options) -> Features:
    """Features by kind: `pictures` f32 [N, 2048] and `windows` f32 [M, 400], where judged."""
    box = crop_box(np.median(face.points, axis=0))
    judges = options.judges
    found: Features = {}
    if judges.has(INCEPTION):
        side = _SIDES["pictures"]
        crops = [cut(p, box, side) for _, p in pictures(video, set(sampled(len(face), 1)))]
        network = _inception(judges.path(INCEPTION))
        parts = [network(crops[k : k + _BATCH]) for k in range(0, len(crops), _BATCH)]
        found["pictures"] = np.concatenate(parts)
    if judges.has(I3D):
        starts = window_starts(len(face), max(WINDOW, round(options.window_seconds * FPS)))
        wanted = {t + k for t in starts for k in range(WINDOW)}
        i3d, rows, waiting = _i3d(judges.path(I3D)), [], list[Image]()
        for _, picture in pictures(video, wanted):
            waiting.append(cut(picture, box, _SIDES["windows"]))
            if len(waiting) == WINDOW:
                rows.append(i3d(waiting))
                waiting = []
        if rows:
            found["windows"] = np.stack(rows)
    return found


@lru_cache(maxsize=1)
def _inception(path: Path):  # type: ignore[no-untyped-def]
    from openvasa.metrics.inception import Inception

    return Inception(path)


@lru_cache(maxsize=1)
def _i3d(path: Path):  # type: ignore[no-untyped-def]
    from openvasa.metrics.i3d import I3d

    return I3d(path)
