"""CAPP with networks that hear exactly how the head moves, and with networks that know nothing."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.metrics.capp import (
    SHIFTS,
    WINDOW,
    capp_score,
    capp_vectors,
    matched_auc,
    pose_rows,
)

FRAMES = 250


def see(batch: np.ndarray) -> np.ndarray:
    return batch[:, :, 0]


def hear(batch: np.ndarray) -> np.ndarray:
    frames = batch.reshape(len(batch), WINDOW, 640)[:, :, 0]
    return frames - frames.mean(1, keepdims=True)


def clip(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A yaw of noise, and a sound that holds each frame's yaw as its level."""
    yaw = np.random.default_rng(seed).standard_normal(FRAMES)
    pose = np.zeros((FRAMES, 6))
    pose[:, 0] = yaw
    return pose, np.repeat(yaw, 640).astype(np.float32)


def test_the_score_falls_with_every_shift() -> None:
    pose, sound = clip(0)
    scores = {s: capp_score(capp_vectors(pose, sound, (see, hear), shift=s)) for s in SHIFTS}
    assert scores[0] == pytest.approx(1, abs=1e-5)
    assert all(abs(value) < 0.4 for shift, value in scores.items() if shift)


def test_windows_are_a_second_apart_and_inside_the_clip() -> None:
    pose, sound = clip(0)
    assert len(capp_vectors(pose, sound, (see, hear))[0]) == 8
    assert len(capp_vectors(pose, sound, (see, hear), shift=1)[0]) == 7
    short = capp_vectors(pose[:70], sound[: 70 * 640], (see, hear))
    assert len(short[0]) == 0 and np.isnan(capp_score(short))


def test_scaling_reaches_the_network() -> None:
    pose, sound = clip(0)
    seen: list[float] = []

    def look(batch: np.ndarray) -> np.ndarray:
        seen.append(float(np.abs(batch).mean()))
        return see(batch)

    capp_vectors(pose, sound, (look, hear))
    capp_vectors(pose, sound, (look, hear), scale=3.0)
    assert seen[1] == pytest.approx(3 * seen[0], rel=1e-5)


def test_auc_tells_matched_from_mismatched() -> None:
    clips = [capp_vectors(*clip(seed), (see, hear)) for seed in range(5)]
    known = matched_auc(clips)
    assert known is not None and known.value == pytest.approx(1)
    strange = [(clips[i][0], clips[(i + 1) % 5][1]) for i in range(5)]
    nothing = matched_auc(strange)
    assert nothing is not None and nothing.low < 0.5 < nothing.high + 0.2
    assert matched_auc(clips[:1]) is None


def test_pose_is_told_in_face_heights() -> None:
    angles, center = np.full((4, 3), 180.0), np.full((4, 2), 50.0)
    rows = pose_rows(angles, center, np.array([100.0, 100.0, 100.0, 100.0 * np.e]))
    np.testing.assert_allclose(rows[0], [np.pi, np.pi, np.pi, 0.5, 0.5, 0])
    assert rows[3, 5] == pytest.approx(1)
