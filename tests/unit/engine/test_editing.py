"""Edits: names mean what they say, nothing else changes, sheets show what their labels tell."""

import numpy as np
import pytest

from openvasa.engine.anchor import NUMBER, Anchor
from openvasa.engine.editing import (
    SHEET_ROWS,
    SHEET_YAWS,
    Edit,
    StillRenderer,
    edit_motion,
    edit_photo,
    edit_sheet,
    labeled,
)
from openvasa.types import InputError


@pytest.fixture(scope="module")
def anchor(animator) -> Anchor:
    return Anchor(animator.run)


def test_named_expressions_are_set_and_the_rest_is_kept(avatar, anchor) -> None:
    before = anchor.read(avatar.dynamics)[0]
    motion = edit_motion(avatar, anchor, Edit(expression={"jawOpen": 0.4, "eyeBlinkLeft": 1.0}))
    after = anchor.read(motion.dynamics)[0]
    changed = [NUMBER["jawOpen"], NUMBER["eyeBlinkLeft"]]
    assert np.allclose(after[changed], [0.4, 1.0], atol=1e-4)
    assert np.allclose(np.delete(after, changed), np.delete(before, changed), atol=1e-4)
    # What no name says, the part of z_dyn beyond the anchor, is kept too.
    beyond = [z - anchor.read(z) @ anchor.weight for z in (avatar.dynamics, motion.dynamics)]
    assert np.allclose(*beyond, atol=1e-4)


def test_turns_are_in_degrees_and_distance_is_a_ratio(avatar, anchor) -> None:
    motion = edit_motion(avatar, anchor, Edit(yaw=15, pitch=-5, roll=2, distance=0.5))
    assert np.allclose(np.degrees(motion.pose[0, :3]), [15, -5, 2], atol=1e-4)
    assert np.exp(motion.pose[0, 5]) == pytest.approx(2.0)


def test_gaze_is_from_the_camera_whatever_the_head_does(avatar, anchor) -> None:
    for yaw in (0.0, 10.0):
        motion = edit_motion(avatar, anchor, Edit(yaw=yaw, gaze=(12.0, 3.0)))
        eyes = anchor.read(motion.dynamics)[0, -2:]
        head = (avatar.pose + motion.pose)[0, :2]
        assert np.allclose(np.degrees(eyes + head), [12, 3], atol=1e-3)
    far = edit_motion(avatar, anchor, Edit(gaze=(60.0, 0.0)))
    assert abs(np.degrees(anchor.read(far.dynamics)[0, -2])) <= 30.001


def test_unknown_expressions_are_refused() -> None:
    with pytest.raises(InputError, match="jawOpen"):
        Edit(expression={"jawopen": 1.0})


@pytest.mark.parametrize(
    ("framing", "size", "shape"),
    [("full", None, (144, 192)), ("full", 96, (72, 96)), ("crop", None, (96, 96)),
     ("crop", 200, (200, 200))],
)  # fmt: skip
def test_pictures_are_as_large_as_the_photo(animator, avatar, framing, size, shape) -> None:
    image = edit_photo(animator, avatar, Edit(yaw=10), framing=framing, size=size).image
    assert image.shape == (*shape, 3)


def test_outside_the_face_the_photo_stays(animator, avatar) -> None:
    image = edit_photo(animator, avatar, Edit(yaw=20)).image
    # All but the mark, which is in every part of the frame and faint.
    assert np.abs(image[:, :40].astype(int) - avatar.photo[:, :40]).max() <= 12


def test_a_sheet_holds_the_pictures_of_its_labels(animator, avatar, anchor) -> None:
    sheet = edit_sheet(animator, avatar, Edit(), tile=64)
    assert sheet.shape == (28 + 64 * len(SHEET_ROWS), 104 + 64 * len(SHEET_YAWS), 3)
    renderer = StillRenderer(animator, avatar, "crop", 64)
    turned = Edit(yaw=SHEET_YAWS[1], expression=SHEET_ROWS["smile"])
    alone = renderer(edit_motion(avatar, anchor, turned), 0).image
    assert np.array_equal(sheet[28 + 64 : 28 + 128, 104 + 64 : 104 + 128], alone)


def test_labels_are_written_beside_the_pictures() -> None:
    white = np.full((32, 32, 3), 255, np.uint8)
    sheet = labeled([[white]], ["row"], ["column"])
    assert (sheet[:28] < 128).any() and (sheet[28:, :104] < 128).any()
    assert np.array_equal(sheet[28:, 104:], white)
