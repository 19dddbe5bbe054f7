"""A model on disk: one folder that needs nothing else to be loaded. Knows no network.

Layout of a bundle:
    config.json             {"format": 1, "name", "license", "files": {file: sha256}, ...}
    <network>.safetensors   weights, stored in fp16, read as f32
    <graph>.onnx            the same networks as graphs for inference

What else config.json holds (one section a room: its sizes, its mean and std) belongs to the rooms.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from openvasa.types import Array, InputError

FORMAT = 1
CONFIG_FILE = "config.json"
_REQUIRED = ("format", "name", "license", "files")
_SUFFIXES = (".safetensors", ".onnx")


@dataclass(frozen=True)
class Bundle:
    """A verified model folder.

    Attributes:
        path: The folder.
        config: All of config.json.
    """

    path: Path
    config: dict[str, Any]

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.config["name"])

    @property
    def license(self) -> str:
        """The license of the weights, as an SPDX expression."""
        return str(self.config["license"])

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the networks whose weights are here."""
        return self._stems(".safetensors")

    @property
    def graphs(self) -> dict[str, Path]:
        """The inference graphs: name -> ONNX file."""
        return {name: self.path / f"{name}.onnx" for name in self._stems(".onnx")}

    def section(self, name: str) -> dict[str, Any]:
        """One section of config.json.

        Raises:
            InputError: There is none of that name.
        """
        if not isinstance(self.config.get(name), dict):
            raise InputError(f"the model '{self.path}' has no section '{name}' in {CONFIG_FILE}.")
        return dict(self.config[name])

    def graph(self, name: str) -> Path:
        """The ONNX file of one graph.

        Raises:
            InputError: There is none of that name.
        """
        if name not in self.graphs:
            raise InputError(_lacks(self.path, "graph", name, tuple(self.graphs)))
        return self.graphs[name]

    def tensors(self, network: str) -> dict[str, Array]:
        """The weights of one network, floating-point ones as f32.

        Raises:
            InputError: There are none of that name, or the file is damaged.
        """
        if network not in self.networks:
            raise InputError(_lacks(self.path, "network", network, self.networks))
        file = self.path / f"{network}.safetensors"
        try:
            stored = load_file(file)
        except (SafetensorError, OSError) as error:
            raise InputError(
                f"'{file}' is not a safetensors file: copy the model again."
            ) from error
        return {
            name: value.astype(np.float32) if value.dtype.kind == "f" else value
            for name, value in stored.items()
        }

    def _stems(self, suffix: str) -> tuple[str, ...]:
        files = self.config["files"]
        return tuple(sorted(Path(file).stem for file in files if file.endswith(suffix)))


def read_bundle(path: str | Path) -> Bundle:
    """Reads a model folder and checks every file in it against its sha256.

    Args:
        path: A folder that `write_bundle` made.

    Raises:
        InputError: The folder or a file is missing, unknown, or not what was written.
    """
    path = Path(path)
    config = _read_config(path)
    present = {file.name for file in path.iterdir() if not file.name.startswith(".")}
    listed = set(config["files"])
    for file in sorted(listed - present):
        raise InputError(f"the model '{path}' lacks the file '{file}': copy the model again.")
    for file in sorted(present - listed - {CONFIG_FILE}):
        raise InputError(f"the model '{path}' holds an unknown file '{file}': remove it.")
    for file, expected in config["files"].items():
        if _sha256(path / file) != expected:
            raise InputError(
                f"the file '{file}' of the model '{path}' is damaged (wrong sha256): "
                "copy the model again."
            )
    return Bundle(path, config)


def write_bundle(
    path: str | Path,
    *,
    name: str,
    license: str,
    config: Mapping[str, Any],
    tensors: Mapping[str, Mapping[str, NDArray[Any]]],
    graphs: Mapping[str, bytes | Path],
) -> Bundle:
    """Writes a model folder, whole or not at all; one that is there is replaced.

    Args:
        path: The folder to make.
        name: The model's name.
        license: The license of the weights, as an SPDX expression.
        config: The sections of config.json, one a room; plain JSON values.
        tensors: Weights by network and tensor; floating-point ones are stored in fp16.
        graphs: ONNX graphs by name, as bytes or as a file to copy.

    Returns:
        The bundle, read back and verified.

    Raises:
        ValueError: A section has a reserved name, or a weight does not fit fp16.
    """
    path = Path(path)
    if taken := sorted(set(config) & set(_REQUIRED)):
        raise ValueError(f"these names are reserved in {CONFIG_FILE}: {', '.join(taken)}")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    try:
        part.mkdir(parents=True)
        for network, weights in tensors.items():
            halves = {key: _half(value, f"{network}.{key}") for key, value in weights.items()}
            (part / f"{network}.safetensors").write_bytes(save(halves))
        for graph, source in graphs.items():
            content = source if isinstance(source, bytes) else Path(source).read_bytes()
            (part / f"{graph}.onnx").write_bytes(content)
        files = {file.name: _sha256(file) for file in sorted(part.iterdir())}
        header = {"format": FORMAT, "name": name, "license": license}
        text = json.dumps({**header, **config, "files": files}, indent=2)
        (part / CONFIG_FILE).write_text(text + "\n", encoding="utf-8")
        if path.exists():
            path.rename(old)
        part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if old.exists() and not path.exists():
            old.rename(path)
        shutil.rmtree(old, ignore_errors=True)
    return read_bundle(path)


def _read_config(path: Path) -> dict[str, Any]:
    if not path.is_dir():
        raise InputError(f"there is no model folder at '{path}': check the name.")
    file = path / CONFIG_FILE
    if not file.is_file():
        raise InputError(f"'{path}' is not a model: it has no {CONFIG_FILE}.")
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"'{file}' is not valid JSON: copy the model again.") from error
    if not isinstance(config, dict):
        raise InputError(f"'{file}' must hold a JSON object: copy the model again.")
    for key in _REQUIRED:
        if key not in config:
            raise InputError(f"'{file}' lacks '{key}': copy the model again.")
    if config["format"] != FORMAT:
        raise InputError(
            f"'{path}' has model format {config['format']}, and this release reads "
            f"format {FORMAT}: update openvasa or the model."
        )
    files = config["files"]
    if not isinstance(files, dict) or not all(_is_plain(name) for name in files):
        raise InputError(f"'{file}' lists files that a model cannot have: copy the model again.")
    return config


def _is_plain(file: str) -> bool:
    """Whether a listed file is a weight or graph file of this very folder."""
    return Path(file).name == file and file.endswith(_SUFFIXES) and not file.startswith(".")


def _half(value: NDArray[Any], name: str) -> NDArray[Any]:
    if value.dtype.kind != "f":
        return np.ascontiguousarray(value)
    with np.errstate(over="ignore"):
        half = np.ascontiguousarray(value, dtype=np.float16)
    if not np.isfinite(half).all():
        raise ValueError(f"the weight '{name}' has values that fp16 cannot hold")
    return half


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _lacks(path: Path, kind: str, name: str, there: tuple[str, ...]) -> str:
    known = ", ".join(there) or "none"
    return f"the model '{path}' has no {kind} '{name}' (it has: {known})."
