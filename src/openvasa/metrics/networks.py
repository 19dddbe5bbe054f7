"""Prepares the folder of judges: files of others, converted or copied, under the names expected.

    python -m openvasa.metrics.networks --out judges --lpips vgg16.ckpt --inception default_1.pt
        --i3d i3d-kinetics-400.ckpt --pose 6DRepNet360.onnx --identity SFACE.onnx
        --second-identity MobileFaceNet.onnx --syncnet syncnet_v2.model

Give those you have; docs/evaluation.md says where they come from. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from openvasa.metrics import judges
from openvasa.types import InputError

Convert = Callable[[Path, Path], None]


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        done = prepare(
            arguments.out, {name: getattr(arguments, name) for name in _steps()}
        )  # fmt: skip
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for path in done:
        print(path)
    for sentence in judges.Judges(arguments.out).missing():
        print(sentence, file=sys.stderr)
    return 0


def prepare(folder: Path, sources: dict[str, Path | None]) -> list[Path]:
    """Converts or copies what is given.

    Args:
        folder: Made if missing.
        sources: By the name of the flag.

    Returns:
        What was written.

    Raises:
        InputError: A file is missing or another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (target, convert) in _steps().items():
        source = sources.get(name)
        if source is None:
            continue
        if not source.is_file():
            raise InputError(f"there is no file '{source}': check --{name.replace('_', '-')}.")
        part = folder / f".{target}.part"
        try:
            convert(source, part)
            os.replace(part, folder / target)
        finally:
            part.unlink(missing_ok=True)
        beside = source.with_name(source.name + ".data")  # weights that a graph keeps apart
        if beside.is_file():
            shutil.copyfile(beside, folder / beside.name)
        written.append(folder / target)
    return written


def _steps() -> dict[str, tuple[str, Convert]]:
    from openvasa.metrics import i3d, inception, lpips, syncnet

    return {
        "lpips": (judges.LPIPS, lpips.convert),
        "inception": (judges.INCEPTION, inception.convert),
        "i3d": (judges.I3D, i3d.convert),
        "pose": (judges.POSE, _copy),
        "identity": (judges.SFACE, _copy),
        "second_identity": (judges.MOBILE, _copy),
        "syncnet": (judges.SYNCNET, syncnet.convert),
    }


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m openvasa.metrics.networks", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    for name, (target, _) in _steps().items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=Path, metavar="FILE", help=f"becomes {target}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
