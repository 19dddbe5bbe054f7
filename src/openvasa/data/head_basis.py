"""Builds the parametric head from ICT-FaceKit: its shapes carried onto the 468-point face mesh.

`python -m openvasa.data.head_basis --ict FOLDER --landmarks portraits.npz --out head.safetensors`

The landmarker's 468 points of many portraits give the mean face; the scan-based expression and
identity shapes of ICT-FaceKit (MIT) are read at the nearest surface point of each of them. Teeth,
gums and tongue are carried along as a mesh of their own. The result is an ingredient of training
and is not part of the installed product.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from openvasa.data.head import save_basis
from openvasa.latent.surface import STABLE, rigid_fit
from openvasa.types import EXPRESSION_NAMES

MESH_HEIGHT = 2 / 2.2  # forehead (10) to chin (152) of the mean face, crop units
IDENTITIES = 50
MOUTH_PARTS = {"gums": (14062, 17038), "teeth": (17039, 21450)}
INNER_MOUTH = (11248, 21451)  # socket, gums, tongue and teeth of ICT-FaceKit
EYE_LOOK_RANGE = np.deg2rad(30.0)  # eye rotation that the eyeLook shapes stand for

# ICT landmark ordinal (Multi-PIE 68) -> point of the 468-point mesh.
PIE_TO_MESH = {
    8: 152, 17: 70, 18: 63, 19: 105, 20: 66, 21: 107, 22: 336, 23: 296, 24: 334, 25: 293,
    26: 300, 27: 168, 28: 197, 29: 5, 30: 4, 31: 98, 32: 97, 33: 2, 34: 326, 35: 327, 36: 33,
    37: 160, 38: 158, 39: 133, 40: 153, 41: 144, 42: 362, 43: 385, 44: 387, 45: 263, 46: 373,
    47: 380, 48: 61, 49: 39, 50: 37, 51: 0, 52: 267, 53: 269, 54: 291, 55: 405, 56: 314, 57: 17,
    58: 84, 59: 181, 60: 78, 61: 82, 62: 13, 63: 312, 64: 308, 65: 317, 66: 14, 67: 87,
}  # fmt: skip
UPPER_LIP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 78, 191, 80, 81, 82, 13, 312, 311,
             310, 415, 308)  # fmt: skip
LOWER_LIP = (375, 321, 405, 314, 17, 84, 181, 91, 146, 324, 318, 402, 317, 14, 87, 178, 88, 95)
UPPER_LIDS = (246, 161, 160, 159, 158, 157, 173, 466, 388, 387, 386, 385, 384, 398)
LOWER_LIDS = (155, 154, 153, 145, 144, 163, 7, 382, 381, 380, 374, 373, 390, 249)


def read_obj(path: Path) -> tuple[np.ndarray, list[list[int]]]:
    """Vertices f64 [N, 3] and faces (lists of vertex indices) of an OBJ file."""
    vertices, faces = [], []
    for line in path.read_text().splitlines():
        if line.startswith("v "):
            vertices.append([float(v) for v in line.split()[1:4]])
        elif line.startswith("f "):
            faces.append([int(t.split("/")[0]) - 1 for t in line.split()[1:]])
    return np.array(vertices), faces


def mean_face(landmarks: np.ndarray) -> np.ndarray:
    """Generalized Procrustes mean of [N, 468, 3] landmarks, y up, z toward the camera."""
    points = landmarks[:, :468] * np.array([1.0, -1.0, -1.0])
    mean = points[0] - points[0].mean(0)
    for _ in range(5):
        aligned = []
        for face in points:
            scale, rotation, shift = rigid_fit(face[STABLE], mean[STABLE])
            aligned.append(scale * face @ rotation.T + shift)
        mean = np.mean(aligned, 0)
    mean = mean - mean[STABLE].mean(0)
    return mean * (MESH_HEIGHT / np.linalg.norm(mean[10] - mean[152]))


def nearest(warped: np.ndarray, neutral: np.ndarray, jaw: np.ndarray,
            blink: np.ndarray) -> np.ndarray:  # fmt: skip
    """Index of the ICT face vertex for each mesh point, lips and lids kept on their own side.

    Args:
        warped: [468, 3] mesh points in the scans' space.
        neutral: [N, 3] neutral scan.
        jaw: [N] how far each vertex moves with the jaw.
        blink: [N] how far up each vertex moves in a blink.
    """
    face = np.arange(9409)
    index = cKDTree(neutral[face]).query(warped)[1]
    sides = (
        (UPPER_LIP, face[jaw[face] < 0.15 * jaw[face].max()]),
        (LOWER_LIP, face[jaw[face] > 0.5 * jaw[face].max()]),
        (UPPER_LIDS, face[blink[face] < 0.35 * blink[face].min()]),
        (LOWER_LIDS, face[np.abs(blink[face]) < 0.3 * np.abs(blink[face]).max()]),
    )
    for points, allowed in sides:
        index[list(points)] = allowed[cKDTree(neutral[allowed]).query(warped[list(points)])[1]]
    return index


def expression_shapes(deltas: dict[str, np.ndarray]) -> np.ndarray:
    """The 45 shapes of `EXPRESSION_NAMES` from ICT's 55, [45, N, 3]; gaze moves the lids."""
    out = []
    for name in EXPRESSION_NAMES[:-2]:
        ict = name.replace("Left", "_L").replace("Right", "_R")
        if ict in ("mouth_L", "mouth_R", "jaw_L", "jaw_R"):
            ict = name
        out.append(deltas[ict] if ict in deltas else deltas[f"{ict}_L"] + deltas[f"{ict}_R"])
    out.append(np.zeros_like(out[0]))
    up = deltas["eyeLookUp_L"] + deltas["eyeLookUp_R"]
    down = deltas["eyeLookDown_L"] + deltas["eyeLookDown_R"]
    out.append((up - down) / 2 / EYE_LOOK_RANGE)
    return np.stack(out)


