"""The nouns every room shares: plain arrays with names, units and ranges.

Knows nothing of files, networks or devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FPS = 25  # video frames per second; the motion clock
SAMPLE_RATE = 16_000  # audio samples per second
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS  # 640
POSE_NAMES = ("yaw", "pitch", "roll", "x", "y", "log_scale")
POSE_DIM = len(POSE_NAMES)
DYNAMICS_DIM = 48
MOTION_DIM = POSE_DIM + DYNAMICS_DIM
AUDIO_DIM = 128
EMOTIONS = ("happy", "sad", "angry", "surprised", "fearful", "disgusted")
HEARD = "heard"  # in place of an emotion: left to the motion model

# ARKit names (eye-look shapes replaced by the two gaze angles at the end).
EXPRESSION_NAMES = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft",
    "jawOpen", "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "gazeYaw", "gazePitch",
)  # fmt: skip
EXPRESSION_DIM = len(EXPRESSION_NAMES)

Image = NDArray[np.uint8]  # [H, W, 3] RGB
Array = NDArray[np.float32]


class InputError(ValueError):
    """What the user gave cannot be used; the message is one sentence that says what to do."""


class CropBox(NamedTuple):
    """An axis-aligned square in the photo, in photo pixels; it may reach past the edges."""

    cx: float
    cy: float
    side: float


@dataclass(frozen=True, kw_only=True)
class AlignedFace:
    """One face found in a photo.

    Attributes:
        photo: The whole photo, u8 [H, W, 3], upright.
        box: The training crop around the face, in photo pixels.
        landmarks: f32 [478, 3] (the last 10 are irises) in crop units: x right, y down in
            [-1, 1], z toward the camera negative.
        faces: How many faces the photo holds.
        score: The detector's confidence in [0, 1].
    """

    photo: Image
    box: CropBox
    landmarks: Array
    faces: int
    score: float


@dataclass(frozen=True)
class Motion:
    """Head pose and facial dynamics on the 25 fps clock.

    Attributes:
        pose: f32 [T, 6], offsets to the portrait's own pose, in the order of `POSE_NAMES`:
            radians, crop units, log scale.
        dynamics: f32 [T, 48], absolute holistic facial dynamics (`z_dyn`).
    """

    pose: Array
    dynamics: Array

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.pose)

    def __getitem__(self, frames: slice) -> Motion:
        """The same motion over a slice of frames."""
        return Motion(self.pose[frames], self.dynamics[frames])


@dataclass(frozen=True, kw_only=True)
class Controls:
    """What the user asks of a performance; None leaves it to the model.

    Attributes:
        gaze: (yaw, pitch) in degrees relative to the camera: right and up of the image positive;
            None looks into the camera.
        distance: Head-to-camera distance relative to the portrait's; None is 1.0, the portrait's.
        emotion: (name in `EMOTIONS`, strength in [0, 1]), or `HEARD` in place of a name: as the
            model hears it; None is calm.
        emotion_offset: The same raw, a weight in [0, 1] for each of `EMOTIONS`; one of the two.
        head: (yaw, pitch, roll) in degrees added to the head's pose; the gaze stays.
        movement: Size of the head's own movement, 0 to 2; 0 keeps it still, None is 1.
        blinks: Blinks a minute, 0 to 60; None is a talker's usual rate.
        expressiveness: Size of what brows, eyes, cheeks and smile do, 0 to 2; None is 1.
    """

    gaze: tuple[float, float] | None = None
    distance: float | None = None
    emotion: tuple[str, float] | None = None
    emotion_offset: tuple[float, ...] | None = None
    head: tuple[float, float, float] | None = None
    movement: float | None = None
    blinks: float | None = None
    expressiveness: float | None = None


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One finished picture.

    Attributes:
        image: u8 [H, W, 3].
        index: Which frame of the performance it is.
        alpha: u8 [H, W], 0 where what lies behind is to show, if that was asked for. The colors
            are not multiplied by it.
    """

    image: Image
    index: int
    alpha: Image | None = None

    @property
    def time(self) -> float:
        """Seconds since the start of the recording."""
        return self.index / FPS
