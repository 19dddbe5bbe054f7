"""Videos of one person talking -> their faces, frame by frame, the end of each video held out.

The face is followed by the package's own tracker and explained by the parametric head; nothing
else than the videos is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from openvasa.data.crop_pictures import encode_jpeg
from openvasa.data.frame_pairs import Pool
from openvasa.data.head import FittedHead, HeadBasis, fit
from openvasa.face.align import crop_box, cut, to_crop_units
from openvasa.face.follow import FaceFollower
from openvasa.face.landmarks import Mesh
from openvasa.media.timed_video import timed_pictures
from openvasa.types import Array, InputError

HELD_OUT = 0.2  # share of each video's faces, the last ones: videos differ in light and clothes
LEAST = 50  # faces that a video must show
MOST = 1500  # faces kept of all videos together, evenly spread
SMALLEST = 64  # pixels, forehead to chin


class Person(NamedTuple):
    """One person's faces: those to learn from and those to judge by.

    Both pools hold faces of every video; those of one video are one group.
    """

    train: Pool
    held_out: Pool


class _Sight(NamedTuple):
    """One face seen: its video's number, crop's file and landmarks [478, 3], crop units, y down."""

    clip: int
    file: str
    landmarks: Array


def follow_person(
    clips: Sequence[Path], folder: Path, basis: HeadBasis, size: int, face: int | None = None
) -> Person:
    """Follows one face through each video and cuts out its crops.

    Args:
        clips: Videos of the same person.
        folder: Gets the crops as JPEG files.
        basis: The parametric head that explains the faces.
        size: Side of the crops in pixels.
        face: Which face of each video's first picture, counted from 1, the largest first; None
            asks for videos that begin with one face.

    Raises:
        InputError: A video cannot be read, shows no face, several, or one that is too small, or
            shows it too shortly.
    """
    tracks = [_followed(clip, face) for clip in clips]
    seen = sum(mesh is not None for track in tracks for mesh in track)
    every = -(-seen // MOST)
    folder.mkdir(parents=True, exist_ok=True)
    train: list[_Sight] = []
    held_out: list[_Sight] = []
    for number, (clip, track) in enumerate(zip(clips, tracks, strict=True)):
        sights = _crops(clip, track, folder, number, size, every)
        last = round(len(sights) * (1 - HELD_OUT))
        train += sights[:last]
        held_out += sights[last:]
    rough = [fit(basis, sight.landmarks.astype(np.float64)) for sight in train[::8]]
    # One shape for the person; what is left over is expression.
    neutral = np.median(
        [head.canonical - np.tensordot(head.expression, basis.expression, 1) for head in rough], 0
    )
    return Person(_pool(train, basis, neutral), _pool(held_out, basis, neutral))


def _followed(clip: Path, face: int | None) -> list[Mesh | None]:
    """The face in each picture of a video."""
    follower = FaceFollower(face)
    track = [follower.add(picture) for _, picture in timed_pictures(clip)]
    known = [mesh for mesh in track if mesh is not None]
    if not known:
        raise InputError(f"no face was found in '{clip}': give a video of one person talking.")
    if follower.faces > 1 and face is None:
        raise InputError(
            f"'{clip}' begins with {follower.faces} faces: cut the video to one person, or choose "
            "one with --face N, counted from the largest."
        )
    if (height := float(np.median([mesh.height for mesh in known]))) < SMALLEST:
        raise InputError(
            f"the face in '{clip}' is only {height:.0f} pixels high: give a video in which it has "
            f"at least {SMALLEST}."
        )
    if len(known) < LEAST:
        raise InputError(
            f"'{clip}' shows the face in {len(known)} pictures only: give a video with at least "
            f"{LEAST}, and better with a thousand."
        )
    return track


def _crops(clip: Path, track: Sequence[Mesh | None], folder: Path, number: int, size: int,
           every: int) -> list[_Sight]:  # fmt: skip
    """Cuts out every `every`-th face, all in one square, as a portrait's frames are."""
    known = [k for k, mesh in enumerate(track) if mesh is not None]
    wanted = set(known[::every])
    box = crop_box(np.median([track[k].points for k in known], axis=0))  # type: ignore[union-attr]
    sights = []
    for k, (_, picture) in enumerate(timed_pictures(clip)):
        mesh = track[k]
        if mesh is None or k not in wanted:
            continue
        file = folder / f"{number:03d}_{k:06d}.jpg"
        file.write_bytes(encode_jpeg(cut(picture, box, size)))
        sights.append(_Sight(number, str(file.resolve()), to_crop_units(mesh.points, box)))
    return sights


def _pool(sights: Sequence[_Sight], basis: HeadBasis, neutral: np.ndarray) -> Pool:
    """Faces as pairs are drawn from: each is a photo to render and a frame of its video."""
    heads: list[FittedHead] = [
        fit(basis, sight.landmarks.astype(np.float64), neutral) for sight in sights
    ]
    return Pool(
        np.array([sight.file for sight in sights]), np.array([sight.clip for sight in sights]),
        np.zeros(len(sights), bool),
        *(np.stack([getattr(head, key) for head in heads]).astype(np.float32)
          for key in ("canonical", "pose", "expression", "landmarks")),
    )  # fmt: skip
