"""A face through a video: what is lost is held, then refused; smoothing adds no delay."""

from pathlib import Path

import numpy as np
import pytest

from openvasa.engine.track import Track, smoothed
from openvasa.face.landmarks import Mesh
from openvasa.types import InputError


def _mesh(x: float, height: float = 100.0) -> Mesh:
    points = np.zeros((478, 3), np.float32)
    points[:, 0] = x
    points[10, 1], points[152, 1] = 0, height
    return Mesh(points=points, presence=1.0)


def _track(meshes: list[Mesh | None], rate: float = 25.0) -> Track:
    track = Track(Path("a.mp4"))
    for number, mesh in enumerate(meshes):
        track.add(3.0 + number / rate, mesh)
    return track


def test_a_lost_face_stays_where_it_was() -> None:
    track = _track([None, _mesh(1), _mesh(2), None, None, _mesh(5)])
    assert track.points()[:, 0, 0].tolist() == [1, 1, 2, 2, 2, 5]


def test_a_face_lost_for_long_is_refused_with_the_time() -> None:
    with pytest.raises(InputError, match=r"lost from 0\.4 s"):
        _track([*[_mesh(0)] * 11, *[None] * 40])
    with pytest.raises(InputError, match="no face"):
        _track([None] * 40)
    with pytest.raises(InputError, match="no face"):
        _track([None] * 3).check_end()
    with pytest.raises(InputError, match="20 pixels"):
        _track([_mesh(0, 20)])


@pytest.mark.parametrize(
    ("rate", "pictures", "frames"), [(25, 50, 50), (30, 60, 50), (12.5, 25, 50), (60, 1, 1)]
)
def test_any_rate_becomes_25(rate: float, pictures: int, frames: int) -> None:
    track = _track([_mesh(k / rate) for k in range(pictures)], rate)
    read = track.resampled(track.points()[:, 0])
    assert len(read) == frames
    inside = np.arange(frames) / 25 <= (pictures - 1) / rate
    assert np.allclose(read[inside, 0], (np.arange(frames) / 25)[inside], atol=1e-5)


def test_smoothing_keeps_curves_in_place_and_takes_noise_away() -> None:
    t = np.arange(60.0)
    curve = np.stack([0.1 * t, 0.01 * (t - 30) ** 2], 1)
    assert np.allclose(smoothed(curve, 9)[4:-4], curve[4:-4])
    peak = np.exp(-(((t - 30) / 4) ** 2))[:, None]
    assert smoothed(peak, 9).argmax() == 30
    noise = np.random.default_rng(0).normal(size=(400, 1))
    assert smoothed(noise, 9).std() < 0.6 * noise.std()
    assert np.array_equal(smoothed(noise, 3), noise)
    assert len(smoothed(noise[:2], 9)) == 2
