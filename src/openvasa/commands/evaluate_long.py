"""What changes in one very long performance: pose, distance, identity, sharpness, memory."""

from __future__ import annotations

import resource
import sys
from typing import Any

import numpy as np

from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.stream import joined
from openvasa.metrics.face_sequence import follow
from openvasa.metrics.identity import Recognizer
from openvasa.metrics.image_quality import sharpness
from openvasa.metrics.judges import SFACE, Judges
from openvasa.metrics.motion_figures import change_over
from openvasa.metrics.scripted import pictures
from openvasa.types import FPS, SAMPLE_RATE, Array, Motion

MINUTE = 60 * FPS  # frames
EVERY = FPS  # frames of a minute, of which one is made a picture


def long_run(
    animator: Animator, avatar: Avatar, sound: Array, minutes: float, judges: Judges = Judges()
) -> list[dict[str, Any]]:
    """Performs a recording over and over.

    Args:
        animator: The model.
        avatar: A portrait.
        sound: f32 [N] at 16 kHz, repeated as often as it takes; not a whole number of windows, or
            the sound would meet the same windows each time.
        minutes: At least 2.
        judges: Networks that judge; without SFace nothing is told of identity.

    Returns:
        Figures: what the last minute has that the first has not.
    """
    count = round(max(minutes, 2.0) * MINUTE * SAMPLE_RATE / FPS)
    long = np.tile(sound, count // len(sound) + 1)[:count]
    kept: dict[int, list[Motion]] = {}
    peak, minute_poses = 0, []
    frames: list[Motion] = []
    for index, one in enumerate(animator.animate(avatar, long).motions()):
        frames.append(one)
        if (index + 1) % MINUTE == 0:
            minute = (index + 1) // MINUTE
            minute_poses.append(joined(frames).pose.astype(np.float64))
            if minute in (1, round(max(minutes, 2.0))):
                kept[minute] = frames
            frames = []
            peak = _peak() if minute == 1 else peak
    first, last = (joined(kept[k]) for k in (min(kept), max(kept)))
    changed = change_over(minute_poses[0], minute_poses[-1])
    means = np.array([pose.mean(0) for pose in minute_poses])
    found = {
        "turned, last minute against first, degrees": changed["turned"],
        "distance, last minute against first": changed["distance"],
        "standard deviation of minutes' mean angles, degrees":
            float(np.degrees(means[:, :3].std(0).max())),
        "trend of the mean angles, degrees an hour": _trend(np.degrees(means[:, :3])),
        "memory grown after the first minute, MB": (_peak() - peak) / 2**20,
    }  # fmt: skip
    seen = [_pictured(animator, avatar, motion, judges) for motion in (first, last)]
    found |= {f"{name}, last minute / first": seen[1][name] / seen[0][name] for name in seen[0]}
    return [{"what": f"{minutes:g} minutes: {name}", "value": v} for name, v in found.items()]


def _trend(means: Any) -> float:
    """The steepest straight line through the minutes' means, f64 [M, 3]."""
    if len(means) < 3:
        return float("nan")
    slopes = np.polyfit(np.arange(len(means)) / 60, means, 1)[0]
    return float(np.abs(slopes).max())


def _pictured(
    animator: Animator, avatar: Avatar, motion: Motion, judges: Judges
) -> dict[str, float]:
    """A frame a second: the face's height, its sharpness, and its likeness to the portrait."""
    still = Motion(0 * motion.pose[:1], avatar.dynamics)
    shown = joined([still, motion[::EVERY]])
    images = pictures(animator, avatar, shown)
    track = follow(images)
    if track is None:
        return {"face's height": float("nan"), "sharpness": float("nan")}
    faces = list(zip(images, track.points, strict=True))
    figures = {
        "face's height": float(track.height[1:].mean()),
        "sharpness": float(np.mean([sharpness(*face) for face in faces[1:]])),
    }
    if judges.has(SFACE):
        network = Recognizer(judges.path(SFACE))
        own, *others = [network(*face) for face in faces]
        figures["identity"] = float(np.mean([own @ other for other in others]))
    return figures


def _peak() -> int:
    """The most memory the process has had, bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
