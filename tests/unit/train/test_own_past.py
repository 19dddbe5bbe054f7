"""The network's own past: made to the clip's own sound, of the lips alone, kept across a stop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from openvasa.data.motion_clips import MotionClip, MotionClips
from openvasa.motion.config import MotionConfig, MotionStats
from openvasa.train.own_past import kept, own_offsets
from openvasa.types import AUDIO_DIM, MOTION_DIM, POSE_DIM, Array

CONFIG = MotionConfig(width=16, layers=1, heads=2)
STATS = MotionStats(np.zeros(MOTION_DIM, "f4"), np.full(MOTION_DIM, 2.0, "f4"))
LIPS = np.zeros((48, 48), "f4")
LIPS[3, 3] = 1.0  # the fourth number alone is the lips'
LENGTHS = (30, 12, 41)


def clip(length: int, seed: int) -> MotionClip:
    rng = np.random.default_rng(seed)
    heard = rng.standard_normal((length, AUDIO_DIM)).astype("f4")
    return MotionClip(
        pose=np.zeros((length, 6), "f4"), dynamics=np.ones((length, 48), "f4"), audio=heard,
        gaze=np.zeros(2, "f4"), distance=np.float32(1), emotion=np.zeros(6, "f4"),
        known=np.ones(3, "f4"),
    )  # fmt: skip


CLIPS = MotionClips({"fake": [clip(length, k) for k, length in enumerate(LENGTHS)]})


def hearing(graph: str, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
    """A network whose every number is the first audio feature of the frame."""
    window = inputs["audio"][:, CONFIG.prefix :, :1]
    return {"x0": np.repeat(window, MOTION_DIM, axis=2)}


def test_offsets_lead_from_the_true_lips_to_those_made_of_the_clips_own_sound() -> None:
    offsets = own_offsets(hearing, CLIPS, CONFIG, STATS, LIPS, seed=1)
    assert offsets.shape == (sum(LENGTHS), 48) and offsets.dtype == np.float16
    assert not offsets[:, np.arange(48) != 3].any()
    true = CLIPS.motion[:, POSE_DIM + 3] / 2.0
    expected = CLIPS.audio[:, 0].astype("f4")
    np.testing.assert_allclose(true + offsets[:, 3], expected, atol=5e-3)


def test_the_past_is_the_networks_own_and_unheard_before_the_first_frame() -> None:
    seen: list[tuple[int, Array, Array]] = []

    def counting(graph: str, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        keep, past = inputs["keep"][:, 0], inputs["previous_motion"]
        seen.append((int(keep[0]), past.copy(), inputs["audio"][:, : CONFIG.prefix].copy()))
        return {"x0": np.full((len(past), CONFIG.window, MOTION_DIM), 3.0, "f4")}

    own_offsets(counting, CLIPS, CONFIG, STATS, LIPS, seed=1)
    first = [past for keep, past, _ in seen if not keep]
    assert first and not any(past.any() for past in first)
    assert not any(heard.any() for keep, _, heard in seen if not keep)
    assert all((past == 3.0).all() for keep, past, _ in seen if keep)


def test_what_was_made_survives_a_stop_and_old_ones_go(tmp_path: Path) -> None:
    made = np.arange(6, dtype=np.float16).reshape(3, 2)
    for step in (0, 5000, 10000):
        now = kept(tmp_path, step, lambda k=step: made + k % 7)
        np.testing.assert_array_equal(now, made + step % 7)
    again = kept(tmp_path, 10000, lambda: np.zeros((3, 2), np.float16))
    np.testing.assert_array_equal(again, made + 10000 % 7)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "own_past_10000.safetensors", "own_past_5000.safetensors",
    ]  # fmt: skip
