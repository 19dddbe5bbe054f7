"""The front door: a clip is as long as its sound, is whole or not there, and does what is asked."""

import numpy as np
import pytest

from openvasa import Animator, Controls, InputError
from openvasa.media.video import probe_video
from tiny_model import tone


def test_a_clip_becomes_a_video_with_sound(animator, avatar, tmp_path) -> None:
    sound = tone(0.9)
    clip = animator.animate(avatar, sound, size=128, steps=1)
    seen: list[tuple[int, int]] = []
    clip.save(tmp_path / "a.mp4", progress=lambda done, total: seen.append((done, total)))
    info = probe_video(tmp_path / "a.mp4")
    assert (info.width, info.height, info.fps, info.has_sound) == (128, 128, 25.0, True)
    assert len(clip) == 23 and seen == [(n, 23) for n in range(1, 24)]
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_frames_show_the_motion(animator, avatar) -> None:
    clip = animator.animate(avatar, tone(0.7), size=128, steps=1)
    frames = list(clip.frames())
    assert [frame.index for frame in frames] == list(range(len(clip)))
    assert len(clip.motion) == len(clip)
    assert any((a.image != b.image).any() for a, b in zip(frames, frames[1:], strict=False))


def test_the_same_seed_is_the_same_performance(animator, avatar) -> None:
    first, again, other = (
        animator.animate(avatar, tone(0.6), seed=seed, steps=2).motion for seed in (1, 1, 2)
    )
    assert np.array_equal(first.dynamics, again.dynamics)
    assert not np.array_equal(first.pose, other.pose)


def test_controls_reach_the_network(animator, avatar) -> None:
    plain = animator.animate(avatar, tone(0.4), steps=1).motion
    asked = animator.animate(avatar, tone(0.4), steps=1, controls=Controls(gaze=(20, 0))).motion
    assert not np.array_equal(plain.pose, asked.pose)


def test_backends_make_the_same_motion(animator, avatar, bundle_folder) -> None:
    reference = Animator.load(bundle_folder, backend="torch")
    ours, theirs = (a.animate(avatar, tone(0.5), steps=2).motion for a in (animator, reference))
    assert np.allclose(ours.dynamics, theirs.dynamics, atol=1e-4)


@pytest.mark.parametrize(
    ("sound", "options"),
    [
        (np.zeros(0, np.float32), {}),
        (np.full(700, np.nan, np.float32), {}),
        (np.zeros((2, 700), np.float32), {}),
        (tone(0.1), {"controls": Controls(gaze=(90, 0))}),
        (tone(0.1), {"framing": "wide"}),
        (tone(0.1), {"steps": 0}),
    ],
)
def test_what_cannot_be_used_is_refused_before_any_work(animator, avatar, sound, options) -> None:
    with pytest.raises(InputError):
        animator.animate(avatar, sound, **options)


def test_an_interrupted_video_leaves_nothing(animator, avatar, tmp_path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    clip = animator.animate(avatar, tone(0.5), size=128, steps=1)
    with pytest.raises(KeyboardInterrupt):
        clip.save(tmp_path / "a.mp4", progress=stop)
    assert not list(tmp_path.iterdir())
