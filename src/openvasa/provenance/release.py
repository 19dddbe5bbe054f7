"""The one way in which a finished file gets its name: signed, or not at all."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from openvasa.provenance.c2pa_library import SIDECAR, LibraryMissing
from openvasa.provenance.identity import Identity
from openvasa.provenance.origin import Origin, file_hash
from openvasa.provenance.signing import sign_beside, sign_file
from openvasa.types import InputError

NOTE = ".provenance.json"  # beside a file that could not be signed on this platform


def _warn(line: str) -> None:
    warnings.warn(line, stacklevel=2)


@contextmanager
def release_file(
    target: Path,
    origin: Origin,
    identity: Identity,
    *,
    beside: bool = False,
    tell: Callable[[str], None] = _warn,
) -> Iterator[Path]:
    """Has a file written under a hidden name, signs it and gives it the target's name.

    `with release_file(output, origin, identity) as hidden: clip.save(hidden)`. If the block or the
    signing fails, nothing is left, and what lay at the target stays.

    Where the C2PA library does not run, the file is released without credentials, which is told,
    and a plain note of its origin is written beside it.

    Args:
        target: The file to be; an existing one is replaced at the end.
        origin: What its credentials say.
        identity: Who signs, from `load_identity`.
        beside: Leave the file as it is and write its credentials to `<target>.c2pa`.
        tell: Gets a sentence if there is something to say.

    Yields:
        The hidden name, in the same folder and with the same ending.

    Raises:
        InputError: The file cannot be signed or renamed.
    """
    hidden, signed = (
        target.with_name(f".{target.stem}.{os.getpid()}.{step}.part{target.suffix}")
        for step in ("plain", "signed")
    )
    try:
        yield hidden
        try:
            if beside:
                _write(target, SIDECAR, sign_beside(hidden, origin, identity))
                os.replace(hidden, target)
            else:
                sign_file(hidden, signed, origin, identity)
                os.replace(signed, target)
        except LibraryMissing as error:
            _write(target, NOTE, _note(hidden, origin))
            os.replace(hidden, target)
            tell(
                f"'{target}' carries no signed credentials, only the mark in its pixels: the C2PA "
                f"library does not run here ({error}); see '{target.name}{NOTE}'."
            )
    except OSError as error:
        raise InputError(f"cannot write '{target}': {error.strerror or error}.") from error
    finally:
        for path in (hidden, signed):
            path.unlink(missing_ok=True)


def _write(target: Path, ending: str, content: bytes) -> None:
    """Writes a file beside the target, whole or not at all."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part{ending}")
    try:
        part.write_bytes(content)
        os.replace(part, target.with_name(target.name + ending))
    finally:
        part.unlink(missing_ok=True)


def _note(file: Path, origin: Origin) -> bytes:
    about = {
        "signed": False,
        "sha256": file_hash(file),
        "digitalSourceType": origin.source_type,
        "model": {"name": origin.model, "sha256": origin.model_hash},
        "content_id": origin.content_id,
        "consent": None if origin.consent is None else asdict(origin.consent),
    }
    return json.dumps(about, indent=1, ensure_ascii=False).encode()
