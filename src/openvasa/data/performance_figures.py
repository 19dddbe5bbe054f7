"""What faces do in a few seconds of speech: samples of quantities, of real clips and made ones.

Both are read on the same mesh and cut into pieces of the same length, so that figures that depend
on length (blinks in a piece, intervals between them) can be compared. Knows nothing of fitting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openvasa.data import prosody
from openvasa.data.head import HeadBasis, angles_from, gaze_of
from openvasa.data.lids import lid_scores
from openvasa.data.pcm import from_pcm
from openvasa.data.shards import Sample
from openvasa.latent.control_points import control_points
from openvasa.types import EXPRESSION_NAMES, FPS, Array

Curve = NDArray[np.float64]
Figures = dict[str, Curve]

PIECE = 75  # frames: GRID's clips are three seconds
HEARD = -30.0  # dB below loud speech: quieter frames are no speech
BLINK_SCORE = 0.5  # of a landmarker's lid score, above which it is a blink
BLINK_GAP = 3  # frames: two humps nearer than this are one blink
QUANTITIES = (
    "lip aperture", "lip speed", "lip width", "jaw speed", "brow height", "blinks in 3 s",
    "blink frames", "blink interval", "blink depth", "gaze yaw", "gaze pitch",
)  # fmt: skip
_TOP, _CHIN, _NOSE = 10, 152, 4
_UPPER, _LOWER = 13, 14
_CORNERS, _EYES, _BROWS = (61, 291), (33, 263), (105, 334)
_SEEN = np.array([_TOP, _CHIN, _NOSE, _UPPER, _LOWER, *_CORNERS, *_EYES, *_BROWS])
_LIDS = [EXPRESSION_NAMES.index(f"eyeBlink{side}") for side in ("Left", "Right")]


class Piece(NamedTuple):
    """A few seconds of one face on the 25 fps clock.

    Attributes:
        points: [T, 468, 3], any scale, upright enough that lengths in the picture tell.
        lids: [T] in [0, 1], how far the lids are shut.
        gaze: [T, 2] where the eyes look, degrees from the camera, yaw and pitch.
        heard: bool [T], whether there is speech.
    """

    points: Curve
    lids: Curve
    gaze: Curve
    heard: NDArray[np.bool_]


def real_pieces(clips: Iterable[Sample], basis: HeadBasis) -> dict[str, list[Piece]]:
    """Real clips of a store as pieces, by person."""
    found: dict[str, list[Piece]] = {}
    for clip in clips:
        landmarks = clip.arrays["landmarks"].astype(np.float64)
        heard = _heard(from_pcm(clip.arrays["audio"]), len(landmarks))
        upright, gaze = _upright(landmarks, basis)
        lids = lid_scores(landmarks).mean(axis=1)
        found.setdefault(str(clip.about["person"]), []).extend(
            _cut(Piece(upright, lids, gaze, heard))
        )
    return found


def made_pieces(takes: Iterable[tuple[Array, Array, Array]], basis: HeadBasis) -> list[Piece]:
    """Synthetic takes as pieces.

    Args:
        takes: Expressions [T, 45], gaze [T, 2] in degrees, and sound f32 [N] of each.
        basis: The parametric head that shows the expressions.
    """
    pieces: list[Piece] = []
    for expression, gaze, audio in takes:
        wide = expression.astype(np.float64)
        points = np.repeat(basis.mean[None].astype(np.float64), len(wide), axis=0)
        points[:, _SEEN] += np.einsum(
            "te,epc->tpc", wide, basis.expression[:, _SEEN], optimize=True
        )
        parted = points[:, _UPPER, 1] > points[:, _LOWER, 1]
        points[:, _LOWER] = np.where(parted[:, None], points[:, _LOWER], points[:, _UPPER])
        lids = wide[:, _LIDS].mean(axis=1)
        heard = _heard(audio, len(wide))
        pieces += _cut(Piece(points, lids, gaze.astype(np.float64), heard))
    return pieces


def figures(pieces: Iterable[Piece]) -> Figures:
    """Samples of every quantity in `QUANTITIES` over some pieces of one kind of face."""
    samples: dict[str, list[Curve]] = {name: [] for name in QUANTITIES}
    for piece in pieces:
        for name, values in _measure(piece):
            samples[name].append(values)
    joined = {n: np.concatenate([*v, np.zeros(0)]) for n, v in samples.items()}
    depth = joined["blink depth"]
    if len(depth):
        joined["blink depth"] = depth / np.percentile(depth, 95)
    return joined


def blinks_a_minute(found: Mapping[str, Curve]) -> float:
    """Blink rate of `figures`."""
    pieces = found["blinks in 3 s"]
    return float(pieces.sum() / max(len(pieces), 1) * 60 * FPS / PIECE)


def _measure(piece: Piece) -> Iterator[tuple[str, Curve]]:
    points, heard = piece.points, piece.heard
    eyes = _apart(points, *_EYES)
    aperture = _apart(points, _UPPER, _LOWER) / _apart(points, _TOP, _CHIN)
    jaw = _apart(points, _NOSE, _CHIN) / np.median(eyes)
    width = _apart(points, *_CORNERS) / eyes
    brows = (points[:, _BROWS, 1].mean(axis=1) - points[:, _EYES, 1].mean(axis=1)) / eyes
    yield "lip aperture", aperture[heard]
    yield "lip speed", np.abs(np.diff(aperture))[heard[1:]] * FPS
    yield "lip width", width[heard] / np.median(width)
    yield "jaw speed", np.abs(np.diff(jaw))[heard[1:]] * FPS
    yield "brow height", np.abs(brows) - np.median(np.abs(brows))
    spans = blink_spans(piece.lids)
    yield "blinks in 3 s", np.array([len(spans)], np.float64)
    yield "blink frames", np.array([b - a for a, b in spans], np.float64)
    starts = np.array([a for a, _ in spans], np.float64)
    yield "blink interval", np.diff(starts) / FPS
    yield "blink depth", np.array([piece.lids[a:b].max() for a, b in spans])
    still = piece.lids < 0.25
    if still.any():
        away = piece.gaze[still] - np.median(piece.gaze[still], axis=0)
        yield "gaze yaw", away[:, 0]
        yield "gaze pitch", away[:, 1]


def blink_spans(lids: Curve) -> list[tuple[int, int]]:
    """First frame and end of every blink: from half its height to half its height, [T] lids."""
    over = np.flatnonzero(lids > BLINK_SCORE)
    if not len(over):
        return []
    spans = []
    for run in np.split(over, np.flatnonzero(np.diff(over) > BLINK_GAP) + 1):
        first, last = int(run[0]), int(run[-1])
        rest = float(np.median(lids[max(0, first - 12) : max(first - 3, 1)]))
        half = 0.5 * (lids[first : last + 1].max() + min(rest, BLINK_SCORE))
        inside = np.flatnonzero(lids[max(first - 4, 0) : last + 5] > half) + max(first - 4, 0)
        spans.append((int(inside[0]), int(inside[-1]) + 1))
    return spans


def _upright(landmarks: Curve, basis: HeadBasis) -> tuple[Curve, Curve]:
    """Canonical mesh [T, 468, 3] and gaze [T, 2] in degrees of landmarks [T, 478, 3]."""
    meshes, looks = [], []
    for frame in landmarks:
        points, (scale, rotation, shift) = control_points(frame, basis.mean)
        mesh = (points[:468] - shift) @ rotation / scale
        meshes.append(mesh)
        eyes = gaze_of(mesh, points, rotation, scale, shift)
        looks.append(np.degrees(eyes + angles_from(rotation)[:2]))
    return np.stack(meshes), np.stack(looks)


def _heard(audio: Array, frames: int) -> NDArray[np.bool_]:
    return prosody.loudness(audio, frames) > HEARD


def _cut(piece: Piece) -> list[Piece]:
    points, lids, gaze, heard = piece
    spans = [slice(t, t + PIECE) for t in range(0, len(lids) // PIECE * PIECE, PIECE)]
    return [Piece(points[s], lids[s], gaze[s], heard[s]) for s in spans]


def _apart(points: Curve, first: int, second: int) -> Curve:
    return np.asarray(np.linalg.norm(points[:, first, :2] - points[:, second, :2], axis=1))
