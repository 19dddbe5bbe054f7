"""Frames for measuring: the same as those that leave, but for the mark."""

import numpy as np
import pytest

from openvasa.commands.evaluate_latent_frames import (
    Instruments,
    crop_of,
    drawn,
    renderer_of,
    seen_each,
)
from openvasa.engine.animator import Animator
from openvasa.metrics.judges import Judges
from openvasa.types import Motion
from tiny_model import tiny_bundle, tiny_face


@pytest.fixture(scope="module")
def animator() -> Animator:
    return Animator.load(tiny_bundle())


def test_a_frame_that_leaves_is_the_measured_one_with_its_mark(animator: Animator) -> None:
    avatar = animator._encode(tiny_face())
    renderer = renderer_of(animator, avatar, 128)
    still = Motion(np.zeros((1, 6), np.float32), avatar.dynamics)
    bare, (marked,) = renderer.before_marks(still), drawn(renderer, [still])
    assert bare.shape == marked.shape == (128, 128, 3)
    assert np.array_equal(renderer.marks(bare), marked) and not np.array_equal(bare, marked)
    assert crop_of(avatar.photo, avatar, 128).shape == bare.shape


def test_without_files_nothing_is_judged() -> None:
    tools, gray = Instruments(Judges()), np.full((64, 64, 3), 128, np.uint8)
    assert tools.lpips is None and tools.pose is None and tools.recognizers == {}
    points = np.zeros((478, 3))
    assert tools.alike(gray, points, gray, points) == {}
    assert seen_each([gray]) is None
