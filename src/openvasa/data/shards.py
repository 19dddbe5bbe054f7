"""WebDataset tars and files of JSON lines: how samples lie on disk, byte by byte.

Knows nothing of stores, units or manifests (`store`).
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from openvasa.types import InputError

Line = dict[str, Any]
Arrays = dict[str, NDArray[Any]]
_BLOCK = 512  # of a tar


class Sample(NamedTuple):
    """One sample: its key, kind, line of the manifest, and arrays by name."""

    key: str
    kind: str
    about: Line
    arrays: Arrays


def write_tar(path: Path, samples: Iterable[Sample]) -> list[Line]:
    """Writes samples as KEY.json and KEY.safetensors each, whole or not at all.

    Args:
        path: The tar.
        samples: Keys without dots.

    Returns:
        A line for every sample, with `at` and `bytes`: where its arrays lie in the tar.

    Raises:
        OSError: The disk is full or the like; nothing is left behind.
    """
    lines: list[Line] = []
    partial = hidden(path)
    try:
        with tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as tar:
            for sample in samples:
                line = {"clip": sample.key, "kind": sample.kind, **sample.about}
                _put(tar, f"{sample.key}.json", json.dumps(line, ensure_ascii=False).encode())
                blob = save({k: np.ascontiguousarray(a) for k, a in sample.arrays.items()})
                at = _put(tar, f"{sample.key}.safetensors", blob)
                lines.append({**line, "at": at, "bytes": len(blob)})
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return lines


def join_tars(tars: Sequence[Path], out: Path) -> list[int]:
    """Joins tars into one hidden file, `hidden(out)`; the caller renames it.

    Returns:
        Where the content of each begins in the whole.
    """
    begins = []
    with hidden(out).open("wb") as file:
        for path in tars:
            begins.append(file.tell())
            blob = path.read_bytes()
            file.write(blob[: _content(blob)])
        file.write(bytes(2 * _BLOCK))
    return begins


def read_arrays(tar: Path, at: int, size: int) -> Arrays:
    """The arrays of one sample.

    Args:
        tar: The shard.
        at: Where the sample's safetensors begin.
        size: Their bytes.

    Raises:
        InputError: The shard is gone or cut off.
    """
    try:
        with tar.open("rb") as file:
            file.seek(at)
            return load(file.read(size))
    except Exception as error:  # safetensors raises its own kind on cut files
        raise InputError(f"'{tar}' is damaged or gone: make the store again.") from error


def read_lines(path: Path) -> list[Line]:
    """All lines of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, lines: Iterable[Line]) -> None:
    """Writes a file of JSON lines, whole or not at all; memory does not grow with it."""
    partial = hidden(path)
    try:
        with partial.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def hidden(path: Path) -> Path:
    """Where a file is written before it takes its name."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _put(tar: tarfile.TarFile, name: str, data: bytes) -> int:
    """Appends a file; where its content begins."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    at = tar.offset + _BLOCK
    tar.addfile(member, io.BytesIO(data))
    return at


def _content(blob: bytes) -> int:
    """Bytes of a tar before the zeros that end it."""
    with tarfile.open(fileobj=io.BytesIO(blob)) as tar:
        return max((m.offset_data + -(-m.size // _BLOCK) * _BLOCK for m in tar), default=0)
