"""Photos: any still image file <-> u8 [H, W, 3] RGB, upright. Knows nothing of faces."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps, UnidentifiedImageError

from openvasa.types import Image, InputError

MAX_MEGAPIXELS = 60
# Formats decoded inside this process; none that starts another program (EPS) is among them.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF", "TGA")
_WHITE = (255, 255, 255)


def load_photo(path: str | Path) -> Image:
    """Reads a photo as a person sees it.

    EXIF orientation is applied, transparency lies over white, an embedded color profile becomes
    sRGB, 16-bit and floating-point images become 8-bit, and of an animation the first picture
    is taken.

    Args:
        path: A file in one of the common image formats, up to 60 megapixels.

    Returns:
        u8 [H, W, 3] RGB.

    Raises:
        InputError: The file is missing, not an image, damaged, cut short or too large.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"there is no photo at '{path}': check the name.")
    if not path.is_file():
        raise InputError(f"'{path}' is not a file: give a photo, such as a JPEG or PNG.")
    if path.stat().st_size == 0:
        raise InputError(f"the photo '{path}' is empty (0 bytes): give another copy of it.")
    with warnings.catch_warnings():
        # Our own limit is below the one that Pillow warns at.
        warnings.simplefilter("ignore")
        return np.ascontiguousarray(_to_rgb(_decode(path)), dtype=np.uint8)


def save_png(path: str | Path, image: Image) -> None:
    """Writes u8 [H, W, 3] as a PNG, whole or not at all.

    Raises:
        InputError: The folder does not exist or cannot be written.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part.png")
    try:
        Pillow.fromarray(np.ascontiguousarray(image)).save(part, format="PNG")
        os.replace(part, path)
    except OSError as error:
        raise InputError(f"cannot write '{path}': {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


def _decode(path: Path) -> Pillow.Image:
    """The first picture of the file, decoded and upright, in the file's own mode."""
    try:
        picture = Pillow.open(path, formats=_FORMATS)
    except PermissionError as error:
        raise InputError(f"the photo '{path}' cannot be read: check its permissions.") from error
    except Pillow.DecompressionBombError as error:
        raise InputError(_too_large(path)) from error
    except UnidentifiedImageError as error:
        raise InputError(
            f"'{path}' is not an image that can be read here: save it as JPEG or PNG."
        ) from error
    except Exception as error:  # decoders raise all kinds of errors on damaged files
        raise InputError(_damaged(path)) from error
    with picture:
        if picture.width * picture.height > MAX_MEGAPIXELS * 1_000_000:
            raise InputError(_too_large(path))
        try:
            picture.seek(0)
            picture.load()
        except Exception as error:  # see above
            raise InputError(_damaged(path)) from error
        try:
            return ImageOps.exif_transpose(picture)
        except Exception:  # damaged EXIF data: the picture itself is whole
            return picture.copy()


def _too_large(path: Path) -> str:
    return f"the photo '{path}' has over {MAX_MEGAPIXELS} megapixels: make it smaller first."


def _damaged(path: Path) -> str:
    return f"the photo '{path}' is damaged or cut short: give another copy of it."


def _to_rgb(picture: Pillow.Image) -> Pillow.Image:
    """Any mode to 8-bit sRGB."""
    profile = picture.info.get("icc_profile")
    if picture.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        return _eight_bits(picture).convert("RGB")
    if picture.mode == "CMYK":
        return _to_srgb(picture, profile) or picture.convert("RGB")
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        picture = Pillow.new("RGB", rgba.size, _WHITE)
        picture.paste(rgba, mask=rgba.getchannel("A"))
    rgb = picture.convert("RGB")
    return _to_srgb(rgb, profile) or rgb


def _eight_bits(picture: Pillow.Image) -> Pillow.Image:
    """A gray picture with more than 8 bits a pixel, scaled to 8."""
    values = np.asarray(picture, dtype=np.float64)
    values = np.nan_to_num(values)
    # Integers hold 16 bits here; floats are in [0, 1] unless they are plainly not.
    if picture.mode != "F":
        full = 65535.0
    else:
        full = 1.0 if values.max() <= 1.0 else 255.0
    return Pillow.fromarray(np.clip(values / full * 255 + 0.5, 0, 255).astype(np.uint8))


def _to_srgb(picture: Pillow.Image, profile: bytes | None) -> Pillow.Image | None:
    """The picture in sRGB by its embedded profile; None if there is no usable one."""
    if not profile:
        return None
    try:
        return ImageCms.profileToProfile(
            picture,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None  # a profile of another color space, or a damaged one
