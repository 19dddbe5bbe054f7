"""Turns and faces of drawn heads."""

import numpy as np
import pytest

from openvasa.commands.evaluate_latent_heads import POSES, face_of, turn_shown


def test_turns_are_read_along_their_own_axis() -> None:
    asked = np.array([[0, 0, 0], *([edit.yaw, edit.pitch, edit.roll] for edit in POSES)])
    shown = turn_shown(0.8 * asked + [3.0, -2.0, 1.0], "mesh")
    assert [one["turn_shown_/_asked_(mesh)"] for one in shown] == pytest.approx([0.8] * len(POSES))


def test_a_face_lies_inside_the_picture_even_where_its_points_do_not() -> None:
    points = np.full((478, 3), 100.0)
    points[0], points[1] = [40, 50, 0], [120, 160, 0]
    assert face_of(points, 256) == (slice(50, 160), slice(40, 120))
    rows, columns = face_of(points + 400, 256)
    assert 0 <= rows.start < rows.stop <= 256 and columns.stop - columns.start >= 16
