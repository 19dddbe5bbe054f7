"""Puts signed content credentials (C2PA) into files, or beside them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from openvasa.provenance.c2pa_library import FORMATS, SETTINGS, c2pa_library
from openvasa.provenance.frame_digests import digest_frames
from openvasa.provenance.identity import Identity
from openvasa.provenance.origin import Origin
from openvasa.types import InputError

_VIDEO = (".mp4", ".mov")


def check_identity(identity: Identity) -> None:
    """Signs a picture of one pixel, so that what is wrong is told before any work is done.

    Raises:
        InputError: The identity cannot sign.
        LibraryMissing: The C2PA library does not run here.
    """
    pixel = io.BytesIO()
    Pillow.fromarray(np.zeros((1, 1, 3), np.uint8)).save(pixel, "PNG")
    builder = _builder(Origin(model="", model_hash="").definition(), [])
    with _explained("the certificate and its key cannot sign"):
        builder.sign(_signer(identity), "image/png", pixel, io.BytesIO())


def sign_file(source: Path, target: Path, origin: Origin, identity: Identity) -> None:
    """Writes a copy of a file that carries credentials; peak memory is about 50 MB.

    Args:
        source: An MP4, PNG, JPEG or WebP file.
        target: Another path with the same ending; replaced.
        origin: What they say.
        identity: Who signs.

    Raises:
        InputError: The kind of file cannot carry credentials, or the disk is full.
        LibraryMissing: The C2PA library does not run here.
    """
    builder = _builder_for(source, origin)
    with _explained(f"'{target}' cannot be signed"):
        with source.open("rb") as plain, target.open("w+b") as signed:
            builder.sign(_signer(identity), FORMATS[source.suffix.lower()], plain, signed)


def sign_beside(source: Path, origin: Origin, identity: Identity) -> bytes:
    """Credentials of a file that stays as it is, for its sidecar (`.c2pa`).

    Args and errors are those of `sign_file`.
    """
    builder = _builder_for(source, origin)
    builder.set_no_embed()
    with _explained(f"'{source}' cannot be signed"):
        with source.open("rb") as plain, open(os.devnull, "w+b") as nothing:
            signed: bytes = builder.sign(
                _signer(identity), FORMATS[source.suffix.lower()], plain, nothing
            )
    return signed


def _builder_for(source: Path, origin: Origin) -> Any:
    suffix = source.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(
            f"'{source}' cannot carry content credentials: write one of {', '.join(FORMATS)}."
        )
    frames = digest_frames(source) if suffix in _VIDEO else None
    return _builder(origin.definition(frames), origin.ingredients)


def _builder(definition: dict[str, Any], ingredients: list[tuple[Path, dict[str, str]]]) -> Any:
    """A C2PA builder; ingredients that it cannot read are named without their own history."""
    c2pa = c2pa_library()
    plain: list[dict[str, str]] = []
    for path, named in ingredients:
        if not _readable(path, named):
            plain.append(named)
    builder = c2pa.Builder(
        definition | ({"ingredients": plain} if plain else {}), c2pa.Context.from_dict(SETTINGS)
    )
    for path, named in ingredients:
        if named not in plain:
            with path.open("rb") as file:
                builder.add_ingredient(named, _mime(path), file)
    return builder


def _readable(path: Path, named: dict[str, str]) -> bool:
    """Whether the library can take in a file and the credentials that it may have."""
    c2pa = c2pa_library()
    try:
        trial = c2pa.Builder({}, c2pa.Context.from_dict(SETTINGS))
        with path.open("rb") as file:
            trial.add_ingredient(named, _mime(path), file)
        return True
    except c2pa.C2paError:
        return False


def _mime(path: Path) -> str:
    """What a file is by its content, for pictures, and by its name for all else."""
    try:
        with Pillow.open(path) as picture:
            return picture.get_format_mimetype() or ""
    except OSError:
        return FORMATS.get(path.suffix.lower(), "application/octet-stream")


def _signer(identity: Identity) -> Any:
    c2pa = c2pa_library()
    return c2pa.Signer.from_info(
        c2pa.C2paSignerInfo(identity.algorithm.encode(), identity.certificates, identity.key, None)
    )


@contextmanager
def _explained(problem: str) -> Iterator[None]:
    """Turns the library's errors into a sentence."""
    c2pa = c2pa_library()
    try:
        yield
    except c2pa.C2paError as error:
        raise InputError(
            f"{problem} ({error}): check the certificate and the disk, or leave out "
            "--certificate and OPENVASA_IDENTITY to sign with the local test identity."
        ) from error
    except OSError as error:
        raise InputError(f"{problem}: {error.strerror or error}.") from error
