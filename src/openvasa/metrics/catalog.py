"""Every figure of a report: its key, what it is, its unit, and which way is better.

The one list behind the table on the terminal, report.json, the page and docs/results.md. What is
best "near real" has no good direction of its own: it is put beside the real videos.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Better(Enum):
    """Which way a figure should go."""

    HIGHER = "higher"
    LOWER = "lower"
    REAL = "near real"


@dataclass(frozen=True)
class Figure:
    """One figure of a case.

    Attributes:
        key: In report.json.
        title: For people.
        unit: Empty where there is none.
        better: Which way it should go.
        digits: Shown after the point.
        weight: Key of what weighs a case in the mean; empty weighs all alike.
        module: Where it is defined.
    """

    key: str
    title: str
    unit: str
    better: Better
    digits: int
    module: str
    weight: str = ""


_H, _L, _R = Better.HIGHER, Better.LOWER, Better.REAL
FIGURES: tuple[Figure, ...] = (
    Figure("faces", "face found", "of frames", _H, 3, "face_sequence"),
    Figure("syncnet_confidence", "SyncNet confidence (S_C)", "", _H, 2, "sync"),
    Figure("syncnet_distance", "SyncNet distance (S_D)", "", _L, 2, "sync"),
    Figure("syncnet_offset", "SyncNet offset", "frames", _R, 1, "sync"),
    Figure("syncnet_off", "SyncNet offset, absolute", "frames", _L, 1, "sync"),
    Figure("openvasa_sync_confidence", "our sync expert's confidence", "", _H, 3, "sync"),
    Figure("openvasa_sync_distance", "our sync expert's distance", "", _L, 3, "sync"),
    Figure("openvasa_sync_offset", "our sync expert's offset", "frames", _R, 1, "sync"),
    Figure("openvasa_sync_off", "our sync expert's offset, absolute", "frames", _L, 1, "sync"),
    Figure("lip_map_confidence", "lip map's confidence", "", _H, 3, "sync"),
    Figure("lip_map_distance", "lip map's distance", "", _L, 3, "sync"),
    Figure("lip_map_offset", "lip map's offset", "frames", _R, 1, "sync"),
    Figure("lip_map_off", "lip map's offset, absolute", "frames", _L, 1, "sync"),
    Figure("openvasa_capp", "CAPP of our networks", "cosine", _H, 3, "capp"),
    Figure("aperture", "lip aperture", "% of face", _R, 2, "lips"),
    Figure("quiet_rest", "lips in the quietest fifth", "of mean", _L, 2, "lips"),
    Figure("bilabial_closure", "lips closed at p, b, m", "share", _H, 2, "lips", "bilabials"),
    Figure("vowel_closure", "lips closed at open vowels", "share", _L, 2, "lips", "vowels"),
    Figure("wider_i", "lips wider at /i/ than /u/", "share", _H, 2, "lips", "vowel_pairs"),
    Figure("phone_rest", "lips in pauses", "of speech", _L, 2, "lips", "rests"),
    Figure("real_gap_r", "lip opening against the speaker's", "r", _H, 2, "lip_agreement"),
    Figure("real_gap_lag", "lip opening, lag", "frames", _R, 1, "lip_agreement"),
    Figure("real_lip_width_r", "lip width against the speaker's", "r", _H, 2, "lip_agreement"),
    Figure("real_lip_width_lag", "lip width, lag", "frames", _R, 1, "lip_agreement"),
    Figure("pose_intensity", "pose intensity, dP", "degrees", _R, 3, "head_motion"),
    Figure("judge_pose_intensity", "dP by a second network", "degrees", _R, 3, "head_motion"),
    Figure("pose_range", "pose range", "degrees", _R, 1, "head_motion"),
    Figure("judge_pose_range", "pose range by a second network", "degrees", _R, 1, "head_motion"),
    Figure("jitter", "jitter above 5 Hz", "1/1000 face", _L, 2, "head_motion"),
    Figure("roughness", "dP before / after low-pass", "", _R, 2, "head_motion"),
    Figure("blink_rate", "blinks", "a minute", _R, 1, "blinks", "seconds"),
    Figure("blink_duration", "blink duration", "ms", _R, 0, "blinks", "blinks"),
    Figure("blink_amplitude", "blink amplitude", "of opening", _R, 2, "blinks", "blinks"),
    Figure("gaze_error", "gaze error", "degrees", _L, 1, "gaze_distance"),
    Figure("gaze_spread", "gaze spread", "degrees", _R, 2, "gaze_distance"),
    Figure("distance_error", "distance error", "of portrait", _L, 3, "gaze_distance"),
    Figure("identity", "identity", "cosine", _H, 3, "identity"),
    Figure("identity_low", "identity, 5th percentile", "cosine", _H, 3, "identity"),
    Figure("second_identity", "identity by a second network", "cosine", _H, 3, "identity"),
    Figure("sharpness", "sharpness / portrait's", "ratio", _R, 2, "image_quality"),
    Figure("psnr", "PSNR", "dB", _H, 2, "image_quality"),
    Figure("ssim", "SSIM", "", _H, 3, "image_quality"),
    Figure("ms_ssim", "MS-SSIM", "", _H, 3, "image_quality"),
    Figure("lpips", "LPIPS", "", _L, 3, "lpips"),
    Figure("expression_distance", "AED", "% of face", _L, 2, "reenactment"),
    Figure("pose_distance", "APD", "degrees", _L, 2, "reenactment"),
)
BY_KEY = {figure.key: figure for figure in FIGURES}
