"""From the motion model's frames to the performance: what is asked for, and a face that lives.

In this order, frame by frame: head and gaze come home (`home`), idle motion and a listener's nods
are added (`idle`, `listening`), brows and smile take the size that is asked for, lips rest while
nobody speaks, and lids blink (`blinks`). Everything looks back only; all memory is one value.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from openvasa.engine.anchor import BLINKS, GAZE, Anchor
from openvasa.engine.axes import Axes
from openvasa.engine.blinks import BlinkState, blink
from openvasa.engine.control_track import Asked, in_force
from openvasa.engine.home import EYES_TURN, LAG, TURN, Floats, HomeState, come_home, wanted_home
from openvasa.engine.idle import idle
from openvasa.engine.listening import Listening, ListeningState, listen
from openvasa.engine.voice import VoiceState, hear, take
from openvasa.types import FPS, POSE_DIM, Array, Controls, Motion

# What opens and shapes lips for speech: at rest in a pause. A smile or a frown stays.
SPOKEN = (
    "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel", "mouthPucker",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper",
)  # fmt: skip
# What shows feelings and hardly parts lips.
EXPRESSIVE = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekSquintLeft", "cheekSquintRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft",
    "eyeWideRight", "noseSneerLeft", "noseSneerRight", "mouthSmileLeft", "mouthSmileRight",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight",
)  # fmt: skip
ANSWERING = ("mouthSmileLeft", "mouthSmileRight", "browInnerUp", "browOuterUpLeft",
             "browOuterUpRight")  # fmt: skip
SHUTS, OPENS = 0.35, 0.4  # of the way, a frame: lips come to rest, and leave it
SETTLES, ROUSES = 1 - np.exp(-1 / (0.8 * FPS)), 1 - np.exp(-1 / (0.3 * FPS))  # idle, a frame
ATTENTIVE = 0.4  # of a listener's own glances that are kept


@dataclass(frozen=True, kw_only=True)
class ActingState:
    """What is remembered.

    Attributes:
        voice: Whether the face itself is heard.
        other: Whether the other side is.
        home: How far head and gaze have drifted.
        listening: What the other said when.
        blinks: When the lids were shut last.
        speaking: 1 while lips speak, 0 while they rest.
        idling: How much idle motion shows, 0 to 1.
    """

    voice: VoiceState = field(default_factory=VoiceState)
    other: VoiceState = field(default_factory=VoiceState)
    home: HomeState = field(default_factory=HomeState)
    listening: ListeningState = field(default_factory=ListeningState)
    blinks: BlinkState = field(default_factory=BlinkState)
    speaking: float = 0.0
    idling: float = 0.0


@dataclass(frozen=True)
class Actor:
    """What acting needs to know of a model, a portrait and a performance; it never changes.

    Attributes:
        eyes: Gaze in the head, yaw and pitch, radians.
        lids: How far each is shut.
        lips: `SPOKEN`.
        feelings: `EXPRESSIVE`.
        answers: `ANSWERING`.
        seed: Of the performance.
        turned: The portrait's own yaw, radians: its eyes look back to the camera.
        pose: f32 [T >= 1, 6], pose offsets that are given instead of made, played forth and back;
            None where the model moves the head.
    """

    eyes: Axes
    lids: Axes
    lips: Axes
    feelings: Axes
    answers: Axes
    seed: int
    turned: float
    pose: Array | None

    @classmethod
    def of(cls, anchor: Anchor, seed: int, turned: float = 0.0, pose: Array | None = None) -> Actor:
        """An actor for one performance; see the attributes."""
        return cls(
            eyes=anchor.axes(*GAZE), lids=anchor.axes(*BLINKS), lips=anchor.axes(*SPOKEN),
            feelings=anchor.axes(*EXPRESSIVE), answers=anchor.axes(*ANSWERING), seed=seed,
            turned=turned, pose=pose,
        )  # fmt: skip


def listen_to(state: ActingState, samples: Array, other: Array | None) -> ActingState:
    """Hears what the face says and what it is told, f32 [n] each; None is silence."""
    told = np.zeros(len(samples), np.float32) if other is None else other
    return replace(state, voice=hear(state.voice, samples), other=hear(state.other, told))


def act(
    state: ActingState, motion: Motion, first: int, asked: Asked, actor: Actor
) -> tuple[ActingState, Motion]:
    """Makes the model's next frames a performance.

    Args:
        state: What is remembered; it is not changed. All sound up to two frames past the last of
            these frames was heard, or the sound has ended.
        motion: The next T frames of the motion model.
        first: The number of the first.
        asked: What is asked for.
        actor: Of the performance.

    Returns:
        The next state, and the frames.
    """
    voice, speaks, pauses = take(state.voice, len(motion))
    other, sounds, _ = take(state.other, len(motion))
    state = replace(state, voice=voice, other=other)
    poses, dynamics = np.empty_like(motion.pose), np.empty_like(motion.dynamics)
    for t in range(len(motion)):
        frame = first + t
        controls = in_force(asked, frame / FPS)
        listening, heard = listen(state.listening, sounds[t], speaks[t], actor.seed, frame)
        ease = SETTLES if pauses[t] else ROUSES
        rest = SHUTS * state.speaking if pauses[t] else 1 - (1 - OPENS) * (1 - state.speaking)
        state = replace(
            state, listening=listening, speaking=rest,
            idling=state.idling + ease * (float(pauses[t]) - state.idling),
        )  # fmt: skip
        state, poses[t], face = _placed(
            state, motion.pose[t], motion.dynamics[t], frame, asked, heard, actor
        )
        face = _expressed(face, controls, rest, heard, actor)
        blinks, dynamics[t] = blink(state.blinks, face, actor.lids, controls.blinks, actor.seed)
        state = replace(state, blinks=blinks)
    return state, Motion(poses, dynamics)


def _placed(
    state: ActingState, pose: Array, face: Array, frame: int, asked: Asked, heard: Listening,
    actor: Actor,
) -> tuple[ActingState, Floats, Array]:  # fmt: skip
    """Head and eyes of one frame: the next state, the pose f64 [6] and z_dyn."""
    controls = in_force(asked, frame / FPS)
    given = actor.pose is not None
    # A track is known ahead, so what follows it need not trail it.
    goal = wanted_home(in_force(asked, frame / FPS + LAG), turn=0.0 if given else TURN)
    eyes = actor.eyes.read(face)
    home, place = come_home(state.home, pose, pose[:2] + eyes, goal)
    waiting, size = idle(actor.seed, frame), 1.0 if controls.movement is None else controls.movement
    if actor.pose is not None:
        head = place.home + _forth_and_back(actor.pose, frame)
    else:
        nod = np.zeros(POSE_DIM)
        nod[1] = heard.pitch
        head = place.home + size * (place.movement + state.idling * waiting.pose + nod)
    watching = heard.attention if controls.gaze is None else 0.0
    glance = place.glance * (1 - (1 - ATTENTIVE) * watching)
    look = place.gaze + glance + state.idling * (1 - watching) * waiting.look
    turned = look - head[:2] - np.array([actor.turned, 0.0])
    face = actor.eyes.add(face, np.clip(turned, -EYES_TURN, EYES_TURN) - eyes)
    return replace(state, home=home), head, face


def _expressed(
    face: Array, controls: Controls, speaking: float, heard: Listening, actor: Actor
) -> Array:
    """One frame's z_dyn with feelings at their size, an answer, and lips at rest in a pause."""
    if controls.expressiveness is not None:
        shown = actor.feelings.read(face)
        wanted = np.minimum(controls.expressiveness * shown, np.maximum(shown, 1))
        face = actor.feelings.add(face, wanted - shown)
    if heard.smile or heard.brow:
        more = np.array([heard.smile] * 2 + [heard.brow] * 3)
        room = np.clip(1 - actor.answers.read(face), 0, 1)
        face = actor.answers.add(face, np.minimum(more, room))
    return actor.lips.add(face, (speaking - 1) * actor.lips.read(face))


def _forth_and_back(poses: Array, frame: int) -> Array:
    """Frame of a motion that is played forth and back without end."""
    last = len(poses) - 1
    at = frame % (2 * last) if last else 0
    return np.asarray(poses[min(at, 2 * last - at)])
