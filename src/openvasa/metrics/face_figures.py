"""Figures that follow from one face's points through a video, and from its sound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openvasa.latent.surface import STABLE
from openvasa.metrics import head_motion, lips
from openvasa.metrics.blinks import find_blinks
from openvasa.metrics.capp import capp_vectors, face_pose
from openvasa.metrics.face_sequence import FaceSequence
from openvasa.metrics.gaze_distance import distance_error, gaze_error, gaze_spread
from openvasa.metrics.judges import OWN_CAPP, Judges
from openvasa.metrics.phones import read_phones
from openvasa.metrics.portrait_facts import SIDE, portrait_facts
from openvasa.metrics.video_case import VideoCase
from openvasa.types import FPS, Array

Floats = NDArray[np.float64]
Values = dict[str, float]


def face_figures(
    case: VideoCase, face: FaceSequence, sound: Array | None, width: int
) -> Values:  # fmt: skip
    """What the face does.

    Args:
        case: The video.
        face: Its face, T frames.
        sound: f32 [640 T], or None.
        width: Of its pictures, pixels.
    """
    values = {
        "faces": float(face.found.mean()), "frames": float(len(face)),
        "seconds": len(face) / FPS, "aperture": lips.aperture(face.gap),
        "gaze_spread": gaze_spread(face.gaze),
    }  # fmt: skip
    values |= _motion(face) | _blinks(face)
    if sound is not None:
        values["quiet_rest"] = lips.quiet_rest(face.gap, sound)
    if case.phones is not None:
        values |= _phones(case, face)
    if case.gaze is not None:
        values["gaze_error"] = gaze_error(face.gaze, case.gaze)
    if case.distance is not None and case.portrait is not None:
        own = portrait_facts(case.portrait).scale * width / SIDE
        values["distance_error"] = distance_error(face.scale, own, case.distance)
    return values


def capp_rows(face: FaceSequence, sound: Array, judges: Judges) -> tuple[Floats, Floats] | None:
    """Vectors of CAPP's windows; None without its networks."""
    if not judges.has(*OWN_CAPP):
        return None
    return capp_vectors(
        face_pose(face), sound, (judges.onnx(OWN_CAPP[0]), judges.onnx(OWN_CAPP[1]))
    )


def _motion(face: FaceSequence) -> Values:
    values: Values = {"pose_range": float(head_motion.pose_range(face.angles).mean())}
    both = face.found[1:] & face.found[:-1]
    if both.any():
        values["pose_intensity"] = head_motion.pose_intensity(face.angles, both)
    if len(face) >= head_motion.SHORTEST:
        values["jitter"] = head_motion.jitter(face.points[:, STABLE, :2], face.height)
        values["roughness"] = head_motion.roughness(face.angles)
    return values


def _blinks(face: FaceSequence) -> Values:
    found = find_blinks(face.eye_opening)
    return {
        "blink_rate": found.rate, "blinks": float(found.count),
        "blink_duration": found.duration, "blink_amplitude": found.amplitude,
    }  # fmt: skip


def _phones(case: VideoCase, face: FaceSequence) -> Values:
    assert case.phones is not None
    counts = lips.measure_lips(face, read_phones(case.phones, case.phone_lag))
    values = {
        "bilabials": float(counts.bilabials), "vowels": float(counts.vowels),
        "vowel_pairs": float(counts.pairs), "rests": float(counts.rests),
    }  # fmt: skip
    for key, hits, all_ in (
        ("bilabial_closure", counts.closures, counts.bilabials),
        ("vowel_closure", counts.vowel_closures, counts.vowels),
        ("wider_i", counts.wider, counts.pairs),
    ):
        if all_ and (counts.moving or key != "wider_i"):
            values[key] = hits / all_
    if counts.rests and counts.moving:
        values["phone_rest"] = counts.rest
    return values
