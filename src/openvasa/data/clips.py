"""Talking videos -> labeled clips: one crop for the whole clip, mesh points, scores and sound.

    python -m openvasa.data.clips VIDEOS... --task FILE --out DIR [--alignments DIR]

Writes DIR/SPEAKER/CODE.npz, resumable by running it again, and a line per video in
DIR/manifest.jsonl. A video that cannot be used is recorded with the reason, never a crash.
Keys of a clip, T frames at 25 fps (frame t sounds during samples [640 t, 640 (t + 1))):

    jpeg         u8 [bytes]        the crops, JPEG one after the other (`read_frames`)
    offsets      i64 [T + 1]       crop t is jpeg[offsets[t]:offsets[t + 1]]
    size         i64               side of a crop in pixels
    box          f32 [3]           the crop in the video: center x, center y, side in its pixels
    valid        f32 [4]           left, top, right, bottom (crop units): beyond, edges repeat
    landmarks    f32 [T, 478, 3]   crop units (x right, y down, z toward the camera negative)
    scores       f32 [T, 52]       in [0, 1], order `openvasa.data.labels.SCORE_NAMES`
    found        bool [T]          False: no face there, the nearest frame's labels are repeated
    times        f32 [T]           seconds of each frame in the video
    audio        f32 [640 T]       16 kHz mono in [-1, 1]
    speaker, code                  str; the code is the sentence (docs/data.md)
    words        str [W]           with spans f32 [W, 2] in seconds; empty without an alignment
    pixel_aspect f32               width of a video pixel per height, already undone in the crops
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from openvasa.data.labels import FaceLabels, Landmarker, valid_region
from openvasa.data.recordings import Dropped, Video, fit_audio, read_alignment, read_video
from openvasa.face.align import crop_box, cut, to_crop_units
from openvasa.types import Array, CropBox, Image, InputError

MIN_FRAMES = 50  # two seconds; shorter is of no use to the motion model
MIN_FOUND = 0.9  # share of the frames that must show a face
BOX_SAMPLES = 9  # frames looked at to place the crop
LABEL_SIZES = (256, 640)  # pixels of the crop the landmarker sees: as sharp as the video is
JPEG_QUALITY = 95


def clip_box(frames: list[Image], landmarker: Landmarker) -> CropBox:
    """Place one crop for a whole clip, from the median mesh of a few frames.

    Args:
        frames: u8 [H, W, 3] each.
        landmarker: Finds the face.

    Returns:
        The square, in pixels of the frames.

    Raises:
        Dropped: Fewer than half of the frames looked at show a face.
    """
    chosen = np.unique(np.linspace(0, len(frames) - 1, BOX_SAMPLES).round().astype(int))
    found = [landmarker.label(frames[i]) for i in chosen]
    meshes = [labels.landmarks for labels in found if labels is not None]
    if len(meshes) * 2 < len(chosen):
        raise Dropped(f"a face in {len(meshes)} of {len(chosen)} frames looked at")
    return crop_box(np.median(meshes, axis=0))


def fill_missing(labels: list[FaceLabels | None]) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Give frames without a face the labels of the nearest frame that has one.

    Args:
        labels: One entry per frame.

    Returns:
        landmarks f32 [T, 478, 3], scores f32 [T, 52], found bool [T].

    Raises:
        Dropped: Too few frames show a face.
    """
    found = np.array([entry is not None for entry in labels])
    if found.mean() < MIN_FOUND:
        raise Dropped(f"a face in {int(found.sum())} of {len(found)} frames")
    known = np.flatnonzero(found)
    nearest = known[np.abs(np.arange(len(found))[:, None] - known).argmin(axis=1)]
    entries = [labels[i] for i in nearest]
    landmarks = np.stack([entry.landmarks for entry in entries if entry is not None])
    scores = np.stack([entry.scores for entry in entries if entry is not None])
    return landmarks, scores, found


def is_held_out(speaker: str, code: str) -> bool:
    """Whether a clip of the main speaker is kept for evaluation: the commands with "set".

    Args:
        speaker: As in the clip.
        code: As in the clip.

    Returns:
        True if neither motion nor sound may be trained on it.
    """
    return speaker == "s1" and code.startswith("s")


def label_clip(
    video: Video, landmarker: Landmarker, size: int, pixel_aspect: float = 1.0
) -> dict[str, Any]:
    """Crop and label a decoded video.

    Args:
        video: The frames and the sound.
        landmarker: Labels the crops.
        size: Side of the stored crops in pixels.
        pixel_aspect: Recorded only; the frames are already widened.

    Returns:
        The arrays of the module's table, without speaker, code, words and spans.

    Raises:
        Dropped: Too short, or too few faces.
    """
    if len(video.frames) < MIN_FRAMES:
        raise Dropped(f"{len(video.frames)} frames, want {MIN_FRAMES}")
    box = clip_box(video.frames, landmarker)
    label_size = int(np.clip(round(box.side), *LABEL_SIZES))
    in_label = CropBox(label_size / 2, label_size / 2, label_size)
    labels: list[FaceLabels | None] = []
    blobs: list[bytes] = []
    for frame in video.frames:
        labels.append(landmarker.label(cut(frame, box, label_size)))
        blobs.append(encode_jpeg(cut(frame, box, size)))
    landmarks, scores, found = fill_missing(labels)
    return {
        "jpeg": np.frombuffer(b"".join(blobs), np.uint8),
        "offsets": np.cumsum([0, *map(len, blobs)]).astype(np.int64),
        "size": np.int64(size),
        "box": np.array(box, np.float32),
        "valid": valid_region(box, *video.frames[0].shape[:2]),
        "landmarks": to_crop_units(landmarks, in_label),
        "scores": scores,
        "found": found,
        "times": np.array(video.times, np.float32),
        "audio": fit_audio(video.audio, len(video.frames)),
        "pixel_aspect": np.float32(pixel_aspect),
    }


