"""The file of `latent.light`'s bases: written by training, read by the export."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from openvasa.latent.light import LightBases
from openvasa.types import InputError

SHIPPED_LIGHT = Path(__file__).parent / "models" / "light.safetensors"


def save_light(path: Path, light: LightBases) -> None:
    """Writes the bases in half precision, whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    tensors = {k: np.ascontiguousarray(v, np.float16) for k, v in light.tensors().items()}
    partial.write_bytes(save(tensors))
    os.replace(partial, path)


def load_light(path: Path = SHIPPED_LIGHT) -> LightBases:
    """Reads what `save_light` wrote.

    Raises:
        InputError: It is something else.
    """
    try:
        found = LightBases.from_tensors(load_file(path))
    except (OSError, SafetensorError) as error:
        raise InputError(f"cannot read '{path}': give a file of `openvasa train light`.") from error
    if found is None:
        raise InputError(f"'{path}' holds something else: give a file of `openvasa train light`.")
    return found
