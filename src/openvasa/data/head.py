"""The parametric head over a portrait: pose, expression and the mesh that carries the photo.

Points are in crop units; internally y is up and z toward the camera. Knows nothing of rendering
(`head_render`), nor of networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numba import njit
from safetensors.numpy import load_file, save_file

from openvasa.latent.control_points import control_points
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER, IRIS, LIDS, to_canonical, transform
from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES

SHIPPED = Path(__file__).parent / "models" / "head.safetensors"
OUTER_UPPER = np.array([185, 40, 39, 37, 0, 267, 269, 270, 409])
OUTER_LOWER = np.array([146, 91, 181, 84, 17, 314, 405, 321, 375])
OUTER_LIPS = np.array([61, *OUTER_UPPER, 291, *OUTER_LOWER[::-1]])
BLINKS = ("eyeBlinkRight", "eyeBlinkLeft")  # in image order, as `surface.LIDS`
LIDS_SHUT = 0.85  # from here on they shut wholly
EYE_CORNERS = ((33, 133), (362, 263))
EYEBALL_RADIUS = 0.0635  # crop units: 12 mm where the face is 190 mm high
GAZE_REST = np.array([0.0, 0.21])  # where irises sit in portraits that look into the camera
_NAME = {name: i for i, name in enumerate(EXPRESSION_NAMES)}


def angles_from(rotation: np.ndarray) -> np.ndarray:
    """(yaw, pitch, roll) of a rotation matrix; inverse of `rotation_from` for |pitch| < 90."""
    pitch = np.arcsin(np.clip(-rotation[2, 1], -1, 1))
    yaw = np.arctan2(-rotation[2, 0], rotation[2, 2])
    roll = np.arctan2(rotation[0, 1], rotation[1, 1])
    return np.array([yaw, pitch, roll])


class Solver(NamedTuple):
    """A bounded ridge regression onto shapes.

    Attributes:
        shapes: [K, 3 * 468].
        gram: [K, K], the shapes' inner products with the ridge added.
        low: [K] smallest weights.
        high: [K] largest weights.
    """

    shapes: np.ndarray
    gram: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class HeadBasis:
    """Mean face, shapes and mouth interior (see `head_basis`)."""

    mean: np.ndarray  # [468, 3]
    expression: np.ndarray  # [45, 468, 3]
    identity: np.ndarray  # [50, 468, 3]
    mouth_mean: np.ndarray  # [M, 3]
    mouth_expression: np.ndarray  # [45, M, 3]
    mouth_triangles: np.ndarray  # [F, 3]
    mouth_part: np.ndarray  # [M] 0 socket, 1 gums and tongue, 2 teeth

    @cached_property
    def alone(self) -> Solver:
        """Expressions only, for a person whose neutral shape is known."""
        shapes = self.expression[:-2].reshape(EXPRESSION_DIM - 2, -1).astype(np.float64)
        zero, one = np.zeros(len(shapes)), np.ones(len(shapes))
        return Solver(shapes, shapes @ shapes.T + 0.01 * np.eye(len(shapes)), zero, one)

    @cached_property
    def joint(self) -> Solver:
        """Expressions and identity together."""
        people = self.identity.reshape(len(self.identity), -1).astype(np.float64)
        shapes = np.concatenate([self.alone.shapes, people])
        ridge = np.repeat([0.02, 0.004], [len(self.alone.shapes), len(people)])
        wide = np.full(len(people), 4.0)
        return Solver(
            shapes, shapes @ shapes.T + np.diag(ridge),
            np.concatenate([self.alone.low, -wide]), np.concatenate([self.alone.high, wide]),
        )  # fmt: skip


def save_basis(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write the tensors of a `HeadBasis` as safetensors."""
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, str(path))


def load_basis(path: Path = SHIPPED) -> HeadBasis:
    """Read what `head_basis` wrote, in any precision; without a path, the head that ships."""
    wide = {"f": np.float32, "i": np.int32}  # by the kind of dtype
    return HeadBasis(**{k: v.astype(wide[v.dtype.kind]) for k, v in load_file(str(path)).items()})


@dataclass(frozen=True)
class FittedHead:
    """One face explained by the head: canonical shape, pose, expression.

    Attributes:
        canonical: [468, 3] the person's points in the mean face's frame, expression included.
        pose: z_pose [6] (see `openvasa.types.POSE_NAMES`).
        expression: e [45].
        landmarks: [478, 3] as seen, y up.
    """

    canonical: np.ndarray
    pose: np.ndarray
    expression: np.ndarray
    landmarks: np.ndarray


@njit(cache=True)
def bounded_ridge(gram: np.ndarray, target: np.ndarray, low: np.ndarray,
                  high: np.ndarray) -> np.ndarray:  # fmt: skip
    """Minimize x'Gx/2 - t'x within bounds by coordinate descent (G includes the ridge)."""
    x = np.zeros(len(target))
    for _ in range(80):
        for k in range(len(x)):
            step = target[k] - np.dot(gram[k], x)
            x[k] = min(max(x[k] + step / gram[k, k], low[k]), high[k])
    return x


