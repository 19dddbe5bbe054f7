"""Synthetic performances: speech with timed phones in, expression, head pose and gaze out.

They are the ground truth for what real clips lack: languages, gaze, distance, emotion and a head
that moves. Knows nothing of pictures, files, or of the latent dynamics that expressions become.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openvasa.data import expressions, eyes, headmotion, prosody, visemes
from openvasa.data.coarticulation import Articulation, lip_curves, speech_spans
from openvasa.data.performance_law import PerformanceLaw, fitted_law
from openvasa.types import (
    EMOTIONS,
    EXPRESSION_NAMES,
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    Array,
    Controls,
)

GAZE_RANGE = (20.0, 12.0)  # degrees of yaw and pitch that are asked for
DISTANCE_RANGE = (0.8, 1.25)
STRENGTH_RANGE = (0.3, 1.0)
ASKED = 0.6  # chance of each control in all takes but the first (0.4 of all, with three takes)
RULED_WIDTH = 0.5  # what is learned of widths is too timid to tell /i/ from /u/ in new voices
NO_WISHES = Controls()
_WIDTH = np.flatnonzero(visemes.LIPS_TO_EXPRESSION[
    [visemes.LIP_PARAMETERS.index(name) for name in ("funnel", "pucker", "spread")]
].any(axis=0))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Performance:
    """One performance on the 25 fps clock.

    Attributes:
        expression: f32 [T, 45] in the order of `EXPRESSION_NAMES`: scores in [0, 1], the last two
            eye-in-head angles in radians.
        pose: f32 [T, 6] offsets to the portrait's pose, in the order of `POSE_NAMES`.
        gaze: f32 [T, 2] where the eyes look, degrees relative to the camera, saccades and all.
        main_gaze: f32 [2] the direction that was asked for, degrees; (0, 0) is the camera.
        distance: Head-to-camera distance relative to the portrait's.
        emotion: f32 [6] strengths in the order of `EMOTIONS`; zeros are neutral.
    """

    expression: Array
    pose: Array
    gaze: Array
    main_gaze: Array
    distance: float
    emotion: Array


def frame_count(samples: int) -> int:
    """Motion frames that cover this many 16 kHz samples."""
    return -(-samples // SAMPLES_PER_FRAME)


def perform(
    audio: Array,
    phones: Sequence[str],
    start: Sequence[float],
    end: Sequence[float],
    seed: int,
    *,
    gaze: tuple[float, float] | None = None,
    distance: float | None = None,
    emotion: tuple[str, float] | None = None,
    law: PerformanceLaw | None = None,
    spoken: Array | None = None,
) -> Performance:
    """Acts out a recording.

    Args:
        audio: f32 [N] at 16 kHz, not empty.
        phones: IPA phones; empty for silence and for sounds that are not speech.
        start: Start of each phone in seconds.
        end: End of each phone in seconds.
        seed: The speaker's manner and all chance.
        gaze: Main (yaw, pitch) in degrees relative to the camera; None is the camera.
        distance: Relative distance, > 0; None is 1.
        emotion: (name, strength in [0, 1]); None is neutral.
        law: How people move; None is what was fitted to real clips.
        spoken: f32 [T, 45], lips to use instead of the law's but in closures and silence; those
            keep half of the law's width.

    Raises:
        ValueError: If the phone lists differ in length.
        InputError: If the emotion is unknown.
    """
    law = law or fitted_law()
    frames = frame_count(len(audio))
    manner_rng, lips_rng, eyes_rng, head_rng = np.random.default_rng(seed).spawn(4)
    segments = prosody.trim_tails(audio, visemes.parse_phones(phones, start, end))
    spans = speech_spans(segments)
    voice = prosody.measure(audio, frames)
    beats = prosody.accents(voice, segments)
    main = gaze or (0.0, 0.0)
    away = distance or 1.0
    manner = Articulation(
        strength=manner_rng.uniform(*law.strength), reduction=manner_rng.uniform(*law.reduction),
        jaw=law.jaw, lips=law.lips, width=law.width, smoothing=law.smoothing,
    )  # fmt: skip
    gains = prosody.segment_gains(voice, segments)
    lips, closure, rest = lip_curves(frames, segments, gains, manner)
    said = lips @ visemes.LIPS_TO_EXPRESSION
    if spoken is not None:
        said = _lent(said, spoken, np.maximum(closure, rest)[:, None])
    face = expressions.feeling(
        lips_rng, said, closure, rest,
        accents=beats, phrase_ends=[e for _, e in spans], emotion=emotion, brows=law.brows,
    )  # fmt: skip
    face = expressions.asymmetry(lips_rng, face)
    pose = headmotion.head_motion(
        head_rng, voice, beats, spans,
        gaze=main, distance=away, attitude=expressions.attitude(emotion), size=law.head,
    )  # fmt: skip
    looks = eyes.fixations(eyes_rng, frames, main, spans, law.wander)
    _add_eyes(face, looks, pose, eyes.blinks(eyes_rng, looks, spans, law.blinks))
    feelings = np.zeros(len(EMOTIONS), np.float32)
    if emotion is not None:
        feelings[EMOTIONS.index(emotion[0])] = emotion[1]
    return Performance(
        expression=face.astype(np.float32),
        pose=pose,
        gaze=looks.astype(np.float32),
        main_gaze=np.array(main, np.float32),
        distance=float(away),
        emotion=feelings,
    )


def _lent(ruled: np.ndarray, spoken: Array, sealed: np.ndarray) -> np.ndarray:
    """Real speakers' lips [T, 45], but the rules' where lips are sealed, and half of its width."""
    lips = spoken.astype(np.float64)
    lips[:, _WIDTH] += RULED_WIDTH * (ruled - lips)[:, _WIDTH]
    return sealed * ruled + (1 - sealed) * lips


def _add_eyes(face: np.ndarray, looks: np.ndarray, pose: Array, blink: np.ndarray) -> None:
    """Writes eye angles and lids into `face` [T, 45]."""
    angles = eyes.in_head(looks, pose[:, :2].astype(np.float64))
    closed, wide = eyes.lids(blink, angles[:, 1])
    angles[:, 1] -= eyes.DIP * blink
    for index in expressions.columns("eyeBlink"):
        face[:, index] = 1 - (1 - face[:, index]) * (1 - closed)
    for index in expressions.columns("eyeWide"):
        face[:, index] = np.minimum(face[:, index] + wide, 1) * (1 - blink)
    face[:, EXPRESSION_NAMES.index("gazeYaw")] = angles[:, 0]
    face[:, EXPRESSION_NAMES.index("gazePitch")] = angles[:, 1]


def idle(frames: int, seed: int, asked: Controls = NO_WISHES) -> Performance:
    """A listener: `frames` frames of silence, with controls as in `perform`."""
    silence = np.zeros(frames * SAMPLES_PER_FRAME, np.float32)
    return perform(
        silence, [], [], [], seed,
        gaze=asked.gaze, distance=asked.distance, emotion=asked.emotion,
    )  # fmt: skip


def quiet_audio(rng: np.random.Generator, seconds: float) -> Array:
    """Sound that nobody speaks, f32 at 16 kHz: nothing, hiss, room rumble, or a held chord."""
    size = int(seconds * SAMPLE_RATE)
    time = np.arange(size) / SAMPLE_RATE
    kind = rng.integers(4)
    if kind == 0:
        return np.zeros(size, np.float32)
    sound = rng.normal(size=size)
    if kind == 2:
        spectrum = np.fft.rfft(sound)
        sound = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1.0), size)
    if kind == 3:
        notes = 110 * 2 ** (rng.integers(0, 30, 4) / 12)
        swell = 0.6 + 0.4 * np.sin(2 * np.pi * rng.uniform(0.1, 1.5) * time)
        sound = swell * sum(np.sin(2 * np.pi * f * time) for f in notes)
    level = 10 ** (rng.uniform(-65, -30 if kind == 3 else -42) / 20)
    return (sound / sound.std() * level).astype(np.float32)


def draw_controls(rng: np.random.Generator) -> Controls:
    """Random gaze, distance and emotion, each present with probability `ASKED`."""
    gaze = (float(rng.uniform(-1, 1) * GAZE_RANGE[0]), float(rng.uniform(-1, 1) * GAZE_RANGE[1]))
    distance = float(np.exp(rng.uniform(*np.log(DISTANCE_RANGE))))
    emotion = (str(rng.choice(EMOTIONS)), float(rng.uniform(*STRENGTH_RANGE)))
    present = rng.random(3) < ASKED
    return Controls(
        gaze=gaze if present[0] else None,
        distance=distance if present[1] else None,
        emotion=emotion if present[2] else None,
    )
