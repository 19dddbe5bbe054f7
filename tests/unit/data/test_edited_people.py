"""Edits of synthetic people: repeatable, of several kinds, and only where they belong."""

import numpy as np
import pytest

pytest.importorskip("torch")

from openvasa.data.directions import Directions  # noqa: E402
from openvasa.data.edited_people import EYES, MOUTH, VIEWS, edits  # noqa: E402
from openvasa.data.readings import READINGS  # noqa: E402


@pytest.fixture
def directions() -> Directions:
    vectors = np.eye(len(READINGS), 512, dtype=np.float32)
    return Directions(vectors, np.ones(len(READINGS), np.float32))


def test_the_same_person_has_the_same_edits(directions: Directions) -> None:
    styles = np.zeros((23, 512), np.float32)
    first, again, other = (edits(styles, directions, number) for number in (3, 3, 4))
    assert len(first) == VIEWS - 1
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_every_edit_changes_mouth_or_eyes_and_nothing_else(directions: Directions) -> None:
    styles = np.zeros((23, 512), np.float32)
    moved = [m for number in range(40) for m in edits(styles, directions, number)]
    assert all(np.abs(m).sum() > 0 for m in moved)
    beyond = np.ones(23, bool)
    beyond[MOUTH] = beyond[EYES] = False
    assert all((m[beyond] == 0).all() for m in moved)
    turned = READINGS.index("yaw")
    assert all((m[:, turned] == 0).all() for m in moved)
    assert {READINGS[k] for m in moved for k in np.flatnonzero(np.abs(m).sum(0))} == {
        "open", "smile", "closed", "brows",
    }  # fmt: skip
