"""Renders and drawings: faces of toy meshes and toy photos."""

from pathlib import Path

import numpy as np
import pytest

from openvasa.data.artistic_portraits import STYLES, main, read_obj, render
from openvasa.types import InputError


def test_squares_are_halved(tmp_path: Path) -> None:
    file = tmp_path / "a.obj"
    file.write_text("# a square\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1/1 2/2 3/3 4/4\n")
    points, triangles = read_obj(file)
    assert points.shape == (4, 3)
    assert triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    with pytest.raises(InputError, match="--ict"):
        read_obj(tmp_path / "b.obj")


def test_a_ball_is_brighter_toward_the_light() -> None:
    ring, rise = np.meshgrid(np.linspace(0, 2 * np.pi, 24, endpoint=False),
                             np.linspace(-1.4, 1.4, 9))  # fmt: skip
    points = np.zeros((7000, 3))
    flat = ring.ravel(), rise.ravel()
    ball = [np.cos(flat[1]) * np.sin(flat[0]), np.sin(flat[1]), np.cos(flat[1]) * np.cos(flat[0])]
    points[: 9 * 24] = 8 * np.stack(ball, 1)
    triangles = []
    for row in range(8):
        for k in range(24):
            a, b = 24 * row + k, 24 * row + (k + 1) % 24
            triangles += [(a, b, a + 24), (b, b + 24, a + 24)]
    picture = render(points, np.array(triangles), np.full(points.shape, 0.5), 0.0)
    assert picture.shape == (640, 640, 3)
    center = 320 + 3.5 * 640 / 34  # looked at from above the origin
    upper_left = picture[int(center) - 60, 320 - 60].mean()
    assert upper_left > picture[int(center) + 60, 320 + 60].mean() + 20


@pytest.mark.parametrize("style", STYLES)
def test_drawings_keep_the_size_and_have_fewer_colors(style: str) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (64, 48, 3)).astype(np.uint8)
    drawn = STYLES[style](photo)
    assert drawn.shape == photo.shape and drawn.dtype == np.uint8
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) < len(
        np.unique(photo.reshape(-1, 3), axis=0)
    )


def test_a_missing_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-o", str(tmp_path), "--ict", str(tmp_path / "no"), "--photos", "a.jpg"]
    assert main(words) == 2
    assert "FaceXModel" in capsys.readouterr().err
