"""Baselines and probes on the whole tiny model: made videos, and codes that must matter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa import Animator, Motion
from openvasa.media.video import read_video
from openvasa.metrics import steering
from openvasa.metrics.baselines import SCRIPTED, write_scripted, write_shuffled, write_still
from openvasa.metrics.codes import code_effects, condition_effects
from openvasa.metrics.face_sequence import FaceSequence
from openvasa.metrics.scripted import play
from openvasa.types import Image
from tiny_model import tiny_bundle, tiny_face, tone


@pytest.fixture(scope="module")
def animator() -> Animator:
    return Animator.load(tiny_bundle())


@pytest.fixture(scope="module")
def avatar(animator: Animator):
    return animator._encode(tiny_face())


def test_a_clip_does_exactly_what_is_written(animator: Animator, avatar) -> None:
    rng = np.random.default_rng(0)
    motion = Motion(
        (0.05 * rng.standard_normal((12, 6))).astype(np.float32),
        (0.05 * rng.standard_normal((12, 48))).astype(np.float32),
    )
    played = play(animator, avatar, motion, tone(12 / 25)).motion
    np.testing.assert_allclose(played.pose, motion.pose, atol=1e-5)
    np.testing.assert_allclose(played.dynamics, motion.dynamics, atol=1e-5)


def test_baselines_are_as_long_as_the_sound(animator: Animator, avatar, tmp_path: Path) -> None:
    sound = tone(0.4)
    write_still(avatar, sound, tmp_path / "still.mp4")
    for name in SCRIPTED:
        write_scripted(name, animator, avatar, sound, tmp_path / f"{name}.mp4")
    write_shuffled(animator, avatar, sound, tone(0.2)[::-1].copy(), tmp_path / "shuffled.mp4")
    for name in ("still", *SCRIPTED, "shuffled"):
        assert sum(1 for _ in read_video(tmp_path / f"{name}.mp4")) == 10


def test_probes_cover_every_code_and_condition(
    animator: Animator, avatar, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(images: list[Image]) -> FaceSequence:  # random weights draw no face that is found
        points = np.random.default_rng(0).random((len(images), 478, 3))
        return FaceSequence(points, np.ones(len(images), np.bool_))

    monkeypatch.setattr(steering, "follow", seen)
    other = animator._encode(tiny_face(120))
    sounds = [tone(0.6), tone(0.6)]
    codes = code_effects(animator, [avatar, other], sounds)
    assert [effect.what.split(",")[0] for effect in codes[:4]] == [
        "V_app", "z_id", "z_pose", "z_dyn",
    ]  # fmt: skip
    assert codes[3].dynamics > 0 and codes[0].dynamics == 0
    conditions = condition_effects(animator, [avatar], sounds[:1])
    assert len(conditions) == 6
    assert all(effect.dynamics > 0 for effect in conditions)
    rows = steering.steer(animator, [avatar], sounds[:1])
    assert len(rows) == 6 and all(row.portraits == 1 for row in rows)
