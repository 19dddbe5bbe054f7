"""Does a video of a face look as if it was drawn? Research for when marks were removed.

Forty frames of the face are turned into a few figures that video cameras and renderers are known to
differ in, and a logistic regression weighs them:

- how the power of the picture falls with frequency, and that of its change from frame to frame
  (generated pictures fall otherwise: Durall et al., CVPR 2020);
- how much of a place's fine detail changes within one frame and within twelve: a camera's noise is
  new in every frame, a drawn face carries the same photograph along (noise residuals as evidence:
  Cozzolino & Verdoliva, "Noiseprint", IEEE Trans. Inf. Forensics and Security 15, 2020);
- how far mouth, eyes and surroundings differ in that.

It knows one generator and few cameras. What it says is a hint and no evidence; docs/provenance.md
has the measured errors.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from openvasa.face.find import find_face
from openvasa.media.video import read_video
from openvasa.types import Array, CropBox, Image, InputError

FRAMES = 40  # looked at, from the start
FEWEST = 20  # of these
SIDE = 128  # pixels, the face's square when it is looked at
CELLS = 4  # along each side of the square: places whose change is told apart
LAGS = (1, 12)  # frames
BANDS = 10  # of frequency, from coarse to fine
FIGURES = 2 * BANDS + len(LAGS) * CELLS**2
SHIPPED = Path(__file__).with_name("models") / "openvasa_traces.safetensors"
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_LEAST = 0.02  # levels squared: rounding's own noise, so that logarithms stay finite


def traces(frames: Sequence[Image], box: CropBox) -> Array:
    """The figures of one face.

    Args:
        frames: `FEWEST` or more, u8 [H, W, 3], 25 a second.
        box: The square around the face in the first of them, see `face.align`.

    Returns:
        f32 [52], logarithms: power of `BANDS` bands of frequency against their mean, change of
        them from frame to frame against their power, change of fine detail in each cell against
        its power, for each of `LAGS`.

    Raises:
        ValueError: There are too few frames.
    """
    if len(frames) < FEWEST:
        raise ValueError(f"{len(frames)} frames are too few: give {FEWEST} or more")
    luma = np.stack([_square(frame, box) for frame in frames[:FRAMES]])
    power, change = _bands(luma), _bands(np.diff(luma, axis=0))
    fine = luma - _softened(luma)
    own = _cells(fine)
    moved = [np.log(_cells(fine[lag:] - fine[:-lag]) / own) for lag in LAGS]
    figures = [np.log(power) - np.log(power).mean(), np.log(change / power), *moved]
    return np.concatenate(figures).astype(np.float32)


def video_traces(path: Path) -> Array | None:
    """The figures of the largest face of a video; None where there is no face or it is too short.

    Raises:
        InputError: It is no video.
    """
    frames = list(islice(read_video(path), FRAMES))
    if len(frames) < FEWEST:
        return None
    try:
        return traces(frames, find_face(frames[0]).box)
    except InputError:
        return None


@dataclass(frozen=True)
class TraceModel:
    """A logistic regression on `traces`.

    Attributes:
        mean: f32 [52], of the training clips.
        scale: f32 [52], their standard deviations.
        weights: f32 [52].
        bias: f32 [1].
        threshold: f32 [1], from which score on a face is said to look drawn.
    """

    mean: Array
    scale: Array
    weights: Array
    bias: Array
    threshold: Array

    def __call__(self, figures: Array) -> float:
        """How much a face looks drawn, in [0, 1]; no probability for other videos."""
        far = np.clip((figures - self.mean) / self.scale, -4, 4)  # nothing was learned beyond
        return float(1 / (1 + np.exp(-(far @ self.weights + self.bias[0]))))

    def save(self, path: Path) -> None:
        """Writes the weights as safetensors, whole or not at all."""
        hidden = path.with_name(f".{path.name}.{os.getpid()}.part")
        parts = {name: np.ascontiguousarray(part) for name, part in vars(self).items()}
        try:
            hidden.write_bytes(save(parts))
            os.replace(hidden, path)
        finally:
            hidden.unlink(missing_ok=True)


def load_traces(path: Path = SHIPPED) -> TraceModel:
    """Reads a model.

    Raises:
        InputError: The file is missing or no such model.
    """
    try:
        return TraceModel(**load_file(path))
    except (OSError, SafetensorError, TypeError) as error:
        raise InputError(f"'{path}' holds no model of traces: install openvasa again.") from error


def _square(frame: Image, box: CropBox) -> Array:
    """f32 [128, 128], luma of the face's square as far as the frame shows it."""
    height, width = frame.shape[:2]
    half = box.side / 2
    top, bottom = (int(np.clip(box.cy + way * half, 0, height)) for way in (-1, 1))
    left, right = (int(np.clip(box.cx + way * half, 0, width)) for way in (-1, 1))
    piece = Pillow.fromarray((frame[top:bottom, left:right] @ _LUMA).astype(np.float32))
    return np.asarray(piece.resize((SIDE, SIDE), Pillow.Resampling.BICUBIC))


def _bands(stack: Array) -> Array:
    """Mean power of each band, f32 [10], of pictures [T, 128, 128]."""
    window = np.hanning(SIDE).astype(np.float32)
    spectrum = np.fft.rfft2((stack - stack.mean((1, 2), keepdims=True)) * np.outer(window, window))
    power = np.mean(np.abs(spectrum) ** 2, 0) / SIDE**2
    radius = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    # The lowest, from 1 / 64 of the picture on, has the outlines; beyond 1 / 2 there is nothing.
    edges = np.geomspace(1 / 64, 0.5, BANDS + 1)
    return np.array(
        [power[(radius >= low) & (radius < high)].mean() for low, high in _pairs(edges)], np.float32
    ) + np.float32(_LEAST)


def _pairs(edges: np.ndarray) -> list[tuple[float, float]]:
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _softened(stack: Array) -> Array:
    """Means over 3 x 3 pixels."""
    padded = np.pad(stack, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    return np.asarray((rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9)


def _cells(stack: Array) -> Array:
    """Mean square in each cell, f32 [16], of [T, 128, 128]."""
    side = SIDE // CELLS
    cells = (stack**2).reshape(len(stack), CELLS, side, CELLS, side).mean((0, 2, 4))
    return np.asarray(cells.ravel() + _LEAST, np.float32)
