"""Motion as files: what is written is read back; what is broken is named."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.tiny_model import tiny_bundle, tiny_face, tone

from openvasa.engine.anchor import NUMBER, Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.motion_file import read_motion, write_motion
from openvasa.types import DYNAMICS_DIM, FPS, POSE_DIM, InputError, Motion


@pytest.fixture(scope="module")
def animator() -> Animator:
    return Animator.load(tiny_bundle())


@pytest.fixture(scope="module")
def motion(animator: Animator) -> Motion:
    return animator.perform(tone(1.0), seed=2, steps=1)


def test_an_npz_keeps_every_bit(animator: Animator, motion: Motion, tmp_path: Path) -> None:
    anchor, path = Anchor(animator.run), tmp_path / "m.npz"
    write_motion(path, motion, anchor)
    back = read_motion(path, anchor)
    assert np.array_equal(back.pose, motion.pose)
    assert np.array_equal(back.dynamics, motion.dynamics)
    assert [f.name for f in tmp_path.iterdir()] == ["m.npz"]


def test_a_csv_keeps_pose_and_expressions(
    animator: Animator, motion: Motion, tmp_path: Path
) -> None:
    anchor, path = Anchor(animator.run), tmp_path / "m.csv"
    write_motion(path, motion, anchor)
    back = read_motion(path, anchor)
    np.testing.assert_allclose(back.pose, motion.pose, atol=1e-5)
    np.testing.assert_allclose(anchor.read(back.dynamics), anchor.read(motion.dynamics), atol=1e-4)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(motion) and float(rows[5]["time"]) == pytest.approx(5 / FPS)
    degrees = np.degrees(anchor.read(motion.dynamics)[3, NUMBER["gazeYaw"]])
    assert float(rows[3]["gazeYaw"]) == pytest.approx(degrees, abs=1e-3)
    assert float(rows[3]["headYaw"]) == pytest.approx(np.degrees(motion.pose[3, 0]), abs=1e-3)


def test_what_cannot_be_used_is_named(animator: Animator, motion: Motion, tmp_path: Path) -> None:
    anchor = Anchor(animator.run)
    with pytest.raises(InputError, match="npz or .csv"):
        write_motion(tmp_path / "m.txt", motion, anchor)
    with pytest.raises(InputError, match="no file"):
        read_motion(tmp_path / "m.csv", anchor)
    for name, content in (("a.npz", b"nothing"), ("a.csv", b"frame,time\n0,0\n"), ("b.csv", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="holds"):
            read_motion(tmp_path / name, anchor)
    broken = Motion(motion.pose * np.nan, motion.dynamics)
    write_motion(tmp_path / "nan.npz", broken, anchor)
    with pytest.raises(InputError, match="no numbers"):
        read_motion(tmp_path / "nan.npz", anchor)


def test_a_given_motion_is_performed_as_it_is(animator: Animator, motion: Motion) -> None:
    avatar = animator._encode(tiny_face())
    clip = animator.play(avatar, motion, tone(0.4), size=64)
    assert len(clip) == 10 and np.array_equal(clip.motion.dynamics, motion.dynamics[:10])
    longer = animator.play(avatar, motion[:3], tone(0.4), size=64)
    assert np.array_equal(longer.motion.pose[2:], np.repeat(motion.pose[2:3], 8, 0))
    assert len(list(longer.frames())) == 10
    nothing = Motion(np.zeros((0, POSE_DIM), np.float32), np.zeros((0, DYNAMICS_DIM), np.float32))
    with pytest.raises(InputError, match="no frames"):
        animator.play(avatar, nothing, tone(0.4))


def test_for_a_portrait_that_looks_ahead_it_is_the_same_performance(animator: Animator) -> None:
    avatar = animator._encode(tiny_face())
    clip = animator.animate(avatar, tone(0.6), seed=4, steps=1).motion
    alone = animator.perform(tone(0.6), seed=4, steps=1)
    assert np.array_equal(alone.pose, clip.pose)  # the eyes alone know how the portrait is turned
