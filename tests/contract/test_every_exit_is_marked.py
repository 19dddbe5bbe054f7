"""Whatever call of the package a picture comes from, its content id is in its pixels.

The nodes for ComfyUI are in unit/integrations, what the server sends in test_server.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import openvasa
from openvasa import Animator, Avatar, Scene
from openvasa.engine.driving import reenacted
from openvasa.engine.dubbing import Actor, dubbed
from openvasa.engine.editing import Edit, edit_photo, edit_sheet
from openvasa.face.align import to_pixels
from openvasa.media.video import VideoWriter
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.pixel_mark import read_frames
from openvasa.types import Image, Motion
from tiny_model import tiny_bundle, tiny_face, tone

ID = 0x13579BDF2468
FRAMES = 10
ASKED = {"marks": FrameMarks(ID), "size": 256}
Exit = Callable[[Animator, Avatar, Path], Iterable[Image]]


@pytest.fixture(scope="module")
def animator() -> Animator:
    return Animator.load(tiny_bundle())


@pytest.fixture(scope="module")
def avatar(animator: Animator) -> Avatar:
    made = animator._encode(tiny_face(192))
    matte = np.ones((512, 512), np.float32)
    matte[:60] = 0  # somebody stands before something
    return replace(made, matte=matte)


def _motion(avatar: Avatar) -> Motion:
    return Motion(np.zeros((FRAMES, 6), np.float32), np.repeat(avatar.dynamics, FRAMES, 0))


def _spoken(scene: Scene = Scene(), framing: str = "crop", listen: bool = False) -> Exit:
    def frames(animator: Animator, avatar: Avatar, _: Path) -> Iterable[Image]:
        other = tone(0.4) if listen else None
        clip = animator.animate(
            avatar, tone(0.4), steps=1, scene=scene, framing=framing, listen=other, **ASKED
        )
        return [frame.image for frame in clip.frames()]

    return frames


def _played(animator: Animator, avatar: Avatar, _: Path) -> Iterable[Image]:
    clip = animator.play(avatar, _motion(avatar), tone(0.4), **ASKED)
    return [frame.image for frame in clip.frames()]


def _streamed(animator: Animator, avatar: Avatar, _: Path) -> Iterable[Image]:
    """Listening and idle: the other one speaks, then nobody does."""
    silent = np.zeros_like(tone(0.4))
    with animator.stream(avatar, steps=1, **ASKED) as session:
        made = [*session.push(silent, tone(0.4)), *session.push(silent), *session.flush()]
    return [frame.image for frame in made]


def _reenacted(animator: Animator, avatar: Avatar, _: Path) -> Iterable[Image]:
    return [frame.image for frame in reenacted(animator, avatar, _motion(avatar), **ASKED)[1]]


def _edited(animator: Animator, avatar: Avatar, _: Path) -> Iterable[Image]:
    return [edit_photo(animator, avatar, Edit(yaw=5.0), framing="crop", **ASKED).image]


def _sheet(animator: Animator, avatar: Avatar, _: Path) -> Iterable[Image]:
    return [edit_sheet(animator, avatar, Edit(), 256, FrameMarks(ID))]


def _dubbed(animator: Animator, avatar: Avatar, folder: Path) -> Iterable[Image]:
    face = tiny_face(192)
    height, width = face.photo.shape[:2]
    with VideoWriter(folder / "still.mp4", (width, height), crf=1) as writer:
        for _ in range(2):
            writer.write(face.photo)
    points = np.repeat(to_pixels(face.landmarks, face.box)[None].astype(float), 2, 0)
    expression = np.zeros((2, 45), np.float32)
    seen = np.array([True, False])  # a picture whose face is lost is marked all the same
    actor = Actor(
        folder / "still.mp4", np.arange(2) / 25, points, seen, expression, avatar.neutral[0], 2, 1
    )
    spoken = np.repeat(avatar.dynamics, FRAMES, 0)
    return [frame.image for frame in dubbed(animator, actor, spoken, FrameMarks(ID))]


EXITS: dict[str, Exit] = {
    "animate": _spoken(),
    "animate, whole photo": _spoken(framing="full"),
    "animate, wide": _spoken(Scene(aspect=(16, 9))),
    "animate, plain background": _spoken(Scene(background=(20, 90, 40))),
    "animate, transparent": _spoken(Scene(background="transparent")),
    "animate, listening": _spoken(listen=True),
    "play": _played,
    "stream, listening and idle": _streamed,
    "reenact": _reenacted,
    "edit": _edited,
    "sheet of edits": _sheet,
    "dub": _dubbed,
}


@pytest.mark.parametrize("way", EXITS)
def test_the_id_is_in_the_pixels(
    way: str, animator: Animator, avatar: Avatar, tmp_path: Path
) -> None:
    frames = list(EXITS[way](animator, avatar, tmp_path))
    assert frames and read_frames(frames, 25.0).payload == ID


def test_no_call_of_the_interface_is_forgotten() -> None:
    """Who adds a public method that makes pictures adds it to `EXITS`."""
    makers = {"animate", "play", "stream"}
    no_pictures = {"load", "prepare", "perform", "blank_avatar"}
    public = {
        name
        for name, _ in inspect.getmembers(openvasa.Animator, callable)
        if not name.startswith("_")
    }
    assert public == makers | no_pictures
