"""Puts one face model together from phases that were trained side by side.

`python -m openvasa.train.merge --base picture/ema.safetensors --take warps/ema.safetensors warp.
--out autoencoder.safetensors` keeps the base and takes the tensors whose names begin so.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save_file

from openvasa.types import InputError


def merge(base: Path, other: Path, prefix: str, out: Path) -> int:
    """Write `base` with the tensors of `other` that begin with `prefix`.

    Returns:
        How many tensors were taken.

    Raises:
        InputError: The two do not hold the same tensors under the prefix.
    """
    tensors, taken = load_file(str(base)), load_file(str(other))
    chosen = {name: value for name, value in taken.items() if name.startswith(prefix)}
    expected = {name for name in tensors if name.startswith(prefix)}
    if not chosen or set(chosen) != expected:
        raise InputError(f"{other} and {base} do not hold the same tensors named {prefix}*")
    with safe_open(str(base), framework="pt") as file:
        metadata = file.metadata()
    save_file(tensors | chosen, str(out), metadata=metadata)
    return len(chosen)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--take", nargs=2, required=True, metavar=("FILE", "PREFIX"))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    try:
        count = merge(args.base, Path(args.take[0]), args.take[1], args.out)
    except InputError as error:
        raise SystemExit(f"merge: {error}") from None
    print(f"{count} tensors taken from {args.take[0]}")


if __name__ == "__main__":
    main()
