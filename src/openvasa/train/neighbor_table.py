"""Writes the recordings of the baseline `neighbor` of `openvasa evaluate`: sound, head and face.

    python -m openvasa.train.neighbor_table STORE

STORE is one that `openvasa prepare-data` made; only its training clips are read. Takes a minute. Do
so again whenever the audio encoder changes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from openvasa.audio.encoder import AudioEncoder
from openvasa.data.head import load_basis
from openvasa.data.lids import lid_scores
from openvasa.data.motion_store import fit_speaker
from openvasa.data.pcm import from_pcm
from openvasa.data.store import Store
from openvasa.metrics.neighbor import HEARD, SHIPPED, shipped_encoder, sound_windows
from openvasa.types import Array, InputError

_WHITER = 0.5  # power of a component's spread that is taken out: best on speakers left out

Packed = dict[str, NDArray[np.generic]]


def pack(clips: Iterable[tuple[Array, Array, Array]]) -> Packed:
    """Recordings as small numbers: principal components of the sound, a byte a value.

    Args:
        clips: Of each clip `sound_windows` f32 [T, 640], pose as offsets to its rest f32 [T, 6]
            and expression f32 [T, 45].

    Returns:
        `frames` u8 [N, HEARD + 51], of which `step` and `low` f32 [HEARD + 51] make values;
        `ends`, `center` and `axes` as in `openvasa.metrics.neighbor.Table`.

    Raises:
        InputError: There are no clips.
    """
    rows = [(heard, np.concatenate([pose, told], 1)) for heard, pose, told in clips]
    if not rows:
        raise InputError("There are no clips to play: give a store with real training clips.")
    heard, seen = (np.concatenate(parts).astype(np.float64) for parts in zip(*rows, strict=True))
    center = heard.mean(0)
    spread, axes = np.linalg.eigh(np.cov(heard.T))
    spread, axes = np.maximum(spread[-HEARD:], 1e-9), axes[:, -HEARD:]
    axes = axes / spread ** (_WHITER / 2)
    axes /= np.sqrt((spread ** (1 - _WHITER)).sum())
    values = np.concatenate([(heard - center) @ axes, seen], 1)
    low = values.min(0)
    step = np.maximum(values.max(0) - low, 1e-9) / 255
    return {
        "frames": np.rint((values - low) / step).astype(np.uint8),
        "step": step.astype(np.float32), "low": low.astype(np.float32),
        "ends": np.cumsum([len(clip) for clip, _ in rows]).astype(np.int32),
        "center": center.astype(np.float32), "axes": axes.astype(np.float16),
    }  # fmt: skip


def _clips(store: Path, encoder: AudioEncoder) -> Iterator[tuple[Array, Array, Array]]:
    """Training clips of a store as the motion model's training reads them."""
    source, basis = Store(store), load_basis()
    for key in source.keys("real", "train"):
        arrays = source.read(key).arrays
        told, pose = fit_speaker(arrays["landmarks"], lid_scores(arrays["landmarks"]), basis)
        heard = sound_windows(encoder.encode(from_pcm(arrays["audio"])))
        count = min(len(heard), len(pose))
        rest = np.median(pose, 0).astype(np.float32)
        yield heard[:count], (pose - rest)[:count], told[:count]


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m openvasa.train.neighbor_table", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("store", type=Path, metavar="STORE")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="the table's file")
    arguments = parser.parse_args(argv)
    encoder, digest = shipped_encoder()
    try:
        packed = pack(_clips(arguments.store, encoder))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    part = arguments.out.with_name(f".{arguments.out.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    save_file(packed, part, {"encoder": digest})
    os.replace(part, arguments.out)
    print(f"{arguments.out}: {len(packed['frames'])} frames of {len(packed['ends'])} clips.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
