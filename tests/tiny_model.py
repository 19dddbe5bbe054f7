"""A whole model of random weights, small enough for tests: built once a session, in seconds."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.spatial import Delaunay

from openvasa.latent.mouth import MouthMesh
from openvasa.latent.surface import EYES, OVAL
from openvasa.types import AlignedFace, CropBox

_KEPT: list[TemporaryDirectory[str]] = []  # removed when the process ends


@cache
def tiny_bundle() -> Path:
    """The folder of a bundle with random weights; it speaks, but says nothing."""
    import torch

    from openvasa.engine.export import export_bundle
    from openvasa.engine.torch_backend import networks
    from openvasa.latent.config import PRESETS as LATENT
    from openvasa.motion.config import PRESETS as MOTION
    from openvasa.motion.config import MotionStats

    _KEPT.append(TemporaryDirectory(prefix="openvasa-tiny-"))
    folder = Path(_KEPT[-1].name) / "tiny"
    latent, motion = LATENT["tiny"], MOTION["tiny"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        models = networks(latent, motion)
        for name in ("out.weight", "out_modulation.weight"):  # zero at first: no motion at all
            torch.nn.init.normal_(models["denoiser"].get_parameter(name), std=0.2)
    mean = mean_face()
    models["autoencoder"].warp.set_template(torch.from_numpy(np.concatenate([mean, mean[:10]])))
    std = np.full(54, 0.05, np.float32)
    export_bundle(
        folder, name="tiny", networks=models, latent=latent, motion=motion,
        stats=MotionStats(np.zeros(54, np.float32), std), surface=_surface(mean),
        notice="Random numbers.", sources=["a seed"],
    )  # fmt: skip
    return folder


def mean_face() -> np.ndarray:
    """f32 [468, 3]: an oval of points with two eyes, y up."""
    rng = np.random.default_rng(0)
    turn, reach = rng.uniform(0, 2 * np.pi, 468), 0.9 * np.sqrt(rng.uniform(0, 1, 468))
    xy = np.stack([0.36 * reach * np.cos(turn), 0.47 * reach * np.sin(turn)], 1)
    around = np.pi / 2 - np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    xy[OVAL] = np.stack([0.36 * np.cos(around), 0.47 * np.sin(around)], 1)
    for side, contour in zip((-1, 1), EYES, strict=True):
        angle = np.pi - np.linspace(0, 2 * np.pi, len(contour), endpoint=False)
        xy[contour] = np.stack([0.15 * side + 0.06 * np.cos(angle), 0.12 + 0.03 * np.sin(angle)], 1)
    z = 0.45 * np.sqrt(np.clip(1 - (xy[:, 0] / 0.5) ** 2 - (xy[:, 1] / 0.6) ** 2, 0, 1))
    return np.concatenate([xy, z[:, None]], 1).astype(np.float32)


def _surface(mean: np.ndarray) -> dict[str, np.ndarray]:
    triangles = Delaunay(mean[:, :2]).simplices
    center = mean[triangles].mean(1)
    mouth = (np.abs(center[:, 0]) < 0.1) & (np.abs(center[:, 1] + 0.2) < 0.03)
    eyes = (np.abs(np.abs(center[:, 0]) - 0.15) < 0.04) & (np.abs(center[:, 1] - 0.12) < 0.02)
    balls = []
    for contour in EYES:
        ring = mean[contour, :2].mean(0) + 0.02 * np.array(
            [[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]]
        )
        balls.append(Delaunay(np.concatenate([ring, mean[contour, :2]])).simplices)
    count = min(len(ball) for ball in balls)
    return {
        "mean": mean, "skin": triangles[~(mouth | eyes)], "mouth": triangles[mouth],
        "eyes": triangles[eyes], "eyeballs": np.stack([ball[:count] for ball in balls]),
        **_mouth().tensors(),
    }  # fmt: skip


def _mouth() -> MouthMesh:
    """Two plates behind the lips, the lower one on the jaw."""
    x, y = np.meshgrid([-0.1, 0.0, 0.1], [0.06, 0.0, -0.06])
    points = np.stack([x.ravel(), y.ravel(), np.full(9, -0.03)], 1).astype(np.float32)
    jaw = np.zeros_like(points)
    jaw[6:, 1] = -0.15
    return MouthMesh(
        points=points, jaw=jaw, chin=np.tile(np.float32([0, -0.15, 0]), (3, 1)),
        color=np.full((9, 3), 0.9, np.float32), upper=(points[:, 1] > -0.01).astype(np.float32),
        flesh=np.zeros(9, np.float32), triangles=Delaunay(points[:, :2]).simplices,
        width=np.float32([0.2]),
    )  # fmt: skip


def tiny_face(side: int = 96) -> AlignedFace:
    """A photo of noise in which the mean face is said to be."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(40, 215, (12, 16, 3), dtype=np.uint8)
    photo = np.kron(coarse, np.ones((side // 8, side // 8, 1), np.uint8))
    mean = mean_face() * np.array([1, -1, -1], np.float32)
    irises = [mean[contour].mean(0) for contour in EYES]
    landmarks = np.concatenate([mean, *(np.tile(iris, (5, 1)) for iris in irises)])
    height, width = photo.shape[:2]
    return AlignedFace(
        photo=photo, box=CropBox(width / 2, height / 2, float(side)),
        landmarks=landmarks.astype(np.float32), faces=1, score=1.0,
    )  # fmt: skip


def tone(seconds: float) -> np.ndarray:
    """f32 [N] at 16 kHz: a tone that swells four times a second, as syllables do."""
    t = np.arange(round(16_000 * seconds)) / 16_000
    wave = 0.3 * np.sin(2 * np.pi * 160 * t) * (0.5 - 0.5 * np.cos(2 * np.pi * 4 * t))
    return wave.astype(np.float32)
