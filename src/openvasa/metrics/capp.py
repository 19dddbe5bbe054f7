"""CAPP: does the head move as the sound suggests? (VASA-1, section 4.2 and its appendix).

Contrastive audio-pose pretraining: one network turns 3 seconds of head pose, another the same 3
seconds of sound, into unit vectors; the score is their cosine, in [-1, 1], higher is better, mean
over windows one second apart. The paper's weights were never published, so figures of our networks
stand on their own and are not the paper's. Since data are few, the AUC of matched against
mismatched pairs of pose and sound says how much the networks know: 0.5 is nothing.

A network is any callable on batches:

| network | takes | gives |
|---|---|---|
| pose | f32 [N, 75, 6], see `pose_rows`; each window's mean is taken away | [N, D] |
| sound | f32 [N, 48000], 16 kHz | [N, D] |

Sanity checks of the paper: the score must fall when the sound is shifted by 1 to 4 frames, and when
the pose is scaled by 0.2 to 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openvasa.latent.surface import STABLE
from openvasa.metrics.bootstrap import interval
from openvasa.metrics.face_sequence import FaceSequence
from openvasa.metrics.judges import Network
from openvasa.types import FPS, SAMPLES_PER_FRAME, Array

Floats = NDArray[np.float64]

WINDOW = 3 * FPS  # frames
STEP = FPS  # frames from one window to the next
SHIFTS = (0, 1, -1, 2, -2, 3, -3, 4, -4)  # frames
SCALES = (0.2, 0.5, 1.0, 1.5, 3.0)


class Auc(NamedTuple):
    """Share of (matched, mismatched) pairs of scores in the right order, and its 95 % interval."""

    value: float
    low: float
    high: float


def pose_rows(angles: Floats, center: Floats, scale: Floats) -> Floats:
    """What the pose network sees, before windows are cut.

    Args:
        angles: f64 [T, 3], degrees.
        center: f64 [T, 2], where the head is, pixels.
        scale: f64 [T], pixels of a unit of the mean face.

    Returns:
        f64 [T, 6]: yaw, pitch, roll in radians; x, y in units of the mean face; log of the scale.
    """
    usual = float(np.median(scale))
    size = np.log(scale / usual)[:, None]
    return np.concatenate([np.radians(angles), center / usual, size], 1)


def face_pose(face: FaceSequence) -> Floats:
    """The rows of a face that was followed through a video.

    All of it comes from points that expressions hardly move: the distance to the chin, say, would
    tell how far the jaw is open, and CAPP would judge lips.
    """
    return pose_rows(face.angles, face.points[:, STABLE, :2].mean(1), face.scale)


def capp_vectors(
    pose: Floats, sound: Array, networks: tuple[Network, Network], *, shift: int = 0,
    scale: float = 1.0,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Unit vectors of a clip's windows.

    Args:
        pose: f64 [T >= 75, 6], of `pose_rows`.
        sound: f32 [640 T].
        networks: Those of pose and of sound.
        shift: Frames by which the sound is taken later than the pose; windows that would reach
            past the clip are left out.
        scale: Of the pose around its mean.

    Returns:
        Two of f64 [N, D]; N is 0 where the clip is too short.
    """
    starts = [
        t for t in range(0, len(pose) - WINDOW + 1, STEP)
        if 0 <= t + shift and t + shift + WINDOW <= len(pose)
    ]  # fmt: skip
    if not starts:
        return np.zeros((0, 1)), np.zeros((0, 1))
    moved = np.stack([scale * _centered(pose[t : t + WINDOW]) for t in starts])
    heard = np.stack([_cut(sound, t + shift) for t in starts])
    see, hear = networks
    vectors = see(moved.astype(np.float32)), hear(heard.astype(np.float32))
    return _unit(np.asarray(vectors[0], np.float64)), _unit(np.asarray(vectors[1], np.float64))


def capp_score(vectors: tuple[Floats, Floats]) -> float:
    """Mean cosine of a clip's windows; NaN for a clip without one."""
    pose, sound = vectors
    return float((pose * sound).sum(1).mean()) if len(pose) else float("nan")


def matched_auc(clips: Sequence[tuple[Floats, Floats]], seed: int = 0) -> Auc | None:
    """AUC of each clip's own sound against the sounds of all other clips.

    Args:
        clips: Of `capp_vectors`, one a clip; clips of one person and sentence count once.
        seed: Of the bootstrap, which draws clips, not windows.

    Returns:
        None where there are fewer than two clips with a window.
    """
    kept = [clip for clip in clips if len(clip[0])]
    if len(kept) < 2:
        return None
    shares = np.zeros(len(kept))
    for i, (pose, sound) in enumerate(kept):
        own = (pose * sound).sum(1)
        others = np.concatenate([other for j, (_, other) in enumerate(kept) if j != i])
        strange = pose @ others.T
        shares[i] = ((own[:, None] > strange) + 0.5 * (own[:, None] == strange)).mean()
    low, high = interval(shares, seed=seed)
    return Auc(float(shares.mean()), low, high)


def _centered(window: Floats) -> Floats:
    return window - window.mean(0)


def _cut(sound: Array, start: int) -> Array:
    first = start * SAMPLES_PER_FRAME
    return sound[first : first + WINDOW * SAMPLES_PER_FRAME]


def _unit(vectors: Floats) -> Floats:
    return vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-12)
