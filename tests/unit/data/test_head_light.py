"""Light as nine harmonics: known lamps are found again, drawn ones are usable."""

from __future__ import annotations

import numpy as np

from openvasa.data.head_light import directed, draw_light, fit_light, harmonics, shade, toward


def normals(count: int = 400) -> np.ndarray:
    """Unit normals of a face: around the direction of the camera."""
    rng = np.random.default_rng(0)
    raw = rng.normal([0, 0, 1.2], [0.8, 0.6, 0.3], (count, 3))
    raw[:, 2] = np.abs(raw[:, 2])
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def test_harmonics_are_orthonormal_over_the_sphere() -> None:
    raw = np.random.default_rng(1).normal(size=(200_000, 3))
    basis = harmonics(raw / np.linalg.norm(raw, axis=1, keepdims=True))
    gram = 4 * np.pi * basis.T @ basis / len(basis)
    np.testing.assert_allclose(gram, np.eye(9), atol=0.03)


def test_a_known_light_is_found_through_outliers() -> None:
    at, rng = normals(), np.random.default_rng(2)
    light = directed(np.array([0.8, 0.4, 0.6]), 0.6, np.ones(3))
    colors = np.array([0.5, 0.3, 0.2]) * shade(light, at)
    colors[rng.random(len(at)) < 0.1] *= 0.2  # a beard
    found = fit_light(colors, at)
    wanted = shade(light, at) / shade(light, at).mean(0)
    assert np.abs(shade(found, at) / shade(found, at).mean(0) - wanted).mean() < 0.05
    assert toward(found) @ toward(light) > 0.85


def test_a_lamp_on_the_right_lights_the_right() -> None:
    light = directed(np.array([1.0, 0.0, 1.0]), 0.7, np.ones(3))
    left, right = shade(light, np.array([[-0.7, 0, 0.7], [0.7, 0, 0.7]]))
    assert (right > 1.3 * left).all()


def test_drawn_lights_leave_faces_lit() -> None:
    at = normals()
    for seed in range(50):
        value = shade(draw_light(np.random.default_rng(seed)), at)
        assert value.min() > 0.15 and 0.5 < value.mean() < 1.5
