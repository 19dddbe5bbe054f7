"""Networks that judge videos, given as files in one folder; none is needed, none is downloaded.

Our own experts ship with the package; a file of the same name in the folder is used instead.

| file | judges | instead |
|---|---|---|
| `6DRepNet360.onnx` | head pose | the shipped mesh |
| `face_recognition_sface_2021dec.onnx` | identity | nothing: no identity |
| `MobileFaceNet.onnx` | identity, a second opinion | nothing |
| `lpips_vgg16.safetensors` | LPIPS | nothing |
| `inception.safetensors` | FID | nothing |
| `i3d.safetensors` | FVD | nothing |
| `syncnet.safetensors` | sync, the published network | nothing |
| `openvasa_sync_picture.onnx`, `openvasa_sync_sound.onnx` | sync, our expert | the shipped one |
| `openvasa_capp_pose.onnx`, `openvasa_capp_sound.onnx` | CAPP | the shipped one |

The judge should not be the network that labeled the training data or stood in a loss.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from openvasa.metrics.face_sequence import angles_of
from openvasa.types import Array, Image, InputError

Floats = NDArray[np.float64]

POSE, SFACE, MOBILE = (
    "6DRepNet360.onnx",
    "face_recognition_sface_2021dec.onnx",
    "MobileFaceNet.onnx",
)
LPIPS, INCEPTION, I3D = "lpips_vgg16.safetensors", "inception.safetensors", "i3d.safetensors"
SYNCNET = "syncnet.safetensors"
OWN_SYNC = ("openvasa_sync_picture.onnx", "openvasa_sync_sound.onnx")
OWN_CAPP = ("openvasa_capp_pose.onnx", "openvasa_capp_sound.onnx")
FILES: Mapping[str, tuple[str, ...]] = {
    "head pose by a second network": (POSE,),
    "identity": (SFACE,),
    "identity by a second network": (MOBILE,),
    "LPIPS": (LPIPS,),
    "FID": (INCEPTION,),
    "FVD": (I3D,),
    "SyncNet": (SYNCNET,),
    "our sync expert": OWN_SYNC,
    "CAPP": OWN_CAPP,
}
SHIPPED = Path(__file__).parent / "models"
_POSE_SIDE = 224
_MARGIN = 1.25  # of the pose network's square around the mesh, as it was trained
_MEAN, _SPREAD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


class Network(Protocol):
    """Something that turns one batch into another."""

    def __call__(self, batch: Array) -> Array:
        """Runs it."""
        ...


@dataclass(frozen=True)
class Judges:
    """Networks by their files' names, each opened when it is first asked for.

    Attributes:
        folder: Where the user's files lie; None has only those that ship.
    """

    folder: Path | None = None
    _open: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuses a folder that is not there."""
        if self.folder is not None and not self.folder.is_dir():
            raise InputError(f"there is no folder '{self.folder}': give one with --judges.")

    def has(self, *names: str) -> bool:
        """Whether all of these files are there."""
        return all(self._find(name) is not None for name in names)

    def path(self, name: str) -> Path:
        """Where a file is; only for one that is there."""
        found = self._find(name)
        assert found is not None
        return found

    def _find(self, name: str) -> Path | None:
        """The user's file before ours."""
        folders = [SHIPPED] if self.folder is None else [self.folder, SHIPPED]
        return next((folder / name for folder in folders if (folder / name).is_file()), None)

    def missing(self) -> list[str]:
        """A sentence for each judgment that cannot be made."""
        return [
            f"{what} is left out: put {' and '.join(names)} into the folder given with --judges "
            "(docs/evaluation.md says where they come from)."
            for what, names in FILES.items()
            if not self.has(*names)
        ]

    @cached_property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of every file that is used, by name."""
        names = [name for group in FILES.values() for name in group if self.has(name)]
        return {
            name: hashlib.sha256(self.path(name).read_bytes()).hexdigest() for name in sorted(names)
        }

    def onnx(self, name: str) -> Network:
        """A graph with one input and one output.

        Raises:
            InputError: The file is not such a graph.
        """
        if name not in self._open:
            self._open[name] = _Onnx(self.path(name))
        network: Network = self._open[name]
        return network

    def pose(self) -> PoseJudge | None:
        """The judge of head pose, if its file is there."""
        return PoseJudge(self.onnx(POSE)) if self.has(POSE) else None


class PoseJudge:
    """6DRepNet360 (Hempel, Abdelrahman, Al-Hamadi, 2022/2024; MIT): a face's rotation."""

    def __init__(self, network: Network) -> None:
        """Takes the network: f32 [1, 3, 224, 224] -> rotation [1, 3, 3]."""
        self._network = network

    def __call__(self, image: Image, points: Floats) -> Floats:
        """Yaw, pitch, roll in degrees, f64 [3].

        Args:
            image: u8 [H, W, 3].
            points: [>= 468, >= 2], the face's mesh in pixels.
        """
        xy = points[:468, :2]
        low, high = xy.min(0), xy.max(0)
        middle, half = (low + high) / 2, (high - low) / 2 * _MARGIN
        target = np.array([[0, 0], [1, 0], [0, 1]], np.float32) * _POSE_SIDE
        corners = np.stack([middle - half, middle + half * [1, -1], middle + half * [-1, 1]])
        turn = cv2.getAffineTransform(corners.astype(np.float32), target)
        crop = cv2.warpAffine(
            image, turn, (_POSE_SIDE, _POSE_SIDE), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        tensor = ((crop / 255.0 - _MEAN) / _SPREAD).transpose(2, 0, 1)[None]
        rotation = self._network(tensor.astype(np.float32))[0]
        return angles_of(rotation.T.astype(np.float64))  # it runs from the camera to the head


class _Onnx:
    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime's errors share no public class
            raise InputError(f"'{path}' is no ONNX network: give another copy of it.") from error
        self._input = self._session.get_inputs()[0].name

    def __call__(self, batch: Array) -> Array:
        output: Array = self._session.run(None, {self._input: batch})[0]
        return output
