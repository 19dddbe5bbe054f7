"""A portrait made ready: everything that stays the same in all its frames, encoded once."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from openvasa.engine.backends import Backend
from openvasa.engine.rest_face import at_rest, lips_met
from openvasa.face.align import cut, soften_beyond
from openvasa.face.loose_hair import loose_hair
from openvasa.face.matte import matte_of, outlined, resize, split, unmixed
from openvasa.latent.control_points import control_points
from openvasa.latent.raster import pixels
from openvasa.latent.surface import OVAL, pose_of
from openvasa.types import AlignedFace, Array, CropBox, Image, InputError

FORMAT = 3
MATTE_SIZE = 512  # pixels
SEEN = 0.6  # share of the face that must be the network's person for its matte to count
CROP_LIMITS = (512, 1024)  # pixels, side of the crop that frames are made of


@dataclass(frozen=True, kw_only=True)
class Avatar:
    """One portrait, ready to be animated by the model that prepared it. Never changed.

    Attributes:
        photo: The whole photo, u8 [H, W, 3], upright.
        box: The square around the face, in photo pixels.
        faces: How many faces the photo shows.
        model: Which weights made it (`model_key`).
        matte: f32 [512, 512] in [0, 1], where the square shows the person.
        points: f32 [478, 3], control points as the portrait shows them (y up, crop units).
        appearance: f32 [D, h, w, C], the canonical volume; the last channel is its density.
        neutral: f32 [1, 478, 3], canonical control points without expression.
        identity: f32 [1, I], z_id.
        pose: f32 [1, 6], the portrait's own z_pose.
        dynamics: f32 [1, 48], the portrait's own z_dyn.
    """

    photo: Image
    box: CropBox
    faces: int
    model: str
    matte: Array
    points: Array
    appearance: Array
    neutral: Array
    identity: Array
    pose: Array
    dynamics: Array

    @property
    def native_size(self) -> int:
        """Even side in pixels of a crop about as sharp as the photo, within `CROP_LIMITS`."""
        low, high = CROP_LIMITS
        return min(max(2 * round(self.box.side / 2), low), high)

    def crop(self, size: int) -> Image:
        """The square around the face as u8 [size, size, 3]."""
        crop = cut(self.photo, self.box, size)
        return soften_beyond(crop, self.box, *self.photo.shape[:2])

    def layers(self, size: int, own: bool = False) -> tuple[Image, Array, Image]:
        """Person u8 [size, size, 3], matte f32 [size, size] and the background behind, u8.

        Args:
            size: Side in pixels.
            own: Whether the person will be seen before this background only; what the matte misses
                of their outline then stays with them.
        """
        crop, matte = self.crop(size), resize(self.matte, size, size)
        if own:
            hair, plain = loose_hair(crop, matte)
            person, background = split(crop, matte, hair)
            matte = outlined(crop, matte, background, plain)
        else:
            person, background = split(crop, matte)
        return unmixed(crop, matte, person, background), matte, background

    def save(self, path: str | Path) -> None:
        """Writes the avatar as one safetensors file, whole or not at all.

        Raises:
            InputError: The folder does not exist or cannot be written.
        """
        path = Path(path)
        tensors = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        header = {
            "format": FORMAT, "box": list(self.box), "faces": self.faces, "model": self.model,
        }  # fmt: skip
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            part.write_bytes(save(tensors, {"avatar": json.dumps(header)}))
            part.replace(path)
        except OSError as error:
            raise InputError(f"cannot write '{path}': {error.strerror}.") from error
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | Path) -> Avatar:
        """Reads what `save` wrote.

        Raises:
            InputError: The file is missing or is no avatar.
        """
        if not Path(path).is_file():
            raise InputError(f"there is no avatar at '{path}': check the name.")
        try:
            with safe_open(str(path), framework="numpy") as file:
                header = json.loads((file.metadata() or {})["avatar"])
                arrays = {name: file.get_tensor(name) for name in _ARRAYS}
            if header["format"] != FORMAT:
                raise InputError(f"'{path}' was saved by another release: prepare it again.")
            return cls(
                box=CropBox(*header["box"]), faces=header["faces"], model=header["model"], **arrays
            )
        except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise InputError(f"'{path}' is not a saved avatar: prepare the photo again.") from error


_ARRAYS = tuple(f.name for f in fields(Avatar) if f.name not in ("box", "faces", "model"))


def model_key(config: dict[str, Any]) -> str:
    """What identifies the weights an avatar depends on, from a bundle's config.json."""
    return str(config["files"]["autoencoder.safetensors"])[:16]


def create_avatar(face: AlignedFace, *, run: Backend, mean: Array, size: int, model: str) -> Avatar:
    """Encodes a portrait.

    Args:
        face: The face in its photo.
        run: Must know the graphs `portrait` and `move`.
        mean: f32 [468, 3], the mean face of the model.
        size: Side in pixels of the crop as the network sees it.
        model: `model_key` of the model.
    """
    points, place = control_points(face.landmarks.astype(np.float64), mean.astype(np.float64))
    points, pose = points.astype(np.float32), pose_of(place)[None]
    image = cut(face.photo, face.box, size).astype(np.float32) / np.float32(255)
    code = run(
        "portrait",
        {"image": image.transpose(2, 0, 1)[None], "points": points[None], "pose": pose},
    )
    volume = code.pop("appearance")[0]
    neutral = at_rest(code["neutral"][0], points, pose[0], mean)
    code["neutral"] = lips_met(run, neutral, code["identity"], mean)[None]
    return Avatar(
        photo=face.photo,
        box=face.box,
        faces=face.faces,
        model=model,
        matte=person_matte(cut(face.photo, face.box, MATTE_SIZE), points),
        points=points,
        pose=pose,
        appearance=np.ascontiguousarray(volume.transpose(1, 2, 3, 0)),
        **code,
    )


def person_matte(crop: Image, points: Array) -> Array:
    """The matte of a crop u8 [P, P, 3]; the face itself always belongs to the person.

    Where the network does not see a person in the face (drawings, masks), all is taken for one.

    Args:
        crop: The square around the face.
        points: Control points [478, 3] (y up, crop units).
    """
    matte = matte_of(crop)
    oval = PilImage.new("1", matte.shape)
    ImageDraw.Draw(oval).polygon([tuple(at) for at in pixels(points[OVAL], len(matte))], fill=1)
    face = np.asarray(oval)
    if not face.any() or matte[face].mean() < SEEN:
        return np.ones_like(matte)
    return np.where(face, np.float32(1), matte)