def fit(basis: HeadBasis, landmarks: np.ndarray, identity: np.ndarray | None = None) -> FittedHead:
    """Explain landmarks [478, 3] (crop units, image convention) by pose, identity, expression.

    Args:
        basis: The parametric head.
        landmarks: What the landmarker saw.
        identity: [468, 3] neutral canonical shape of the person where known (from a clip);
            else it is fitted together with the expression.
    """
    points, (scale, rotation, shift) = control_points(landmarks, basis.mean)
    canonical = (points[:468] - shift) @ rotation / scale
    pose = np.concatenate([angles_from(rotation), [shift[0], -shift[1], np.log(scale)]])
    solver = basis.joint if identity is None else basis.alone
    offset = (canonical - (basis.mean if identity is None else identity)).ravel()
    found = bounded_ridge(solver.gram, solver.shapes @ offset, solver.low, solver.high)
    found = found[: EXPRESSION_DIM - 2]
    expression = np.concatenate([found, gaze_of(canonical, points, rotation, scale, shift)])
    return FittedHead(canonical, pose, expression, points)


def gaze_of(canonical: np.ndarray, points: np.ndarray, rotation: np.ndarray, scale: float,
            shift: np.ndarray) -> np.ndarray:  # fmt: skip
    """Eye-in-head (yaw, pitch) in radians from the iris centers, mean of both eyes."""
    angles = []
    for (outer, inner), iris in zip(EYE_CORNERS, IRIS, strict=True):
        center = (canonical[outer] + canonical[inner]) / 2
        seen = (points[iris] - shift) @ rotation / scale
        offset = np.clip((seen - center)[:2] / EYEBALL_RADIUS, -0.7, 0.7)
        angles.append(np.arcsin(offset))
    return np.mean(angles, 0) - GAZE_REST


def pose_head(basis: HeadBasis, head: FittedHead, pose: np.ndarray,
              expression: np.ndarray) -> np.ndarray:  # fmt: skip
    """The person's points [478, 3] (y up, crop units) at another pose and expression."""
    face = express(basis, head.canonical[None], head.expression[None], expression[None])[0]
    return transform(np.concatenate([face, iris_points(head, expression)]), pose)


def express(basis: HeadBasis, canonical: np.ndarray, own: np.ndarray,
            wanted: np.ndarray) -> np.ndarray:  # fmt: skip
    """Canonical faces [N, 468, 3] with expressions [N, 45] changed from `own` to `wanted`.

    Lips meet or part exactly as the shapes say: what the fit left of the portrait's own lip gap
    is taken away, so that a smiling portrait can close its mouth.
    """
    moved = canonical + np.einsum("ne,epc->npc", wanted - own, basis.expression, optimize=True)
    upper, lower = basis.expression[:, INNER_UPPER], basis.expression[:, INNER_LOWER]
    gap = np.einsum("ne,epc->npc", wanted, upper - lower)
    gap[..., 1] = np.maximum(gap[..., 1], 0.0)
    excess = moved[:, INNER_UPPER] - moved[:, INNER_LOWER] - gap
    for inner, outer, sign in (
        (INNER_UPPER, OUTER_UPPER, -0.5),
        (INNER_LOWER, OUTER_LOWER, 0.5),
    ):
        moved[:, inner] += sign * excess
        moved[:, outer] += 0.6 * sign * excess
    for (upper, lower), name in zip(LIDS, BLINKS, strict=True):
        shut = np.clip(2 * wanted[:, index_of(name)] / LIDS_SHUT - 1, 0, 1)[:, None, None]
        gap = shut * (moved[:, upper] - moved[:, lower])
        moved[:, upper] -= 0.85 * gap
        moved[:, lower] += 0.15 * gap
    return moved


def iris_points(head: FittedHead, expression: np.ndarray) -> np.ndarray:
    """Canonical iris points [10, 3] (center and ring, both eyes) for the gaze in `expression`."""
    own = to_canonical(head.landmarks[468:], head.pose)
    turn = np.sin(expression[-2:] + GAZE_REST) - np.sin(head.expression[-2:] + GAZE_REST)
    own[:, :2] += EYEBALL_RADIUS * turn
    return own


def vertex_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals [V, 3] of a mesh [V, 3]; triangles [F, 3] turn counterclockwise seen outside."""
    a, b, c = points[triangles].transpose(1, 0, 2)
    flat = np.cross(b - a, c - a)
    ends = triangles.T.ravel()
    total = np.stack([np.bincount(ends, np.tile(flat[:, k], 3), len(points)) for k in range(3)], 1)
    return total / (np.linalg.norm(total, axis=-1, keepdims=True) + 1e-12)


def index_of(name: str) -> int:
    """Position of an expression in `EXPRESSION_NAMES`."""
    return _NAME[name]
