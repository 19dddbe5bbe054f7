"""Light on a face: nine spherical harmonics, fitted to a photo's skin or drawn.

A light is f32 [9, 3]: shading of a normal = harmonics(normal) @ light, per color channel, scaled so
that it is about 1 over the face. Normals have y up and z toward the camera; colors are linear.
Knows nothing of meshes or rendering.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]

GAMMA = 2.2
DARKEST = 0.22  # no skin is darker than this share of its mean: cast shadows are not modeled
BANDS = (1, 3, 5)
# Diffuse reflection keeps these shares of a light's bands (Ramamoorthi and Hanrahan 2001).
COSINE = np.repeat([np.pi, 2 * np.pi / 3, np.pi / 4], BANDS)
RIDGE = np.repeat([0.0, 0.01, 0.06], BANDS)  # a face shows half of the sphere at best
TYPICAL = np.array([[-0.4, 0.1, 0.9], [0.4, 0.1, 0.9], [0.0, 0.5, 0.85], [0.0, -0.3, 0.95],
                    [0.0, 0.0, 1.0]])  # fmt: skip


def to_linear(color: Floats) -> Floats:
    """Picture values in [0, 1] -> linear light."""
    return np.asarray(np.clip(color, 0, 1) ** GAMMA)


def harmonics(normals: Floats) -> Floats:
    """The first nine real spherical harmonics of unit normals [..., 3], as [..., 9]."""
    x, y, z = normals[..., 0], normals[..., 1], normals[..., 2]
    return np.stack(
        [0.282095 + 0 * x, 0.488603 * y, 0.488603 * z, 0.488603 * x, 1.092548 * x * y,
         1.092548 * y * z, 0.315392 * (3 * z * z - 1), 1.092548 * x * z,
         0.546274 * (x * x - y * y)], -1,
    )  # fmt: skip


def shade(light: Floats, normals: Floats) -> Floats:
    """How bright white would be: [..., 9, 3] lights, [..., N, 3] normals -> [..., N, 3]."""
    value = harmonics(normals) @ light
    # A soft floor: a hard one would draw a line across the cheek.
    return np.asarray(DARKEST + np.logaddexp(0.0, 12.0 * (value - DARKEST)) / 12.0)


def fit_light(colors: Floats, normals: Floats, rounds: int = 8) -> Floats:
    """Explain the colors of one material by a light, robustly.

    Args:
        colors: [N, 3] linear.
        normals: [N, 3] unit.
        rounds: Of reweighting (Huber): moles, beard and cast shadows count less.

    Returns:
        The light [9, 3], about 1 over these normals.
    """
    basis = harmonics(normals)
    level = np.median(colors, 0) + 1e-6
    wanted = colors / level
    weight = np.ones(len(colors))
    light: Floats = np.zeros((9, 3))
    for _ in range(rounds):
        gram = basis.T @ (basis * weight[:, None]) + np.diag(RIDGE * weight.sum())
        light = np.linalg.solve(gram, basis.T @ (wanted * weight[:, None]))
        error = np.linalg.norm(basis @ light - wanted, axis=1)
        width = 1.5 * np.median(error) + 1e-6
        weight = np.minimum(1.0, width / np.maximum(error, 1e-9))
    return np.asarray(light / (basis @ light).mean(0))


def directed(direction: Floats, strength: float, tint: Floats) -> Floats:
    """Ambient light with one lamp.

    Args:
        direction: [3], from the face to the lamp, of any length.
        strength: The lamp's share in [0, 1]; the rest is ambient.
        tint: [3] the lamp's color, around 1.

    Returns:
        The light [9, 3], about 1 over the normals of a face.
    """
    toward = np.asarray(direction) / np.linalg.norm(direction)
    lamp = (COSINE / np.pi * harmonics(toward))[:, None] * tint
    light = strength * lamp
    light[0] += (1 - strength) / 0.282095
    return np.asarray(light / (harmonics(_unit(TYPICAL)) @ light).mean())


def draw_light(rng: np.random.Generator) -> Floats:
    """A light as rooms and days have it, f32 [9, 3]: a lamp from the front half, some ambient."""
    turn, height = rng.uniform(-1.5, 1.5), rng.normal(0.45, 0.35)
    direction = np.array([np.sin(turn), np.clip(height, -0.5, 1.2), np.cos(turn)])
    warmth = rng.normal(0, 0.07)
    light = directed(direction, rng.uniform(0.15, 0.75), np.exp([warmth, 0.0, -warmth]))
    return np.asarray(light * rng.uniform(0.75, 1.12), np.float32)


def toward(light: Floats) -> Floats:
    """Where most of a light comes from: unit vector [3]."""
    linear = light.mean(-1)[[3, 1, 2]]
    return _unit(linear + np.array([0.0, 1e-3, 1e-2]))


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-12))
