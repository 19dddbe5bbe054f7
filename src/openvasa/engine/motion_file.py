"""Motion as a file: for another portrait, another day, or somebody's 3D character.

An `.npz` keeps everything; a `.csv` has a line a frame with the head's pose and 43 ARKit-style
blendshape scores and two gaze angles, as 3D tools read them, and can be read back. Knows no
pictures.
"""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from openvasa.engine.anchor import Anchor
from openvasa.types import (
    DYNAMICS_DIM,
    EXPRESSION_NAMES,
    FPS,
    POSE_DIM,
    Array,
    InputError,
    Motion,
)

SUFFIXES = (".npz", ".csv")
LONGEST = 8 * 3600 * FPS  # frames; a file with more is refused
_POSE = ("headYaw", "headPitch", "headRoll", "headX", "headY", "headScale")  # degrees, crop units
_GAZE = ("gazeYaw", "gazePitch")  # degrees in the head
_HEADER = ("frame", "time", *_POSE, *EXPRESSION_NAMES)


def write_motion(path: Path, motion: Motion, anchor: Anchor) -> None:
    """Writes a motion, whole or not at all.

    Args:
        path: Ends in .npz or .csv.
        motion: T frames.
        anchor: Of the model that made it.

    Raises:
        InputError: The name ends otherwise, or the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"'{path}' must end in .npz or .csv: choose one of them.")
    try:
        with _whole(path) as part:
            if path.suffix.lower() == ".csv":
                _write_csv(part, motion, anchor)
            else:
                with part.open("wb") as file:
                    np.savez_compressed(
                        file, pose=motion.pose, dynamics=motion.dynamics, fps=np.int64(FPS),
                        expression=anchor.read(motion.dynamics), names=np.array(EXPRESSION_NAMES),
                    )  # fmt: skip
    except OSError as error:
        raise InputError(f"cannot write '{path}': {error.strerror}.") from error


def read_motion(path: Path, anchor: Anchor) -> Motion:
    """Reads what `write_motion` wrote, or a CSV of the same columns made elsewhere.

    Args:
        path: Ends in .npz or .csv.
        anchor: Of the model that is to perform it.

    Raises:
        InputError: The file is missing, is another one, or its values cannot be used.
    """
    if not path.is_file():
        raise InputError(f"there is no file '{path}': check the name.")
    try:
        read = _read_csv if path.suffix.lower() == ".csv" else _read_npz
        pose, dynamics = read(path, anchor)
    except (KeyError, ValueError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise InputError(
            f"'{path}' holds no motion: give an .npz or .csv that `openvasa motion` wrote."
        ) from error
    shapes = pose.shape == (len(pose), POSE_DIM) and dynamics.shape == (len(pose), DYNAMICS_DIM)
    if not shapes or not 0 < len(pose) <= LONGEST:
        raise InputError(f"'{path}' holds motion of another shape: write it again.")
    if not (np.isfinite(pose).all() and np.isfinite(dynamics).all()):
        raise InputError(f"'{path}' holds values that are no numbers: write it again.")
    return Motion(pose, dynamics)


def _write_csv(path: Path, motion: Motion, anchor: Anchor) -> None:
    expression = anchor.read(motion.dynamics).astype(np.float64)
    expression[:, -2:] = np.degrees(expression[:, -2:])
    pose = motion.pose.astype(np.float64)
    pose[:, :3], pose[:, 5] = np.degrees(pose[:, :3]), np.exp(pose[:, 5])
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_HEADER)
        for t, values in enumerate(np.concatenate([pose, expression], 1)):
            table.writerow([t, f"{t / FPS:.2f}", *(f"{value:.6g}" for value in values)])


def _read_csv(path: Path, anchor: Anchor) -> tuple[Array, Array]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in _HEADER[2:]}
    pose = np.stack([columns[name] for name in _POSE], 1)
    pose[:, :3], pose[:, 5] = np.radians(pose[:, :3]), np.log(pose[:, 5])
    for name in _GAZE:
        columns[name] = np.radians(columns[name])
    expression = np.stack([columns[name] for name in EXPRESSION_NAMES], 1).astype(np.float32)
    return pose.astype(np.float32), expression @ anchor.weight


def _read_npz(path: Path, anchor: Anchor) -> tuple[Array, Array]:
    with np.load(path, allow_pickle=False) as stored:
        return stored["pose"].astype(np.float32), stored["dynamics"].astype(np.float32)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A hidden file beside the target that takes its name when all is well."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
