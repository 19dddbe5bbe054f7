"""What the denoiser is told: controls in the model's units, context, and which of it to ignore."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from openvasa.motion.config import CONDITION_NAMES, MotionConfig
from openvasa.types import (
    AUDIO_DIM,
    EMOTIONS,
    HEARD,
    MOTION_DIM,
    Array,
    Controls,
    InputError,
)

GAZE_UNIT = 20.0  # degrees that are 1.0 to the network: about the range of a listener's eyes
DISTANCE_UNIT = 0.2  # natural logarithm of the distance that is 1.0 to the network
GAZE_LIMIT = 60.0  # degrees beyond which a request makes no sense
DISTANCE_LIMITS = (0.25, 4.0)
HEAD_LIMIT = 30.0  # degrees
# Of what engine filters do, not the network: name in `Controls` -> (low, high).
SIZE_LIMITS = {"movement": (0.0, 2.0), "blinks": (0.0, 60.0), "expressiveness": (0.0, 2.0)}


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Conditions of one window, [X_pre, A_pre; A, g, d, e] in the paper, in the model's units.

    Attributes:
        previous_motion: f32 [K, 54], the normalized frames before the window.
        audio: f32 [K + W, 128], features of the previous frames and of the window.
        gaze: f32 [2]; distance: f32 [1]; emotion: f32 [6].
        keep: f32 [5] in the order of `CONDITION_NAMES`; 0 puts the learned null in its place.
    """

    previous_motion: Array
    audio: Array
    gaze: Array
    distance: Array
    emotion: Array
    keep: Array


def gaze_units(degrees: Array) -> Array:
    """Gaze in degrees (yaw, pitch), any leading shape, in the model's units."""
    return (np.asarray(degrees) / GAZE_UNIT).astype(np.float32)


def distance_units(distance: Array) -> Array:
    """Distance relative to the portrait's, any shape, in the model's units; 1.0 becomes 0."""
    return (np.log(np.asarray(distance, np.float64)) / DISTANCE_UNIT).astype(np.float32)


def emotion_vector(name: str, strength: float = 1.0) -> Array:
    """An emotion as f32 [6] in the order of `EMOTIONS`; `neutral` is all zeros.

    Raises:
        InputError: For an unknown name or a strength outside [0, 1].
    """
    vector = np.zeros(len(EMOTIONS), np.float32)
    if name not in (*EMOTIONS, "neutral"):
        raise InputError(
            f"Unknown emotion {name!r}; choose one of {', '.join((*EMOTIONS, 'neutral'))}."
        )
    if not 0.0 <= strength <= 1.0:
        raise InputError(f"The strength of an emotion must lie between 0 and 1, not {strength:g}.")
    if name != "neutral":
        vector[EMOTIONS.index(name)] = strength
    return vector


def wanted_emotion(controls: Controls) -> Array | None:
    """The emotion that is asked for, f32 [6] in the order of `EMOTIONS`; None is no wish.

    Raises:
        InputError: There is no such emotion, a weight is out of range, or both ways are used.
    """
    offset = controls.emotion_offset
    if offset is None:
        if controls.emotion is None or controls.emotion[0] == HEARD:
            return None
        return emotion_vector(*controls.emotion)
    if controls.emotion is not None:
        raise InputError("Ask for an emotion by name or by its offset, not both.")
    if len(offset) != len(EMOTIONS) or not all(0.0 <= weight <= 1.0 for weight in offset):
        raise InputError(
            f"An emotion offset has {len(EMOTIONS)} weights from 0 to 1, in the order "
            f"{', '.join(EMOTIONS)}."
        )
    return np.asarray(offset, np.float32)


def check_controls(controls: Controls) -> None:
    """Raises InputError where a wish is out of range."""
    if controls.gaze is not None and not all(abs(a) <= GAZE_LIMIT for a in controls.gaze):
        raise InputError(f"Gaze angles must lie within {GAZE_LIMIT:g} degrees of the camera.")
    if controls.distance is not None:
        low, high = DISTANCE_LIMITS
        if not low <= controls.distance <= high:
            raise InputError(f"The distance must lie between {low:g} and {high:g}.")
    wanted_emotion(controls)
    if controls.head is not None and not all(abs(a) <= HEAD_LIMIT for a in controls.head):
        raise InputError(f"The angles of the head must lie within {HEAD_LIMIT:g} degrees.")
    for name, (low, high) in SIZE_LIMITS.items():
        value = getattr(controls, name)
        if value is not None and not low <= value <= high:
            raise InputError(f"The control {name} must lie between {low:g} and {high:g}.")


