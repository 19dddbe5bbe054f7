"""Is the ground truth of rendered heads true? Measures it on portraits, prints and writes a table.

    python -m openvasa.data.head_check --portraits DIR --out head_check.json [--basis FILE]
        [--london DIR] [--pose-network 6DRepNet360.onnx] [--segmenter FILE] [--limit 200]

What the fit did not use judges it: points set by hand on the London photos (`inst/neutral_front`),
a third of the mesh points kept from the fit, and a head-pose network that labeled nothing here.
Portraits of every split are measured, none is trained on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from openvasa.data.crop_pictures import encode_jpeg
from openvasa.data.head import SHIPPED, HeadBasis, angles_from, bounded_ridge, fit, load_basis
from openvasa.data.head_matte import Matting
from openvasa.data.head_truth import TruthRenderer, warp
from openvasa.data.heads import JPEG_QUALITY, Subject, draw_recipe, subject, to_bytes, wanted
from openvasa.data.portraits import load_index
from openvasa.face.align import to_crop_units
from openvasa.latent.control_points import control_points
from openvasa.latent.surface import FLIP, STABLE, rigid_fit
from openvasa.types import CropBox, Image, InputError

COLLECTIONS = ["faker", "london_neutral", "london_smiling"]
HAND = "london_neutral"  # has points set by hand
VIEWS, SIZE = 4, 256
MEAN, SPREAD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
MARGIN = 1.2  # the network's crop beside the face's own box
PoseReader = Callable[[Image, np.ndarray], np.ndarray]


def read_hand_points(path: Path) -> np.ndarray:
    """Points [189, 2] of a WebMorph template, in photo pixels."""
    lines = path.read_text().split("\n")
    return np.array([line.split()[:2] for line in lines[1 : 1 + int(lines[0])]], np.float64)


def to_mean_face(xy: np.ndarray, face: np.ndarray, mean: np.ndarray,
                 triangles: np.ndarray) -> np.ndarray:  # fmt: skip
    """Carry points [N, 2] from one mesh [468, 2] to the same places of another; nan outside."""
    a, b, c = (face[triangles[:, k]] for k in range(3))
    area = _cross(b - a, c - a)
    area = np.where(np.abs(area) < 1e-12, np.inf, area)
    at = xy[:, None]
    v, w = _cross(at - a, c - a) / area, _cross(b - a, at - a) / area
    worst = np.minimum(np.minimum(v, w), 1 - v - w)
    best = worst.argmax(1)
    row = np.arange(len(xy))
    weights = np.stack([(1 - v - w)[row, best], v[row, best], w[row, best]], 1)
    carried = (weights[..., None] * mean[triangles[best]]).sum(1)
    return np.where(worst[row, best, None] > -0.01, carried, np.nan)


def hand_errors(portraits: Path, london: Path, renderer: TruthRenderer) -> np.ndarray:
    """Distance of hand-made points from where the fitted head has them: a photo's median [N].

    In face heights, over the neutral photos: the others have no points set by hand.

    Where a point belongs on the head is its mean place over one half of the people; the errors
    are those of the other half, and the other way around.
    """
    topology, mean = renderer.scene.topology, renderer.scene.basis.mean[:, :2].astype(np.float64)
    triangles = np.concatenate([topology.skin, topology.mouth, topology.eyes])
    index, folder = load_index(portraits / HAND), london / "inst" / "neutral_front"
    points, faces, errors = [], [], []
    for row, photo in enumerate(index["names"]):
        found = sorted(folder.glob(f"{photo}_*.tem"))
        if not found:
            raise InputError(f"no {photo}_*.tem in {folder}: give a checkout of webmorphR.stim")
        marks = read_hand_points(found[0])
        points.append(to_crop_units(marks, CropBox(*index["box"][row])) * FLIP[:2])
        head = fit(renderer.scene.basis, index["landmarks"][row].astype(np.float64))
        faces.append(head.landmarks[:468, :2])
    places = np.stack(
        [to_mean_face(p, f, mean, triangles) for p, f in zip(points, faces, strict=True)]
    )
    usual = np.isfinite(places[..., 0]).mean(0) > 0.9  # not hair, ears and neck
    for half in (0, 1):
        template = np.nanmedian(places[half::2, usual], 0)
        for k in range(1 - half, len(points), 2):
            there = to_mean_face(template, mean, faces[k], triangles)
            far = np.linalg.norm(points[k][usual] - there, axis=1)
            errors.append(np.nanmedian(far) / np.linalg.norm(faces[k][10] - faces[k][152]))
    return np.array(errors)


def kept_out_error(basis: HeadBasis, landmarks: np.ndarray, seed: int) -> float:
    """Median distance, in face heights, of a third of the mesh that the fit did not see."""
    points, _ = control_points(landmarks, basis.mean)
    out = np.random.default_rng(seed).permutation(468)[:156]
    used = np.setdiff1d(np.arange(468), out)
    still = np.intersect1d(STABLE, used)
    scale, rotation, shift = rigid_fit(basis.mean[still], points[still])
    offset = ((points[:468] - shift) @ rotation / scale - basis.mean)[used]
    solver = basis.joint
    shapes = solver.shapes.reshape(-1, 468, 3)
    seen = shapes[:, used].reshape(len(shapes), -1)
    gram = solver.gram - solver.shapes @ solver.shapes.T + seen @ seen.T
    found = bounded_ridge(gram, seen @ offset.ravel(), solver.low, solver.high)
    face = scale * (basis.mean + np.tensordot(found, shapes, 1)) @ rotation.T + shift
    far = np.linalg.norm((face - points[:468])[out, :2], axis=1)
    return float(np.median(far) / np.linalg.norm(points[10] - points[152]))


def pose_reader(path: Path) -> PoseReader:
    """A reader of (yaw, pitch, roll) in radians by 6DRepNet360 in ONNX.

    Raises:
        InputError: The file cannot be read.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        network = onnxruntime.InferenceSession(str(path), options)
    except Exception as error:
        raise InputError(f"{path} is no head-pose network: give 6DRepNet360.onnx") from error

    def read(picture: Image, landmarks: np.ndarray) -> np.ndarray:
        size = len(picture)
        xy = (landmarks[:468, :2] + 1) * size / 2
        low, high = xy.min(0), xy.max(0)
        half = (high - low) / 2 * MARGIN
        x0, y0 = np.rint((low + high) / 2 - half).astype(int) + size
        x1, y1 = np.rint((low + high) / 2 + half).astype(int) + size
        wide = cv2.copyMakeBorder(picture, size, size, size, size, cv2.BORDER_REPLICATE)
        face = cv2.resize(wide[y0:y1, x0:x1], (224, 224)) / 255.0
        tensor = ((face - MEAN) / SPREAD).transpose(2, 0, 1)[None].astype(np.float32)
        # Its rotations run from the camera to the head.
        return angles_from(network.run(None, {"face": tensor})[0][0].T)

    return read


