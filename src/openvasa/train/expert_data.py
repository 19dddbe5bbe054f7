"""What the expert judges learn from: mouths, head poses and sound of real talking people.

Videos are read exactly as they are judged (`openvasa.metrics`), once, and kept as one safetensors
file a clip; files are committed by a rename, so a run that was stopped goes on. Only put real
videos of people who may be trained on into the folders: no split is made here, and no output of a
model belongs here, or a judge would learn to like it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from openvasa.data.pcm import to_pcm
from openvasa.metrics.capp import face_pose
from openvasa.metrics.face_sequence import follow
from openvasa.metrics.mouth_crop import MOUTH_SIDE, mouth_square
from openvasa.metrics.video_clock import pictures, sound_of
from openvasa.types import Array, InputError

MARGIN = 1.25  # of the kept squares: crops are moved and scaled inside them
KEPT_SIDE = round(MARGIN * MOUTH_SIDE)
_ENDINGS = (".mp4", ".mkv", ".mpg", ".avi", ".mov", ".webm")
_LEAST_FOUND = 0.95  # share of frames with a face below which a clip is left out


@dataclass(frozen=True)
class ExpertClip:
    """One clip of T frames.

    Attributes:
        person: Whose face and voice it is.
        mouths: u8 [T, 120, 120], the brightness of the lower face with a margin around.
        pose: f32 [T, 6], see `capp.pose_rows`.
        audio: i16 [640 T].
    """

    person: str
    mouths: NDArray[np.uint8]
    pose: Array
    audio: NDArray[np.int16]


def read_video(video: Path, person: str) -> ExpertClip | None:
    """Reads one video; None where it has no sound or hardly a face.

    Raises:
        InputError: It is damaged.
    """
    face = follow(image for _, image in pictures(video))
    if face is None or face.found.mean() < _LEAST_FOUND:
        return None
    sound = sound_of(video, len(face))
    if sound is None:
        return None
    mouths = np.stack([
        cv2.cvtColor(mouth_square(image, face.points[k], KEPT_SIDE, MARGIN), cv2.COLOR_RGB2GRAY)
        for k, image in pictures(video)
    ])  # fmt: skip
    return ExpertClip(
        person, mouths.astype(np.uint8), face_pose(face).astype(np.float32), to_pcm(sound)
    )


def videos_in(folders: list[Path]) -> Iterator[tuple[Path, str]]:
    """Videos and their people: what stands before `_` in the name, else the folder's name.

    Raises:
        InputError: There is no video.
    """
    files = [file for folder in folders for file in sorted(folder.glob("*"))]
    found = [file for file in files if file.suffix.lower() in _ENDINGS]
    if not found:
        raise InputError(f"there is no video in {', '.join(map(str, folders))}: check the folders.")
    for file in found:
        yield file, file.stem.split("_")[0] if "_" in file.stem else file.parent.name


def prepare(folders: list[Path], out: Path) -> int:
    """Reads all videos of some folders that were not read yet.

    Returns:
        How many clips there are in `out`.

    Raises:
        InputError: There is no video.
    """
    out.mkdir(parents=True, exist_ok=True)
    for video, person in videos_in(folders):
        target = out / f"{person}_{video.stem}.safetensors"
        if target.is_file():
            continue
        clip = read_video(video, person)
        if clip is None:
            print(f"{video.name}: no sound, or hardly a face; left out", flush=True)
            continue
        part = target.with_name(f".{target.name}.part")
        arrays: dict[str, NDArray[Any]] = {
            "mouths": clip.mouths, "pose": clip.pose, "audio": clip.audio,
        }  # fmt: skip
        save_file(arrays, part, metadata={"person": person})
        os.replace(part, target)
    return len(list(out.glob("*.safetensors")))


def load(data: Path, least_frames: int) -> list[ExpertClip]:
    """All clips of a folder that are long enough, in the order of their names.

    Raises:
        InputError: There are none.
    """
    clips = []
    for path in sorted(data.glob("*.safetensors")):
        with safe_open(path, framework="np") as file:
            arrays = (file.get_tensor(name) for name in ("mouths", "pose", "audio"))
            clip = ExpertClip(file.metadata()["person"], *arrays)
        if len(clip.pose) >= least_frames:
            clips.append(clip)
    if not clips:
        raise InputError(f"{data} holds no clips of {least_frames} frames: run prepare first.")
    return clips


def by_person(clips: list[ExpertClip]) -> list[list[ExpertClip]]:
    """The clips of each person, so that people, not clips, are drawn evenly."""
    people: dict[str, list[ExpertClip]] = {}
    for clip in clips:
        people.setdefault(clip.person, []).append(clip)
    return list(people.values())


def stage(
    argv: list[str] | None, about: str, config: type[Any], train: Callable[..., object],
    export: Callable[[Path, Path], None],
) -> int:  # fmt: skip
    """The command line that both experts share: prepare, train, export.

    Args:
        argv: The words after the stage's name.
        about: The stage's help.
        config: A dataclass; `--set NAME=VALUE` changes its fields.
        train: Called with the data, the run's folder, the config and the minutes.
        export: Called with the run's folder and the folder for the graphs.

    Raises:
        InputError: A name or value of `--set` is none of the config's.
    """
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    first, second, third = (verbs.add_parser(v) for v in ("prepare", "train", "export"))
    first.add_argument("folders", type=Path, nargs="+", help="videos of people to train on")
    for verb in (first, second):
        verb.add_argument("--data", type=Path, required=True, help="what was read of them")
    for verb in (second, third):
        verb.add_argument("--out", type=Path, required=True, help="the run's folder")
    second.add_argument("--minutes", type=float, help="wall-clock limit of this call")
    second.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="settings")
    third.add_argument("--to", type=Path, required=True, help="folder for the graphs")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    if args.verb == "prepare":
        print(f"{prepare(args.folders, args.data)} clips in {args.data}")
    elif args.verb == "train":
        train(args.data, args.out, _changed(config(), args.set), args.minutes)
    else:
        export(args.out, args.to)
    return 0


def _changed(config: Any, words: list[str]) -> Any:
    for word in words:
        name, _, text = word.partition("=")
        try:
            value = type(getattr(config, name))(text)
        except (AttributeError, ValueError) as error:
            raise InputError(f"--set {word}: no such setting, or no such value.") from error
        config = replace(config, **{name: value})
    return config
