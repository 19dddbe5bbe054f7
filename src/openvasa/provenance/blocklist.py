"""People who must not be animated: a hook for deployers, by face embedding.

Neither a list nor a network ships. A deployer chooses a face recognizer and embeds photos of the
people to refuse with it; a face that is more alike to one of them than the threshold is refused
before any frame is drawn. Refusing public figures, too, is left to this hook.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from openvasa.types import AlignedFace, Array, Image, InputError

SIDE = 112  # pixels, the input of common face recognizers
ALIKE = 0.363  # cosine; what OpenCV recommends for SFace
Embed = Callable[[Image], Array]  # u8 [112, 112, 3] RGB, aligned -> any vector
# Irises (left of the image first), nose tip, mouth corners of the 478 landmarks ...
_POINTS = (468, 473, 1, 61, 291)
# ... and where recognizers in the tradition of ArcFace (Deng et al., CVPR 2019) want them.
_PLACES = np.array(
    [[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]], np.float64
)


@dataclass(frozen=True)
class Blocklist:
    """Faces to refuse.

    Attributes:
        embeddings: f32 [N, D], unit vectors.
        embed: The network that made them.
        threshold: Cosine from which on two faces are one person.
    """

    embeddings: Array
    embed: Embed
    threshold: float = ALIKE

    def likeness(self, face: AlignedFace) -> float:
        """The highest cosine of a face to any on the list."""
        vector = _unit(np.asarray(self.embed(align(face)), np.float32).reshape(1, -1))
        if vector.shape[1] != self.embeddings.shape[1]:
            raise InputError(
                f"the identity network gives {vector.shape[1]} values and the blocklist holds "
                f"{self.embeddings.shape[1]}: give the network that the list was made with."
            )
        return float((self.embeddings @ vector[0]).max())

    def refuse(self, face: AlignedFace) -> None:
        """Does nothing if the face may be animated.

        Raises:
            InputError: The face is on the list.
        """
        if self.likeness(face) >= self.threshold:
            raise InputError(
                "the face in the photo is on this installation's list of people who must not be "
                "animated: use another photo, or ask whoever runs it if this is a mistake."
            )


def read_blocklist(file: Path | None, network: Path | None) -> Blocklist:
    """Loads a list and its network.

    Args:
        file: An .npz with `embeddings`, float [N, D], and optionally `threshold`, a cosine; or a
            folder of such files with one threshold.
        network: An ONNX file: f32 [1, 3, 112, 112] RGB in 0..255 to f32 [1, D].

    Raises:
        InputError: One of the two is missing or not what it should be.
    """
    if file is None or network is None:
        raise InputError("a blocklist needs its network: give both --blocklist and --identity.")
    parts = [_read(part) for part in (sorted(file.glob("*.npz")) if file.is_dir() else [file])]
    if not parts or len({(part.shape[1], limit) for part, limit in parts}) != 1:
        raise InputError(
            f"the blocklist '{file}' holds no embeddings of one kind: give an .npz, or a folder "
            "of .npz files, made with one network and one threshold."
        )
    return Blocklist(
        np.concatenate([part for part, _ in parts]), load_network(network), parts[0][1]
    )


def align(face: AlignedFace) -> Image:
    """The face turned upright and scaled, u8 [112, 112, 3]."""
    half = face.box.side / 2
    center = np.array([face.box.cx, face.box.cy])
    points = face.landmarks[list(_POINTS), :2].astype(np.float64) * half + center
    # Least squares over complex numbers: points ~ turn * places + shift.
    plane, aim = (one @ np.array([1, 1j]) for one in (_PLACES, points))
    design = np.stack([plane, np.ones(len(plane))], 1)
    (turn, shift), *_ = np.linalg.lstsq(design, aim, rcond=None)
    shrink = max(1, round(abs(turn)))  # average first: a transform only samples
    small = Pillow.fromarray(face.photo).reduce(shrink)
    back = np.array([turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag]) / shrink
    bilinear = Pillow.Resampling.BILINEAR
    crop = small.transform((SIDE, SIDE), Pillow.Transform.AFFINE, tuple(back.tolist()), bilinear)
    return np.asarray(crop)


def load_network(path: Path) -> Embed:
    """The network of a list, for `align`ed faces.

    Args:
        path: See `read_blocklist`.

    Raises:
        InputError: It is missing, or no network.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    try:
        session: Any = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the runtime's errors share no base class
        raise InputError(f"'{path}' is not an ONNX network: give the identity network.") from error
    name = session.get_inputs()[0].name

    def embed(image: Image) -> Array:
        tensor = np.ascontiguousarray(image.transpose(2, 0, 1)[None], dtype=np.float32)
        vector: Array = session.run(None, {name: tensor})[0]
        return vector

    return embed


def _read(file: Path) -> tuple[Array, float]:
    try:
        with np.load(file, allow_pickle=False) as stored:
            vectors = np.asarray(stored["embeddings"], np.float32)
            limit = float(stored["threshold"]) if "threshold" in stored else ALIKE
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"'{file}' is not a blocklist: give an .npz with an array named embeddings, [N, D]."
        ) from error
    if vectors.ndim != 2 or not vectors.size or not np.isfinite(vectors).all():
        raise InputError(f"the embeddings of '{file}' must be finite numbers of shape [N, D].")
    return _unit(vectors), limit


def _unit(vectors: NDArray[np.float32]) -> Array:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)