def views(renderer: TruthRenderer, found: Subject, reader: PoseReader | None) -> dict[str, Any]:
    """Flow's PSNR between drawn views of one portrait, and errors of the pose read back, degrees.

    Colors keep the photo's light here, so that a point looks the same in both views.
    """
    clock = [time.process_time()]
    head = fit(renderer.scene.basis, found.landmarks)
    clock.append(time.process_time())
    textures = renderer.prepare(found.photo, head)
    clock.append(time.process_time())
    seed = [7, *found.key.encode()]
    recipe = draw_recipe(head, textures.portrait.light, seed, VIEWS)
    poses = np.concatenate([head.pose[None].astype(np.float32), recipe.pose])
    expressions = np.concatenate([head.expression[None].astype(np.float32), recipe.expression])
    truth = renderer.render(textures, poses, expressions, SIZE)
    clock.append(time.process_time())
    pictures = to_bytes(truth)
    for picture in pictures:
        encode_jpeg(picture, JPEG_QUALITY)
    clock.append(time.process_time())
    psnr = []
    for k in range(len(poses)):
        source = (k + 1) % len(poses)
        flow, visible = renderer.flow(truth, k, source)
        visible &= truth.segments[k] > 0  # the background rests: it would flatter
        error = (warp(truth.image[source], flow) - truth.image[k])[visible]
        psnr.append(float(-10 * torch.log10((error**2).mean())))
    seconds = np.diff(clock) / [1, 1, len(poses), len(poses)]
    made: dict[str, Any] = {"psnr": psnr, "seconds": seconds.tolist()}
    if reader:
        seen = np.stack([reader(p, m) for p, m in zip(pictures, truth.landmarks, strict=True)])
        made["absolute"] = np.rad2deg(seen - poses[:, :3])[1:].tolist()
        made["relative"] = np.rad2deg((seen - seen[0]) - (poses - poses[0])[:, :3])[1:].tolist()
    return made


