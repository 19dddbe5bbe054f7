"""Teeth, gums, tongue and the dark behind them: where they are and what color they have.

Works on the vertices of the basis' mouth mesh; whoever rasterizes it interpolates. Colors are
linear and lit by the portrait's own light, so that teeth are no whiter than its eyes allow.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from openvasa.data.head import FittedHead, HeadBasis, vertex_normals
from openvasa.data.head import index_of as shape
from openvasa.data.head_light import Floats, shade, to_linear, toward
from openvasa.latent.mouth import MouthMesh
from openvasa.latent.raster import pixels
from openvasa.latent.surface import (
    CHIN,
    EYES,
    INNER_LOWER,
    INNER_UPPER,
    LIPS,
    rotation_from,
    smooth,
)
from openvasa.types import EXPRESSION_DIM, Image

UPPER_TEETH_DROP = 0.026  # crop units: lips of the scans hide more teeth than speakers' do
GUM_REACH = 0.022  # crop units: flesh this near to teeth is gum
SOCKET, GUM, TONGUE, TEETH = 0, 1, 2, 3
# Linear albedo relative to the white of the portrait's light.
TONES = to_linear(
    np.array([[0.42, 0.17, 0.16], [0.78, 0.45, 0.43], [0.83, 0.46, 0.45], [0.97, 0.92, 0.85]])
)
NECK_OF_TOOTH = np.array([0.95, 0.86, 0.74])  # toward the gum, teeth are thinner and yellower
GLOSS = np.array([0.02, 0.10, 0.22, 0.22])  # wet flesh and enamel shine
SHARP = np.array([10.0, 20.0, 12.0, 30.0])
DEEPEST = 0.36  # crop units behind the lips: no light comes back from further in


class MouthInterior:
    """The mouth of one `HeadBasis`, for anybody."""

    def __init__(self, basis: HeadBasis) -> None:
        """Tell teeth apart and flesh from flesh."""
        self.basis = basis
        kept, self.triangles = _visible(basis)
        mean, part = basis.mouth_mean[kept].astype(np.float64), basis.mouth_part[kept]
        self.mean = basis.mouth_mean[kept]
        self.moves = np.ascontiguousarray(
            basis.mouth_expression[:, kept].reshape(EXPRESSION_DIM, -1)
        )
        still = np.linalg.norm(basis.mouth_expression[shape("jawOpen")][kept], axis=1)
        upper = still < 0.25 * max(float(still.max()), 1e-9)
        self.upper = (part > 0) & upper
        self.normals = vertex_normals(mean, self.triangles)
        self.kind = np.array([SOCKET, TONGUE, TEETH])[part]
        apart = cKDTree(mean[part == 2]).query(mean)[0]
        self.kind[(part == 1) & (upper | (apart < GUM_REACH))] = GUM
        self.color = TONES[self.kind]
        groove = 1 - 0.3 * np.exp(-((mean[:, 0] / 0.008) ** 2))
        grain = 1 + np.random.default_rng(0).normal(0, 0.10, len(mean))  # papillae
        tongue = self.kind == TONGUE
        self.color[tongue] *= (groove * grain)[tongue, None]
        for tooth in _pieces(self.triangles, len(mean)):
            if part[tooth[0]] == 2:
                self.color[tooth] = _enamel(mean[tooth], bool(upper[tooth[0]]))

    def place(self, head: FittedHead, expression: Floats) -> Floats:
        """Canonical positions [N, M, 3] of the mouth's vertices at expressions [N, 45]."""
        basis, mean = self.basis, self.basis.mean
        own = _neutral(basis, head)
        width = np.linalg.norm(own[61] - own[291]) / np.linalg.norm(mean[61] - mean[291])
        moved = expression.astype(np.float32) @ self.moves
        points = self.mean + moved.reshape(len(expression), -1, 3)
        points = (points - mean[LIPS].mean(0)) * np.array([width, 1.0, 1.0])
        raised = np.maximum(*(expression[:, shape(f"mouthUpperUp{k}")] for k in ("Left", "Right")))
        points[:, self.upper, 1] -= UPPER_TEETH_DROP * (1 - np.clip(raised, 0, 1))[:, None]
        return np.asarray(points + own[LIPS].mean(0))

    def shade(self, placed: Floats, face: Floats, pose: Floats, light: Floats,
              white: Floats) -> Floats:  # fmt: skip
        """Linear colors [M, 3] of one frame.

        Args:
            placed: [M, 3] from `place`.
            face: [468, 3] canonical face with its expression.
            pose: z_pose [6].
            light: [9, 3].
            white: [3] linear color of something white in this light.
        """
        normal = self.normals @ rotation_from(pose).T
        opened = np.linalg.norm(face[INNER_UPPER] - face[INNER_LOWER], axis=1).max()
        corner = 0.5 * np.linalg.norm(face[61] - face[291])
        depth = placed[:, 2] - face[LIPS, 2].mean()
        flesh = self.kind != TEETH
        open_to_light = np.exp(np.minimum(depth + 0.09, 0.0) * np.where(flesh, 13.0, 6.0))
        open_to_light *= np.exp(-((placed[:, 0] / (0.85 * corner)) ** 4))
        open_to_light *= np.where(flesh, 0.35 + 0.65 * smooth(opened / 0.16), 1.0)
        open_to_light *= _under_lips(placed, face)
        diffuse = 0.35 + 0.65 * np.minimum(shade(light, normal), 1.5)
        half = toward(light) + np.array([0.0, 0.0, 1.0])
        shine = np.maximum(normal @ (half / np.linalg.norm(half)), 0.0) ** SHARP[self.kind]
        wet = np.maximum(1 - np.abs(normal[:, 2]), 0.0) ** 2 * flesh  # seen flat, wet flesh mirrors
        shine = shine + 0.5 * wet
        color = self.color * diffuse + (GLOSS[self.kind] * shine)[:, None]
        return np.asarray(white * color * open_to_light[:, None])


