"""How far the meters err on drawn heads whose truth is known: what `evaluate` cannot see below.

Each held-out portrait is drawn at other poses, expressions, gaze and distance; what was asked is
compared with what the meters of `openvasa.metrics` read from the pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openvasa.data.gaze_direction import camera_gaze
from openvasa.data.head import fit, load_basis
from openvasa.data.head_truth import TruthRenderer
from openvasa.data.heads import Subject, draw_recipe, held_out, subject, to_bytes
from openvasa.metrics.face_sequence import FaceSequence, follow
from openvasa.metrics.gaze_distance import directions
from openvasa.metrics.identity import Recognizer
from openvasa.metrics.judges import MOBILE, SFACE, Judges
from openvasa.types import Image

Floats = NDArray[np.float64]
Errors = dict[str, list[float]]

SIZE = 512  # pixels of the drawn views, as of our videos
_SEED = 11


def measure_floors(
    portraits: Path, judges: Judges, limit: int = 20, views: int = 6
) -> dict[str, dict[str, float]]:
    """Errors of the meters.

    Args:
        portraits: Folder that `openvasa.data.portraits` made; held-out people are drawn.
        judges: Networks that judge.
        limit: Portraits.
        views: Drawn of each.

    Returns:
        Median and 95th percentile by what is measured.

    Raises:
        InputError: The folder holds no held-out portraits.
    """
    renderer = TruthRenderer(load_basis())
    errors: Errors = {}
    people = held_out(portraits)
    for k in np.linspace(0, len(people) - 1, min(limit, len(people))).astype(int):
        _one(subject(portraits, *people[k]), renderer, judges, views, errors)
    return {
        name: {
            "median": round(float(np.median(values)), 3),
            "p95": round(float(np.percentile(values, 95)), 3),
            "views": len(values),
        }
        for name, values in errors.items()
    }


def as_text(floors: dict[str, dict[str, float]]) -> str:
    """A table."""
    rows = [f"{'what':<44}{'median':>8}{'95 %':>8}{'views':>7}"]
    rows += [
        f"{name:<44}{one['median']:>8.2f}{one['p95']:>8.2f}{one['views']:>7.0f}"
        for name, one in floors.items()
    ]
    return "\n".join(rows)


def _one(
    found: Subject, renderer: TruthRenderer, judges: Judges, views: int, errors: Errors
) -> None:
    """Draws one portrait as it is and at other poses, and reads both."""
    head = fit(renderer.scene.basis, found.landmarks)
    textures = renderer.prepare(found.photo, head)
    recipe = draw_recipe(head, textures.portrait.light, [_SEED, *found.key.encode()], views)
    poses = np.concatenate([head.pose[None], recipe.pose]).astype(np.float32)
    expressions = np.concatenate([head.expression[None], recipe.expression]).astype(np.float32)
    truth = renderer.render(textures, poses, expressions, SIZE)
    pictures = list(to_bytes(truth))
    seen = [follow([picture]) for picture in pictures]
    if seen[0] is None:
        return
    gaze = camera_gaze(poses, expressions[:, -2:]).astype(np.float64)
    known = _true_faces(truth.landmarks)
    for k in range(1, len(pictures)):
        face = seen[k]
        _add(errors, "views without a face, %", 100.0 * (face is None))
        if face is None:
            continue
        angles = np.degrees(poses[k, :3] - poses[0, :3])
        _angles(errors, "shipped mesh", face.angles[0] - seen[0].angles[0], angles)
        _add(errors, "gaze, degrees", _between(face.gaze[0], gaze[k]))
        _add(errors, "gaze from the portrait's own, degrees",
             _between(face.gaze[0] - seen[0].gaze[0], gaze[k] - gaze[0]))  # fmt: skip
        wanted = float(np.exp(poses[0, 5] - poses[k, 5]))
        distance = float(seen[0].scale[0] / face.scale[0])
        _add(errors, "distance, of the portrait's", abs(distance - wanted))
        _add(errors, "lip gap, % of the face", 100 * abs(float(face.gap[0] - known.gap[k])))
        _judged(errors, judges, pictures, seen[0], face, k, angles)


def _judged(
    errors: Errors, judges: Judges, pictures: list[Image], own: FaceSequence, face: FaceSequence,
    k: int, angles: Floats,
) -> None:  # fmt: skip
    judge = judges.pose()
    if judge is not None:
        read = judge(pictures[k], face.points[0]) - judge(pictures[0], own.points[0])
        _angles(errors, "6DRepNet360", read, angles)
    for name, title in ((SFACE, "SFace"), (MOBILE, "MobileFaceNet")):
        if judges.has(name):
            network = Recognizer(judges.path(name), normalized=name == MOBILE)
            alike = network(pictures[k], face.points[0]) @ network(pictures[0], own.points[0])
            _add(errors, f"1 - cosine of the same person, {title}", 1 - float(alike))


def _true_faces(landmarks: NDArray[np.floating]) -> FaceSequence:
    points = (np.asarray(landmarks, np.float64) + [1, 1, 0]) * SIZE / 2
    return FaceSequence(points, np.ones(len(points), np.bool_))


def _angles(errors: Errors, who: str, read: Floats, true: Any) -> None:
    for name, error in zip(("yaw", "pitch", "roll"), np.abs(read - true), strict=True):
        _add(errors, f"{name} by {who}, degrees", float(error))


def _between(first: Floats, second: Floats) -> float:
    cosine = float(directions(first) @ directions(second))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _add(errors: Errors, name: str, value: float) -> None:
    errors.setdefault(name, []).append(value)