def table(rows: list[dict[str, Any]], hand: np.ndarray | None) -> dict[str, Any]:
    """What is reported: medians, and the 95th or 5th percentile on the bad side."""
    out: dict[str, Any] = {"portraits": len(rows)}
    kept = np.array([r["kept_out"] for r in rows])
    out["points kept from the fit, % of face height"] = _two(100 * kept, 95)
    if hand is not None:
        out["points set by hand, % of face height"] = _two(100 * hand, 95)
        out["photos with points set by hand"] = len(hand)
    out["flow PSNR of the person, dB"] = _two(np.concatenate([r["psnr"] for r in rows]), 5)
    if "absolute" in rows[0]:
        for name in ("relative", "absolute"):
            error = np.abs(np.concatenate([r[name] for r in rows]))
            for k, angle in enumerate(("yaw", "pitch", "roll")):
                out[f"{angle} read back, {name}, degrees"] = _two(error[:, k], 95)
    seconds = np.median([r["seconds"] for r in rows], 0)
    for k, stage in enumerate(("fit", "prepare", "render", "JPEG")):
        out[f"{stage}, a second and core"] = round(1 / max(float(seconds[k]), 1e-9), 1)
    return out


def _two(values: np.ndarray, bad: int) -> dict[str, float]:
    return {"median": round(float(np.median(values)), 2),
            f"p{bad:02d}": round(float(np.percentile(values, bad)), 2)}  # fmt: skip


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _spread(portraits: Path, limit: int) -> Iterator[tuple[str, int]]:
    rows = list(wanted(portraits, COLLECTIONS, None))
    return iter([rows[k] for k in np.linspace(0, len(rows) - 1, min(limit, len(rows))).astype(int)])


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m openvasa.data.head_check")
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="JSON to write")
    parser.add_argument("--basis", type=Path, default=SHIPPED, help="the head; that which ships")
    parser.add_argument("--london", type=Path, help="checkout of webmorphR.stim")
    parser.add_argument("--pose-network", type=Path, help="6DRepNet360.onnx")
    parser.add_argument("--segmenter", type=Path, help="selfie_segmentation.tflite")
    parser.add_argument("--limit", type=int, default=200, help="portraits to measure")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    try:
        renderer = TruthRenderer(load_basis(options.basis), Matting(options.segmenter))
        reader = pose_reader(options.pose_network) if options.pose_network else None
        rows = []
        for number, (collection, row) in enumerate(_spread(options.portraits, options.limit)):
            found = subject(options.portraits, collection, row)
            made = views(renderer, found, reader)
            made["kept_out"] = kept_out_error(renderer.scene.basis, found.landmarks, number)
            rows.append({"portrait": found.key, **made})
        hand = hand_errors(options.portraits, options.london, renderer) if options.london else None
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    report = table(rows, hand)
    for name, value in report.items():
        print(f"{name:48} {value}")
    partial = options.out.with_name(f".{options.out.name}.{os.getpid()}")
    partial.write_text(json.dumps({"table": report, "portraits": rows}, indent=1))
    os.replace(partial, options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