def control_arrays(controls: Controls) -> tuple[Array, Array, Array, Array]:
    """The user's wishes for the network.

    As in the paper (section 4.1), what is not asked for is a gaze into the camera, the portrait's
    own distance, and no word on emotion.

    Returns:
        gaze [2], distance [1], emotion [6] and the keep flags of these three [3].

    Raises:
        InputError: When a wish is out of range.
    """
    check_controls(controls)
    gaze, distance = np.zeros(2, np.float32), np.zeros(1, np.float32)
    emotion, keep = np.zeros(len(EMOTIONS), np.float32), np.asarray([1, 1, 0], np.float32)
    if controls.gaze is not None:
        gaze = gaze_units(np.asarray(controls.gaze))
    if controls.distance is not None:
        distance = distance_units(np.asarray([controls.distance]))
    if (wanted := wanted_emotion(controls)) is not None:
        emotion, keep[2] = wanted, 1.0
    return gaze, distance, emotion, keep


def window_conditions(
    config: MotionConfig, history: Array, past_audio: Array, audio: Array, controls: Controls
) -> Conditions:
    """The conditions of one window.

    Args:
        config: Window and prefix lengths.
        history: f32 [n, 54], the last frames made, normalized; n may be 0 or less than the prefix.
        past_audio: f32 [n, 128], their audio features.
        audio: f32 [m, 128], features of the window; missing last frames become zeros, as in
            training.
        controls: What the user asks.
    """
    gaze, distance, emotion, wished = control_arrays(controls)
    heard = np.zeros((config.window, AUDIO_DIM), np.float32)
    heard[: len(audio)] = audio[: config.window]
    past = extend_back(past_audio, config.prefix)
    keep = np.asarray([float(len(history) > 0), 1.0, *wished], np.float32)
    return Conditions(
        previous_motion=extend_back(history.reshape(-1, MOTION_DIM), config.prefix),
        audio=np.concatenate([past, heard]),
        gaze=gaze,
        distance=distance,
        emotion=emotion,
        keep=keep,
    )


def extend_back(frames: Array, count: int) -> Array:
    """The last `count` frames; where there are fewer the first is held, none at all is zeros.

    The training windows near a clip's start are filled the same way, so that the second to
    fourth window of a performance look familiar.
    """
    if len(frames) == 0:
        return np.zeros((count, frames.shape[1]), np.float32)
    missing = max(0, count - len(frames))
    held = np.repeat(frames[:1], missing, axis=0)
    return np.concatenate([held, frames[len(frames) + missing - count :]])


def drop_conditions(keep: Array, rng: np.random.Generator, rates: Mapping[str, float]) -> Array:
    """Condition dropout for training: each flag falls to 0 at its own rate, independently.

    Args:
        keep: f32 [B, 5], what is known of each sample.
        rng: The step's generator.
        rates: Chance to drop, by condition; the paper's are 0.1, and 0.5 for `previous`.

    Returns:
        New flags, f32 [B, 5].
    """
    chances = np.asarray([rates[name] for name in CONDITION_NAMES])
    kept = rng.random(keep.shape) >= chances
    return (keep * kept).astype(np.float32)


def cut_audio_end(audio: Array, window: int, rng: np.random.Generator, rate: float) -> Array:
    """Zeroes the last 1 to `window` - 1 audio frames of some samples, as at a recording's end.

    Args:
        audio: f32 [B, K + W, 128].
        window: W.
        rng: The step's generator.
        rate: Share of the samples that are cut, in [0, 1].

    Returns:
        A new array of the same shape.
    """
    cut = np.where(rng.random(len(audio)) < rate, rng.integers(1, window, len(audio)), 0)
    positions = np.arange(audio.shape[1])
    heard = positions[None, :] < (audio.shape[1] - cut)[:, None]
    return np.where(heard[..., None], audio, np.float32(0.0)).astype(np.float32)
