"""A driver's motion on a portrait: relative keeps the portrait's own, absolute the driver's."""

import numpy as np
import pytest

from openvasa.engine.anchor import NUMBER, Anchor
from openvasa.engine.driving import Driver, read_driver, reenacted
from openvasa.media.video import VideoWriter
from openvasa.types import InputError


@pytest.fixture(scope="module")
def driver() -> Driver:
    pose = np.zeros((6, 6), np.float32)
    pose[:, 0] = 0.2 + np.linspace(0, 0.1, 6)
    expression = np.zeros((6, 45), np.float32)
    expression[4:, NUMBER["jawOpen"]] = 0.4
    return Driver(pose, expression, 1, 0.0)


def test_relative_begins_from_the_portrait(avatar, animator, driver) -> None:
    anchor = Anchor(animator.run)
    motion = driver.motion(avatar, anchor)
    assert not motion.pose[driver.rest].any()
    assert np.allclose(motion.dynamics[driver.rest], avatar.dynamics, atol=1e-4)
    opened = anchor.read(motion.dynamics - avatar.dynamics)[4, NUMBER["jawOpen"]]
    assert opened == pytest.approx(0.4, abs=1e-4)
    assert motion.pose[5, 0] - motion.pose[0, 0] == pytest.approx(0.1)


def test_absolute_takes_the_drivers_angles_and_expression(avatar, animator, driver) -> None:
    anchor = Anchor(animator.run)
    motion = driver.motion(avatar, anchor, "absolute")
    assert np.allclose((avatar.pose + motion.pose)[:, :3], driver.pose[:, :3], atol=1e-6)
    assert np.allclose(anchor.read(motion.dynamics), driver.expression, atol=1e-4)


def test_unknown_modes_are_refused(avatar, animator, driver) -> None:
    with pytest.raises(InputError, match="relative"):
        driver.motion(avatar, Anchor(animator.run), "other")


def test_frames_are_as_many_as_the_drivers(avatar, animator, driver) -> None:
    motion = driver.motion(avatar, Anchor(animator.run))
    size, frames = reenacted(animator, avatar, motion, size=64)
    made = list(frames)
    assert size == (64, 64) and [frame.index for frame in made] == list(range(6))


def test_a_video_without_a_face_is_refused(animator, tmp_path) -> None:
    path = tmp_path / "gray.mp4"
    with VideoWriter(path, (64, 64)) as writer:
        for _ in range(3):
            writer.write(np.full((64, 64, 3), 128, np.uint8))
    with pytest.raises(InputError, match="no face"):
        read_driver(animator, path)
    with pytest.raises(InputError, match="no video at"):
        read_driver(animator, tmp_path / "none.mp4")
