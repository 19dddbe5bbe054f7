"""The motion store: what is written is read, windows are cut right, splits keep groups whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.data.motion_augment import RETURN_FRAMES, roughen_past, send_astray
from openvasa.data.motion_clips import (
    MotionClip,
    MotionClips,
    load_store,
    read_clip,
    split_of,
    write_clip,
)
from openvasa.motion.config import MotionStats
from openvasa.types import InputError

PLAIN = MotionStats(np.zeros(54, "f4"), np.ones(54, "f4"))


def ramp(frames: int, base: float = 0.0, known: tuple[int, int, int] = (1, 1, 1)) -> MotionClip:
    """A clip whose every channel says which frame it is."""
    count = (base + np.arange(frames, dtype=np.float32))[:, None]
    return MotionClip(
        pose=np.repeat(count, 6, axis=1),
        dynamics=np.repeat(count, 48, axis=1),
        audio=np.repeat(count + 1, 128, axis=1),
        gaze=np.asarray([10.0, -20.0], np.float32),
        distance=np.float32(1.25),
        emotion=np.eye(6, dtype=np.float32)[2],
        known=np.asarray(known, np.float32),
    )


def test_a_clip_comes_back(tmp_path: Path) -> None:
    path = write_clip(tmp_path, "real", "s1", "bbaf2n", ramp(30))
    back = read_clip(path)
    for name, value in vars(ramp(30)).items():
        np.testing.assert_allclose(getattr(back, name), value, rtol=1e-3)
    assert path == tmp_path / "real" / "s1" / "bbaf2n.npz"


def test_what_is_no_clip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(b"PK nonsense")
    with pytest.raises(InputError, match="no motion clip"):
        read_clip(path)
    with pytest.raises(ValueError, match="audio"):
        MotionClip(**{**vars(ramp(5)), "audio": np.zeros((4, 128), "f4")})
    with pytest.raises(ValueError, match="finite"):
        MotionClip(**{**vars(ramp(5)), "distance": np.float32("nan")})


def test_windows_follow_their_past() -> None:
    clips = MotionClips({"a": [ramp(60), ramp(40, base=1000)]})
    batch = clips.windows(np.random.default_rng(0), 400, 7, 20, PLAIN, short_rate=0.0)
    first = batch.target[:, 0, 0]
    np.testing.assert_array_equal(
        batch.target[:, :, 0] - first[:, None], np.tile(range(7), (400, 1))
    )
    begin = first % 1000
    past = np.minimum(begin, 20)
    np.testing.assert_array_equal(batch.keep[:, 0], begin > 0)
    for row in np.flatnonzero(begin > 0)[:50]:
        expected = first[row] + np.maximum(np.arange(-20, 0), -past[row])
        np.testing.assert_array_equal(batch.previous_motion[row, :, 0], expected)
        np.testing.assert_allclose(batch.audio[row, :20, 0], expected + 1, rtol=1e-3)
    assert first.max() <= 1000 + 33 and begin.min() == 0


def test_nothing_leaks_from_the_window_into_an_empty_past() -> None:
    clips = MotionClips({"a": [ramp(30, base=5)]})
    batch = clips.windows(np.random.default_rng(0), 200, 7, 20, PLAIN, short_rate=1.0)
    empty = batch.keep[:, 0] == 0
    assert 0 < empty.sum() < 200
    assert not batch.previous_motion[empty].any() and not batch.audio[empty, :20].any()
    assert batch.audio[empty, 20:].all()


def test_conditions_are_in_model_units() -> None:
    clips = MotionClips({"a": [ramp(30, known=(1, 0, 1))]})
    batch = clips.windows(np.random.default_rng(0), 3, 7, 20, PLAIN)
    np.testing.assert_allclose(batch.gaze, [[0.5, -1.0]] * 3)
    np.testing.assert_allclose(batch.distance, np.log(1.25) / 0.2, rtol=1e-5)
    np.testing.assert_array_equal(batch.keep[:, 1:], [[1, 1, 0, 1]] * 3)
    assert batch.emotion[:, 2].tolist() == [1, 1, 1]


def test_gaze_of_each_frame_is_averaged_over_the_window() -> None:
    moving = MotionClip(
        **{**vars(ramp(7)), "gaze": np.stack([np.arange(7) * 20.0, np.zeros(7)], 1).astype("f4")}
    )
    batch = MotionClips({"a": [moving]}).windows(np.random.default_rng(0), 2, 7, 20, PLAIN)
    np.testing.assert_allclose(batch.gaze, [[3.0, 0.0]] * 2)


def test_sources_are_mixed_by_weight() -> None:
    clips = MotionClips({"many": [ramp(50)] * 9, "few": [ramp(50, base=1000)]})
    batch = clips.windows(np.random.default_rng(0), 4000, 7, 20, PLAIN, {"few": 3.0})
    assert (batch.target[:, 0, 0] >= 1000).mean() == pytest.approx(0.75, abs=0.03)


def test_stats_normalize_the_mixture() -> None:
    rng = np.random.default_rng(0)

    def noise(frames: int, shift: float) -> MotionClip:
        values = {**vars(ramp(frames))}
        values["pose"] = rng.normal(shift, 1, (frames, 6)).astype("f4")
        return MotionClip(**values)

    stats = MotionClips({"a": [noise(4000, 0.0)], "b": [noise(1000, 4.0)]}).stats()
    np.testing.assert_allclose(stats.mean[:6], 2.0, atol=0.1)
    np.testing.assert_allclose(stats.std[:6], np.sqrt(1 + 4), atol=0.1)


def test_splits_keep_groups_and_cover_the_store(tmp_path: Path) -> None:
    groups = [f"p{number}" for number in range(300)]
    held = [group for group in groups if split_of("real", group) == "validation"]
    assert 5 <= len(held) <= 30
    for group in (held[0], next(g for g in groups if g not in held)):
        for take in ("a", "b"):
            write_clip(tmp_path, "real", group, take, ramp(20))
    assert len(load_store(tmp_path, "train").clips) == 2
    assert len(load_store(tmp_path, "validation").clips) == 2
    with pytest.raises(InputError, match="no motion clips"):
        load_store(tmp_path / "nowhere", "train")


def test_clips_shorter_than_a_window_are_never_drawn() -> None:
    clips = MotionClips({"a": [ramp(6), ramp(7, base=1000)]})
    batch = clips.windows(np.random.default_rng(0), 50, 7, 20, PLAIN)
    assert (batch.target[:, 0, 0] == 1000).all()
    with pytest.raises(InputError, match="7 frames"):
        MotionClips({"a": [ramp(6)]}).windows(np.random.default_rng(0), 1, 7, 20, PLAIN)


def test_a_head_astray_comes_back_smoothly() -> None:
    still = MotionClip(**{**vars(ramp(60)), "pose": np.zeros((60, 6), "f4")})
    batch = MotionClips({"a": [still]}).windows(
        np.random.default_rng(0), 200, 7, 20, PLAIN, short_rate=0.0
    )
    moved = send_astray(batch, np.random.default_rng(1), rate=1.0)
    track = np.abs(np.concatenate([moved.previous_motion, moved.target], 1)[:, :, :6])
    assert (np.diff(track, axis=1) <= 1e-6).all()
    step = np.abs(np.diff(track, axis=1)).max() / track.max()
    assert step < 0.5 * np.pi / RETURN_FRAMES + 1e-6
    np.testing.assert_array_equal(moved.target[..., 6:], batch.target[..., 6:])
    same = send_astray(batch, np.random.default_rng(1), rate=0.0)
    np.testing.assert_array_equal(same.target, batch.target)


def test_roughened_past_leaves_pose_and_target() -> None:
    batch = MotionClips({"a": [ramp(60)]}).windows(np.random.default_rng(0), 50, 7, 20, PLAIN)
    rough = roughen_past(batch, np.random.default_rng(1), 0.1)
    noise = rough.previous_motion - batch.previous_motion
    assert not noise[..., :6].any()
    assert noise[..., 6:].std() == pytest.approx(0.1, rel=0.1)
    np.testing.assert_array_equal(rough.target, batch.target)
