"""A face at rest: its lips meet as the model's own warp draws them."""

import numpy as np
import pytest

from openvasa.engine.rest_face import PRESSED, at_rest, lips_met
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER

STILL = np.zeros((1, 6), np.float32)


def _gap(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[INNER_UPPER] - points[INNER_LOWER], axis=1)


def _shown(run, neutral: np.ndarray, identity: np.ndarray) -> np.ndarray:
    return run("move", {
        "neutral": neutral[None], "identity": identity, "rest": STILL, "pose": STILL,
        "dynamics": np.zeros((1, 48), np.float32),
    })["points"][0]  # fmt: skip


def test_lips_at_rest_meet(animator, avatar) -> None:
    own = avatar.points
    assert _gap(at_rest(own, own, avatar.pose[0] * 0, animator.mean)).max() < 1e-4


def test_lips_meet_where_the_warp_itself_parts_or_crosses_them(animator, avatar) -> None:
    before = at_rest(avatar.points, avatar.points, avatar.pose[0], animator.mean)
    after = lips_met(animator.run, before, avatar.identity, animator.mean)
    left = _gap(_shown(animator.run, after, avatar.identity)).mean()
    assert left < 0.3 * max(_gap(_shown(animator.run, before, avatar.identity)).mean(), 1e-3)


def test_nothing_far_from_the_mouth_moves(animator, avatar) -> None:
    before = avatar.neutral[0]
    after = lips_met(animator.run, before, avatar.identity, animator.mean)
    assert np.abs(after - before)[[10, 33, 263, 468]].max() < 1e-4


def test_lips_meet_however_far_the_warp_presses_them(animator, avatar) -> None:
    pressed, seen = 0.4, []

    def run(graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        points = inputs["neutral"].copy()
        gap = points[0, INNER_UPPER, 1] - points[0, INNER_LOWER, 1] + 0.02
        points[0, INNER_UPPER, 1] -= pressed * gap / 2 + 0.01
        points[0, INNER_LOWER, 1] += pressed * gap / 2 + 0.01
        seen.append(float((points[0, INNER_UPPER, 1] - points[0, INNER_LOWER, 1]).mean()))
        return {"points": points}

    before = at_rest(avatar.points, avatar.points, avatar.pose[0], animator.mean)
    run("move", {"neutral": lips_met(run, before, avatar.identity, animator.mean)[None]})
    assert seen[0] < -0.02
    assert seen[-1] == pytest.approx(-PRESSED, abs=1e-3)
