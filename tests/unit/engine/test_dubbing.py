"""Dubbing: only the lower face changes, and the video is played as long as the speech."""

from pathlib import Path

import numpy as np
import pytest

from openvasa.engine.dubbing import Actor, back_and_forth, dubbed
from openvasa.face.align import to_pixels
from openvasa.media.video import VideoWriter
from tiny_model import tiny_face

FRAMES = 3


@pytest.fixture(scope="module")
def actor(avatar, tmp_path_factory: pytest.TempPathFactory) -> Actor:
    face = tiny_face()
    path: Path = tmp_path_factory.mktemp("dub") / "still.mp4"
    height, width = face.photo.shape[:2]
    with VideoWriter(path, (width, height), crf=1) as writer:
        for _ in range(FRAMES):
            writer.write(face.photo)
    points = np.repeat(to_pixels(face.landmarks, face.box)[None].astype(float), FRAMES, 0)
    seen = np.array([True, True, False])
    return Actor(
        path, np.arange(FRAMES) / 25, points, seen, np.zeros((FRAMES, 45), np.float32),
        avatar.neutral[0], FRAMES, 1,
    )  # fmt: skip


def test_a_short_video_plays_back_and_forth() -> None:
    assert back_and_forth(9, 4).tolist() == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert back_and_forth(3, 1).tolist() == [0, 0, 0]


def test_only_the_lower_face_changes(animator, actor) -> None:
    spoken = np.random.default_rng(0).normal(0, 1, (5, 48)).astype(np.float32)
    frames = list(dubbed(animator, actor, spoken))
    assert [frame.index for frame in frames] == list(range(5))
    lost = frames[2].image.astype(int)  # where the face is not seen the picture is left alone
    spoke = np.abs(frames[1].image.astype(int) - lost)
    height = len(lost)
    assert spoke[: height // 3].max() <= 16  # the video's own noise and the mark
    assert spoke[height // 2 :].max() > 16
