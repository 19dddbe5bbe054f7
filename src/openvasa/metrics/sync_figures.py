"""Sync figures of one video by every expert that is there, each under its own names."""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from openvasa.audio.clock import COLUMNS_PER_FRAME
from openvasa.audio.mel import log_mel
from openvasa.metrics.face_sequence import FaceSequence
from openvasa.metrics.judges import OWN_SYNC, SYNCNET
from openvasa.metrics.mouth_crop import head_square, head_squares, mouth_square
from openvasa.metrics.sync import REACH, WINDOW, sync_figures, sync_score, windows
from openvasa.metrics.video_case import Options, VideoCase
from openvasa.metrics.video_clock import pictures
from openvasa.types import FPS, SAMPLES_PER_FRAME, Array

Floats = NDArray[np.float64]
Values = dict[str, float]

_BATCH = 16


def measure_sync(case: VideoCase, face: FaceSequence, sound: Array, options: Options) -> Values:
    """Confidence, distance and offset by each expert; nothing for a clip under a second."""
    values: Values = {}
    if len(face) < WINDOW + 2 * REACH:
        return values
    if options.lip_map is not None:
        seen, heard = options.lip_map(face.points.astype(np.float32), sound)
        values |= sync_figures("lip_map", sync_score(windows(seen), windows(heard)))
    frames = min(len(face), round(options.sync_seconds * FPS))
    part = sound[: frames * SAMPLES_PER_FRAME]
    if options.judges.has(SYNCNET):
        vectors = _syncnet(case, face, part, options)
        values |= sync_figures("syncnet", sync_score(*vectors, padded=True))
    if options.judges.has(*OWN_SYNC):
        values |= sync_figures("openvasa_sync", sync_score(*_own(case, face, part, options)))
    return values


def own_sound_windows(sound: Array) -> Array:
    """What our expert hears: f32 [T - 4, 80, 20], log-mel of 5 frames, of a sound f32 [640 T]."""
    mel = log_mel(sound)
    count = len(sound) // SAMPLES_PER_FRAME - WINDOW + 1
    steps = WINDOW * COLUMNS_PER_FRAME
    return np.stack([
        mel[t * COLUMNS_PER_FRAME : t * COLUMNS_PER_FRAME + steps].T for t in range(count)
    ])  # fmt: skip


def own_picture_windows(squares: NDArray[np.uint8]) -> Array:
    """What our expert sees: f32 [T - 4, 3, 5, 96, 96] in [0, 1], of squares u8 [T, 96, 96, 3]."""
    view = np.lib.stride_tricks.sliding_window_view(squares, WINDOW, axis=0)
    return (view.transpose(0, 3, 4, 1, 2) / 255).astype(np.float32)


def _syncnet(
    case: VideoCase, face: FaceSequence, sound: Array, options: Options
) -> tuple[Floats, Floats]:
    from openvasa.metrics import syncnet

    network = syncnet.load(options.judges.path(SYNCNET))
    centers, sides = head_squares(face.points)
    frames = len(sound) // SAMPLES_PER_FRAME
    squares = [
        head_square(image, centers[k], float(sides[k]))
        for k, image in pictures(case.video, range(frames))
    ]
    return syncnet.picture_vectors(network, squares), syncnet.sound_vectors(network, sound)


def _own(
    case: VideoCase, face: FaceSequence, sound: Array, options: Options
) -> tuple[Floats, Floats]:
    see, hear = (options.judges.onnx(name) for name in OWN_SYNC)
    frames = len(sound) // SAMPLES_PER_FRAME
    squares = np.stack([
        mouth_square(image, face.points[k]) for k, image in pictures(case.video, range(frames))
    ])  # fmt: skip
    starts = range(0, frames - WINDOW + 1, _BATCH)
    seen = chain.from_iterable(
        see(own_picture_windows(squares[t : t + _BATCH + WINDOW - 1])) for t in starts
    )
    return np.stack(list(seen)).astype(np.float64), hear(own_sound_windows(sound)).astype(float)
