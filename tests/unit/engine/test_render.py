"""Frames: their sizes, their order, and that the portrait's own pixels are used."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from openvasa.engine.meter import Meter
from openvasa.engine.render import Renderer, portrait_id, render_all
from openvasa.engine.scene import view
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.types import Frame, InputError, Motion


def _still(avatar) -> Motion:
    return Motion(np.zeros((1, 6), np.float32), avatar.dynamics)


@pytest.mark.parametrize(
    ("framing", "size", "shape"),
    [("crop", None, (512, 512)), ("crop", 200, (200, 200)), ("full", None, (192, 144)),
     ("full", 96, (96, 72))],
)  # fmt: skip
def test_sizes(animator, avatar, framing: str, size, shape) -> None:
    renderer = Renderer(avatar, animator.run, animator.topology, framing=framing, size=size)
    assert renderer.size == shape
    image = renderer(_still(avatar), 3).image
    assert image.shape == (shape[1], shape[0], 3) and image.dtype == np.uint8


def test_full_framing_leaves_the_rest_of_the_photo_alone(animator, avatar) -> None:
    renderer = Renderer(avatar, animator.run, animator.topology, framing="full")
    image = renderer(_still(avatar), 0).image
    # All but the mark, which is in every part of the frame and faint.
    change = image[:, :40].astype(int) - avatar.photo[:, :40]
    assert change.any() and np.abs(change).max() <= 12 and np.mean(change**2) < 5


def test_frames_leave_with_the_marks_they_are_given(animator, avatar) -> None:
    about = {"size": 192, "framing": "crop"}
    bare = Renderer(
        avatar, animator.run, animator.topology, marks=lambda image: image, **about
    )(_still(avatar), 0).image  # fmt: skip
    for label in (False, True):
        marks = FrameMarks(0x123456789ABC, label=label)
        renderer = Renderer(avatar, animator.run, animator.topology, marks=marks, **about)
        assert np.array_equal(renderer(_still(avatar), 0).image, marks(bare))
    assert not np.array_equal(marks(bare), FrameMarks(marks.content_id)(bare))
    assert Renderer(avatar, animator.run, animator.topology).marks.content_id == portrait_id(avatar)


def test_pose_moves_the_picture(animator, avatar) -> None:
    renderer = Renderer(avatar, animator.run, animator.topology, size=128)
    still = renderer(_still(avatar), 0).image
    turned = Motion(np.array([[0.3, 0, 0, 0, 0, 0]], np.float32), avatar.dynamics)
    moved = renderer(turned, 1).image.astype(int)
    assert np.array_equal(still, renderer(_still(avatar), 0).image)
    assert np.abs(moved - still).mean() > 1


def test_of_a_tight_photo_only_what_it_shows_is_shown(animator, avatar) -> None:
    tight = replace(avatar, box=avatar.box._replace(side=1.25 * min(avatar.photo.shape[:2])))
    given = (tight, animator.run, animator.topology)
    bare = {"marks": lambda image: image, "size": 100}
    shown = Renderer(*given, **bare)(_still(tight), 0).image
    whole = Renderer(*given, whole=True, **(bare | {"size": 125}))(_still(tight), 0).image
    left, top, share = view(tight.box, tight.photo)
    assert share == pytest.approx(0.8) and shown.shape == (100, 100, 3)
    x, y = round(125 * left), round(125 * top)
    assert np.array_equal(shown, whole[y : y + 100, x : x + 100])


def test_unknown_framing_is_refused(animator, avatar) -> None:
    with pytest.raises(InputError, match="framing"):
        Renderer(avatar, animator.run, animator.topology, framing="wide")


def test_frames_keep_their_order_and_few_are_under_way() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def slow(motion: int, index: int) -> Frame:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002 * (index % 3))
        with lock:
            running -= 1
        return Frame(image=np.zeros((2, 2, 3), np.uint8), index=index)

    taken = 0

    def motion():
        nonlocal taken
        for value in range(40):
            taken += 1
            yield value

    with ThreadPoolExecutor(8) as pool:
        frames = render_all(slow, motion(), 5, pool, 3)  # type: ignore[arg-type]
        assert next(frames).index == 5 and taken <= 4
        assert [frame.index for frame in frames] == list(range(6, 45))
    assert most <= 3


def test_the_meter_counts_by_stage(animator, avatar) -> None:
    meter = Meter()
    Renderer(avatar, animator.run, animator.topology, framing="full", timer=meter)(
        _still(avatar), 0
    )
    assert list(meter.seconds) == ["move", "surface", "decode", "compose", "paste", "mark"]
    assert all(value >= 0 for value in meter.seconds.values())