def encode_jpeg(image: Image, quality: int = JPEG_QUALITY) -> bytes:
    """Encode a picture as JPEG without color subsampling.

    Args:
        image: u8 [H, W, 3].
        quality: 1 to 100.

    Returns:
        The bytes of a JPEG file.
    """
    buffer = io.BytesIO()
    PilImage.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def read_frames(clip: Any, frames: Iterable[int] | None = None) -> Image:
    """Decode crops of a stored clip.

    Args:
        clip: What `numpy.load` gives for a clip file, or a dict of its arrays.
        frames: Which frames; all if None.

    Returns:
        u8 [N, size, size, 3].
    """
    blob, offsets = clip["jpeg"], clip["offsets"]
    wanted = range(len(offsets) - 1) if frames is None else frames
    pictures = []
    for i in wanted:
        picture = PilImage.open(io.BytesIO(blob[offsets[i] : offsets[i + 1]].tobytes()))
        pictures.append(np.asarray(picture.convert("RGB")))
    return np.stack(pictures)


def name_of(path: Path) -> tuple[str, str]:
    """Speaker and sentence code of a video: `s4_bbaf2n.mkv`, or `s1/bbaf2n.mpg`.

    Args:
        path: The video.

    Returns:
        (speaker, code).
    """
    speaker, _, code = path.stem.partition("_")
    return (speaker, code) if code else (path.parent.name, path.stem)


def store(path: Path, arrays: dict[str, Any]) -> None:
    """Write an npz file in one step: it is either whole or not there.

    Args:
        path: Where to.
        arrays: What to write, by key.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(partial, path)


def prepare(
    path: Path, out: Path, landmarker: Landmarker, size: int, aspect: float, words: Path | None
) -> dict[str, Any]:
    """Label one video and store it, whatever it contains.

    Args:
        path: The video.
        out: Folder of the clips.
        landmarker: Labels the crops.
        size: Side of the stored crops in pixels.
        aspect: Width per height of a stored pixel of the video.
        words: Folder with CODE.align files, if there are any.

    Returns:
        The line for the manifest.
    """
    started = time.monotonic()
    speaker, code = name_of(path)
    line: dict[str, Any] = {"video": path.name, "speaker": speaker, "code": code}
    try:
        video = read_video(path, aspect)
        arrays = label_clip(video, landmarker, size, aspect)
        align = words / f"{code}.align" if words else None
        spoken, spans = read_alignment(align)
        arrays |= {"speaker": speaker, "code": code, "words": spoken, "spans": spans}
        store(out / speaker / f"{code}.npz", arrays)
    except (Dropped, OSError, ValueError) as error:
        return line | {"kept": False, "reason": str(error)}
    line |= {"kept": True, "frames": len(video.frames), "damaged": video.damaged}
    line |= {"found": float(arrays["found"].mean()), "side": float(arrays["box"][2])}
    return line | {"seconds": round(time.monotonic() - started, 2)}


def todo(videos: Iterable[Path], out: Path) -> Iterator[Path]:
    """The videos that neither have a clip yet nor were dropped before.

    Args:
        videos: All videos.
        out: Folder of the clips.

    Yields:
        The rest, in order.
    """
    manifest = out / "manifest.jsonl"
    lines = manifest.read_text().splitlines() if manifest.is_file() else []
    dropped = {(d["speaker"], d["code"]) for d in map(json.loads, lines) if not d["kept"]}
    for path in videos:
        speaker, code = name_of(path)
        if (speaker, code) not in dropped and not (out / speaker / f"{code}.npz").is_file():
            yield path


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments; those of the process if None.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m openvasa.data.clips")
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--task", required=True, type=Path, help="face_landmarker.task")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--size", type=int, default=256, help="side of the crops in pixels")
    parser.add_argument("--alignments", type=Path, help="folder of CODE.align files")
    parser.add_argument("--pixel-aspect", type=float, default=1.0, help="PAL recordings: 1.0667")
    options = parser.parse_args(argv)
    try:
        landmarker = Landmarker(options.task)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    with landmarker, (options.out / "manifest.jsonl").open("a") as manifest:
        for path in todo(options.videos, options.out):
            line = prepare(
                path, options.out, landmarker, options.size, options.pixel_aspect,
                options.alignments,
            )  # fmt: skip
            manifest.write(json.dumps(line) + "\n")
            manifest.flush()
            print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
