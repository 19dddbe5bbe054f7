"""What each control does to the motion, and that it leaves the rest alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from openvasa import Animator
from openvasa.engine.acting import EXPRESSIVE, SPOKEN, ActingState, Actor, act, listen_to
from openvasa.engine.anchor import NUMBER, Anchor
from openvasa.engine.control_track import Asked, ControlTrack
from openvasa.types import EXPRESSION_NAMES, FPS, SAMPLES_PER_FRAME, Array, Controls, Motion
from tiny_model import tiny_bundle, tone

SECONDS = 12
FRAMES = SECONDS * FPS


@pytest.fixture(scope="module")
def anchor() -> Anchor:
    return Anchor(Animator.load(tiny_bundle()).run)


@pytest.fixture(scope="module")
def model(anchor: Anchor) -> Motion:
    """Motion as a model could make it: a wandering head, lips that speak, faint feelings."""
    rng, time = np.random.default_rng(0), np.arange(FRAMES) / FPS
    pose = 0.05 * np.sin(2 * np.pi * np.outer(time, rng.uniform(0.1, 0.8, 6)))
    shown = np.zeros((FRAMES, len(EXPRESSION_NAMES)))
    shown[:, NUMBER["jawOpen"]] = 0.2 + 0.2 * np.sin(2 * np.pi * 3 * time)
    shown[:, NUMBER["browInnerUp"]] = 0.2
    for side in ("Left", "Right"):
        shown[:, NUMBER[f"mouthSmile{side}"]] = 0.1
        shown[::60, NUMBER[f"eyeBlink{side}"]] = 1.0
    return Motion(pose.astype(np.float32), (shown @ anchor.weight).astype(np.float32))


def speech(start: float = 0.0, end: float = SECONDS) -> Array:
    sound = np.zeros(FRAMES * SAMPLES_PER_FRAME, np.float32)
    part = slice(round(start * 16_000), round(end * 16_000))
    sound[part] = 0.1 * np.sin(np.arange(len(sound))[part] / 20)
    return sound


def performed(
    anchor: Anchor, model: Motion, asked: Asked = Controls(), *, own: Array | None = None,
    other: Array | None = None, pose: Array | None = None, turned: float = 0.0, step: int = FRAMES,
) -> tuple[Array, dict[str, Array]]:  # fmt: skip
    """The pose and the expressions by name, made `step` frames at a time."""
    actor = Actor.of(anchor, 1, turned, pose)
    state = listen_to(ActingState(), speech() if own is None else own, other)
    poses, faces = [], []
    for start in range(0, len(model), step):
        state, made = act(state, model[start : start + step], start, asked, actor)
        poses.append(made.pose)
        faces.append(anchor.read(made.dynamics))
    shown = np.concatenate(faces).T
    return np.concatenate(poses), dict(zip(EXPRESSION_NAMES, shown, strict=True))


def looks(pose: Array, face: dict[str, Array]) -> Array:
    return np.degrees(pose[:, :2] + np.stack([face["gazeYaw"], face["gazePitch"]], 1))


CASES: list[tuple[Controls, set[str]]] = [
    (Controls(gaze=(10, -6)), {"pose", "gaze"}),
    (Controls(distance=1.2), {"pose"}),
    (Controls(head=(5, -4, 8)), {"pose", "gaze"}),
    (Controls(movement=0.3), {"pose", "gaze"}),
    (Controls(blinks=40), {"blink"}),
    (Controls(expressiveness=1.8), {"feelings"}),
]


@pytest.mark.parametrize(("asked", "moves"), CASES)
def test_a_control_moves_its_own_and_nothing_else(
    anchor: Anchor, model: Motion, asked: Controls, moves: set[str]
) -> None:
    (pose, face), (plain, usual) = (performed(anchor, model, c) for c in (asked, Controls()))
    changed = {"pose": not np.allclose(pose, plain, atol=1e-5)}
    groups = {
        "gaze": {"gazeYaw", "gazePitch"}, "feelings": set(EXPRESSIVE),
        "blink": {"eyeBlinkLeft", "eyeBlinkRight"}, "speech": set(SPOKEN),
    }  # fmt: skip
    for group, names in groups.items():
        changed[group] = any(not np.allclose(face[n], usual[n], atol=1e-3) for n in names)
    rest = set(EXPRESSION_NAMES) - set().union(*groups.values())
    assert all(np.allclose(face[name], usual[name], atol=1e-3) for name in rest)
    assert {group for group, has in changed.items() if has} == moves


def test_each_control_moves_it_by_what_was_asked(anchor: Anchor, model: Motion) -> None:
    plain, usual = performed(anchor, model)
    pose, face = performed(anchor, model, Controls(gaze=(10, -6)))
    np.testing.assert_allclose(looks(pose, face)[50:].mean(0), [10, -6], atol=1.0)
    pose, face = performed(anchor, model, Controls(head=(5, -4, 8)))
    np.testing.assert_allclose(np.degrees(pose - plain)[:, :3].mean(0), [5, -4, 8], atol=1e-3)
    np.testing.assert_allclose(looks(pose, face), looks(plain, usual), atol=1e-3)
    pose, _ = performed(anchor, model, Controls(distance=1.2))
    np.testing.assert_allclose(np.exp(plain - pose)[:, 5], 1.2, rtol=1e-5)
    pose, _ = performed(anchor, model, Controls(movement=0.3))
    np.testing.assert_allclose(pose, 0.3 * plain, atol=1e-6)
    _, face = performed(anchor, model, Controls(expressiveness=1.8))
    np.testing.assert_allclose(face["browInnerUp"], 1.8 * usual["browInnerUp"], atol=1e-3)


def test_a_track_is_met_in_time(anchor: Anchor, model: Motion) -> None:
    track = ControlTrack(((0.0, {"distance": 0.8, "gaze_yaw": -12}),
                          (10.0, {"distance": 1.25, "gaze_yaw": 12})))  # fmt: skip
    still = replace(model, pose=np.zeros_like(model.pose))
    pose, face = performed(anchor, still, track)
    wanted = np.array([track.at(t / FPS).distance for t in range(FRAMES)], float)
    np.testing.assert_allclose(np.exp(-pose[:, 5])[25:], wanted[25:], rtol=0.01)
    asked = [track.at(t / FPS).gaze for t in range(FRAMES)]
    off = looks(pose, face)[25:, 0] - np.array([gaze[0] for gaze in asked if gaze])[25:]
    assert np.abs(off).mean() < 1.5


def test_lips_rest_within_three_frames_of_silence_and_open_in_time(
    anchor: Anchor, model: Motion
) -> None:
    _, face = performed(anchor, model, own=speech(3, 6))
    jaw, told = face["jawOpen"], anchor.read(model.dynamics)[:, NUMBER["jawOpen"]]
    assert np.abs(jaw[:72]).max() < 1e-3
    assert (np.abs(jaw[150 + 3 :]) < 0.05 * 0.4).all()
    np.testing.assert_allclose(jaw[80:150], told[80:150], atol=0.02)
    assert face["mouthSmileLeft"][-1] == pytest.approx(0.1, abs=1e-3)  # a smile stays


def test_a_face_in_silence_is_never_frozen(anchor: Anchor) -> None:
    still = Motion(np.zeros((1500, 6), np.float32), np.zeros((1500, 48), np.float32))
    pose, face = performed(anchor, still, own=np.zeros(1500 * 640, np.float32))
    moving = np.abs(np.diff(np.degrees(pose[50:, :3]), axis=0)).sum(1)
    assert moving.min() > 1e-5 and np.abs(np.degrees(pose[:, :3])).max() < 6
    assert 10 <= 60 * (np.diff((face["eyeBlinkLeft"] > 0.5).astype(int)) == 1).sum() / 60 <= 30
    assert np.ptp(looks(pose, face)[:, 0]) > 3  # the gaze shifts
    assert abs(face["jawOpen"]).max() < 1e-4


def test_it_listens_in_its_own_pauses(anchor: Anchor, model: Motion) -> None:
    silent, other = np.zeros_like(speech()), speech(1, 4)
    alone, plain = performed(anchor, model, own=silent)
    heard, face = performed(anchor, model, own=silent, other=other)
    nod = np.degrees(heard - alone)[:, 1]
    assert nod[:100].max() == nod[:100].min() == 0 and nod[100:150].min() < -1.5
    np.testing.assert_allclose(heard[:, [0, 2, 3, 4, 5]], alone[:, [0, 2, 3, 4, 5]], atol=1e-6)
    for name in SPOKEN:
        np.testing.assert_allclose(face[name], plain[name], atol=1e-3)
    busy, _ = performed(anchor, model, own=speech(), other=other)
    assert np.array_equal(busy, performed(anchor, model, own=speech())[0])


def test_a_given_pose_is_the_pose_and_the_eyes_stay_on_their_goal(
    anchor: Anchor, model: Motion
) -> None:
    given = np.zeros((3, 6), np.float32)
    given[1:, 0] = [0.1, 0.2]
    pose, face = performed(anchor, model, Controls(gaze=(8, 0)), pose=given)
    np.testing.assert_allclose(pose[:6, 0], [0, 0.1, 0.2, 0.1, 0, 0.1], atol=1e-6)
    np.testing.assert_allclose(looks(pose, face)[50:, 0].mean(), 8, atol=1.0)
    fixed, _ = performed(anchor, model, Controls(head=(0, 0, 6)), pose=given[:1], other=speech(1))
    np.testing.assert_allclose(fixed[:, 2], np.radians(6), atol=1e-6)
    assert not fixed[:, [0, 1, 3, 4, 5]].any()


def test_eyes_of_a_turned_portrait_look_back(anchor: Anchor, model: Motion) -> None:
    (pose, face), (same, turned) = (performed(anchor, model, turned=t) for t in (0.0, 0.2))
    assert np.array_equal(pose, same)
    np.testing.assert_allclose(face["gazeYaw"] - turned["gazeYaw"], 0.2, atol=1e-4)


@pytest.mark.parametrize("step", [1, 7, 100])
def test_any_cut_gives_the_same_bits(anchor: Anchor, model: Motion, step: int) -> None:
    track = ControlTrack(((1.0, {"head_yaw": 0, "blinks": 5}), (9.0, {"head_yaw": 9, "happy": 1})))
    sides = {"own": speech(2, 7), "other": speech(6.5, 9)}
    pose, face = performed(anchor, model, track, **sides)
    again, other = performed(anchor, model, track, **sides, step=step)
    assert np.array_equal(pose, again)
    assert all(np.array_equal(face[name], other[name]) for name in EXPRESSION_NAMES)


def test_streams_hear_both_sides(anchor: Anchor) -> None:
    animator = Animator.load(tiny_bundle())
    track = ControlTrack(((0.0, {"head_roll": 0}), (2.0, {"head_roll": 9})))
    own, other = np.concatenate([tone(1.0), np.zeros(32_000, np.float32)]), tone(2.0)
    whole = animator.perform(own, controls=track, steps=1, listen=other)
    avatar = animator.blank_avatar()
    with animator.stream(avatar, controls=track, steps=1, size=128) as session:
        told = np.concatenate([other, np.zeros(len(own) - len(other), np.float32)])
        for mine, theirs in zip(np.split(own, 12), np.split(told, 12), strict=True):
            session._performer.push(session.state, mine, track, theirs)
            state, made = session._performer.push(session.state, mine, track, theirs)
            start = session.state.frames
            assert np.array_equal(made.pose, whole.pose[start : start + len(made)])
            session.state = state


def test_calm_is_asked_for_where_no_feeling_is() -> None:
    animator, sound = Animator.load(tiny_bundle()), tone(0.6)
    plain, calm, heard = (
        animator.perform(sound, controls=Controls(emotion=wish), steps=1).dynamics
        for wish in (None, ("neutral", 1.0), ("heard", 1.0))
    )
    assert np.array_equal(plain, calm) and not np.array_equal(plain, heard)