def build(ict: Path, landmarks: np.ndarray) -> dict[str, np.ndarray]:
    """All tensors of the parametric head, in the units of the mean face (crop units)."""
    folder = ict / "FaceXModel"
    neutral, faces = read_obj(folder / "generic_neutral_mesh.obj")
    names = json.loads((folder / "vertex_indices.json").read_text())
    deltas = {
        p.stem: read_obj(p)[0] - neutral
        for p in sorted(folder.glob("*.obj"))
        if not p.stem.startswith(("identity", "generic", "Pupil"))
    }
    identity = np.stack(
        [read_obj(folder / f"identity{i:03d}.obj")[0] - neutral for i in range(IDENTITIES)]
    )
    mean = mean_face(landmarks)
    ict_points = np.array([names["idx_to_landmark_verts"][k] for k in PIE_TO_MESH])
    mesh_points = np.array(list(PIE_TO_MESH.values()))
    scale, rotation, shift = rigid_fit(mean[mesh_points], neutral[ict_points])
    mean = mean @ rotation.T  # the scans define what frontal means
    middle = (mean[10] + mean[152]) / 2
    ears = mean[[234, 454]].mean(0)
    origin = np.array([ears[0], middle[1], ears[2]])
    mean, shift = mean - origin, shift + scale * origin
    placed = scale * mean + shift
    residual = RBFInterpolator(
        placed[mesh_points], neutral[ict_points] - placed[mesh_points],
        kernel="thin_plate_spline", smoothing=0.01,
    )  # fmt: skip
    jaw = np.linalg.norm(deltas["jawOpen"], axis=1)
    blink = deltas["eyeBlink_L"][:, 1] + deltas["eyeBlink_R"][:, 1]
    index = nearest(placed + residual(placed), neutral, jaw, blink)
    shapes = expression_shapes(deltas)
    mouth = np.arange(*INNER_MOUTH)
    triangles = [
        [t - INNER_MOUTH[0] for t in tri]
        for f in faces
        for tri in ([f[:3]] if len(f) == 3 else [f[:3], [f[0], f[2], f[3]]])
        if all(INNER_MOUTH[0] <= v < INNER_MOUTH[1] for v in tri)
    ]
    part = np.zeros(len(mouth), np.int32)  # 0 socket, 1 gums and tongue, 2 teeth
    for value, key in ((1, "gums"), (2, "teeth")):
        low, high = MOUTH_PARTS[key]
        part[low - INNER_MOUTH[0] : high + 1 - INNER_MOUTH[0]] = value
    return {
        "mean": mean.astype(np.float32),
        "expression": (shapes[:, index] / scale).astype(np.float32),
        "identity": (identity[:, index] / scale).astype(np.float32),
        "mouth_mean": ((neutral[mouth] - shift) / scale).astype(np.float32),
        "mouth_expression": (shapes[:, mouth] / scale).astype(np.float32),
        "mouth_triangles": np.array(triangles, np.int32),
        "mouth_part": part,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ict", type=Path, required=True, help="checkout of ICT-FaceKit")
    parser.add_argument("--landmarks", type=Path, required=True, help="npz with 'landmarks'")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    tensors = build(args.ict, np.load(args.landmarks)["landmarks"].astype(np.float64))
    save_basis(args.out, tensors)
    print({k: v.shape for k, v in tensors.items()})


if __name__ == "__main__":
    main()
