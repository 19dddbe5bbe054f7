"""Views: wishes cover the range, drifting ones are told from the person."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.data.head import FittedHead, index_of
from openvasa.data.people_views import REACH, VIEWS, same_person, wishes

HEAD = FittedHead(np.zeros((468, 3)), np.zeros(6), np.zeros(45), np.zeros((478, 3)))


def test_wishes_cover_all_angles_and_kinds_of_expression() -> None:
    made = [wishes(number, HEAD) for number in range(60)]
    assert {len(views) for views in made} == {VIEWS - 1}
    angles = np.stack([w.pose[:3] for views in made for w in views])
    assert (np.abs(angles) <= REACH + 1e-9).all()
    for axis, reach in enumerate(REACH):
        share = angles[:, axis] / reach
        assert share.min() < -0.85 and share.max() > 0.85 and abs(share.mean()) < 0.1
    for views in made:
        yaw = np.sort([w.pose[0] for w in views])
        assert np.diff(yaw).max() < np.radians(25)  # spread, not heaped
    jaws = [max(w.expression[index_of("jawOpen")] for w in views) for views in made]
    lids = [max(w.expression[index_of("eyeBlinkLeft")] for w in views) for views in made]
    assert min(jaws) >= 0.4 and min(lids) == 1.0


def test_wishes_follow_from_the_number_alone() -> None:
    for a, b in zip(wishes(5, HEAD), wishes(5, HEAD), strict=True):
        np.testing.assert_array_equal(a.pose, b.pose)
        np.testing.assert_array_equal(a.expression, b.expression)
    assert any((a.pose != b.pose).any()
               for a, b in zip(wishes(5, HEAD), wishes(6, HEAD), strict=True))  # fmt: skip


@pytest.mark.parametrize(("yaw", "cosine", "same"), [
    (0, 0.55, True), (0, 0.45, False), (20, 0.45, True), (-34, 0.36, True), (34, 0.3, False),
])  # fmt: skip
def test_turned_heads_may_be_less_alike_but_never_strangers(
    yaw: float, cosine: float, same: bool
) -> None:
    assert same_person(cosine, np.radians([yaw, 0, 0, 0, 0, 0])) is same