def mouth_mesh(basis: HeadBasis) -> MouthMesh:
    """The mouth of the mean face as a model carries it: lit from in front, moved by the jaw."""
    mouth, jaw = MouthInterior(basis), shape("jawOpen")
    lit = 0.45 + 0.55 * np.maximum(mouth.normals[:, 2:], 0.0)
    return MouthMesh(
        points=(mouth.mean - basis.mean[LIPS].mean(0)).astype(np.float32),
        jaw=mouth.moves[jaw].reshape(-1, 3).astype(np.float32),
        chin=basis.expression[jaw][CHIN].astype(np.float32),
        color=(mouth.color * lit).astype(np.float32),
        upper=mouth.upper.astype(np.float32),
        flesh=(mouth.kind != TEETH).astype(np.float32),
        triangles=mouth.triangles,
        width=np.array([np.linalg.norm(basis.mean[61] - basis.mean[291])], np.float32),
    )


def white_of(photo: Image, head: FittedHead) -> Floats:
    """Linear color [3] of something white in the portrait's light, from eyes and skin."""
    small = cv2.resize(photo, (128, 128), interpolation=cv2.INTER_AREA) / 255.0
    found = []
    for contour in EYES:
        mask = np.zeros((128, 128), np.uint8)
        cv2.fillPoly(mask, [np.rint(pixels(head.landmarks[contour], 128)).astype(np.int32)], 1)
        found.append(to_linear(small[mask > 0]))
    eyes = np.concatenate(found)
    bright = eyes[eyes.mean(1) >= np.quantile(eyes.mean(1), 0.7)].mean(0) + 1e-4
    at = np.rint(pixels(head.landmarks[[50, 280, 151]], 128)).astype(int).clip(0, 127)
    skin = to_linear(small[at[:, 1], at[:, 0]]).mean()
    level = np.clip(1.9 * bright.mean(), max(1.3 * skin, 0.15), 0.95)
    # A third of the eyes' color cast: lids tint what the lens sees of them.
    return np.asarray(level * (bright / bright.mean() + 2.0) / 3)


def _visible(basis: HeadBasis) -> tuple[np.ndarray, np.ndarray]:
    """(vertices kept, triangles over them): what can be seen between lips from in front."""
    triangles, mean = basis.mouth_triangles, basis.mouth_mean
    corner = mean[triangles]
    facing = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    facing = facing[:, 2] / (np.linalg.norm(facing, axis=1) + 1e-12)
    middle, lips = corner.mean(1), basis.mean[LIPS].mean(0)
    teeth = basis.mouth_part[triangles[:, 0]] == 2
    keep = (middle[:, 1] < lips[1] + 0.18) & (middle[:, 2] > lips[2] - DEEPEST)
    keep &= ~teeth | (facing > -0.4)
    kept, flat = np.unique(triangles[keep], return_inverse=True)
    return kept, flat.reshape(-1, 3)


def _neutral(basis: HeadBasis, head: FittedHead) -> Floats:
    return np.asarray(head.canonical - np.tensordot(head.expression, basis.expression, 1))


def _under_lips(placed: Floats, face: Floats) -> Floats:
    """Shadow of the lips [M] on what is behind them: the upper one's reaches further."""
    x, y = placed[:, 0], placed[:, 1]
    top, low = face[INNER_UPPER], face[INNER_LOWER]
    above = np.interp(x, top[:, 0], top[:, 1]) - y
    below = y - np.interp(x, low[:, 0], low[:, 1])
    return np.asarray((0.42 + 0.58 * smooth(above / 0.045)) * (0.6 + 0.4 * smooth(below / 0.03)))


def _pieces(triangles: np.ndarray, count: int) -> list[np.ndarray]:
    """Vertices of each connected piece of a mesh."""
    ends = (triangles.ravel(), np.roll(triangles, 1, 1).ravel())
    edges = coo_matrix((np.ones(len(ends[0])), ends), (count, count))
    label = connected_components(edges, directed=False)[1]
    order = np.argsort(label, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1)


def _enamel(tooth: Floats, upper: bool) -> Floats:
    """Linear albedo [n, 3] over one tooth: shadow between teeth, yellower neck, gray edge."""
    center = (tooth.min(0) + tooth.max(0)) / 2
    front = np.array([center[0], 0.0, max(center[2] - 0.17, 0.05)])  # the arch's outward normal
    along = np.array([front[2], 0.0, -front[0]]) / np.linalg.norm(front)
    across = (tooth - center) @ along
    across = across / (np.abs(across).max() + 1e-9)
    height = (tooth[:, 1] - tooth[:, 1].min()) / (np.ptp(tooth[:, 1]) + 1e-9)
    height = 1 - height if upper else height  # 0 at the gum, 1 at the edge
    between = 1 - 0.35 * smooth((np.abs(across) - 0.65) / 0.35)
    neck = smooth((0.55 - height) / 0.55)[:, None]
    edge = smooth((height - 0.82) / 0.18)
    color = TONES[TEETH] * (1 - neck * (1 - NECK_OF_TOOTH))
    color = color * (1 - 0.18 * edge[:, None] * np.array([1.0, 0.95, 0.85]))
    back = 1 - 0.25 * smooth((0.40 - center[2]) / 0.25)
    return np.asarray(color * (between * back)[:, None])
