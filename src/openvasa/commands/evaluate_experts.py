"""How our own experts behave on real videos of people they never saw: what `evaluate` says of them.

Sync: is the offset found when the sound is moved by up to five frames, and what becomes of real
sound, another clip's sound, and pictures that were mirrored, relit, compressed or blurred? CAPP:
matched against mismatched sound, and the paper's checks (sound moved, motion scaled).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from openvasa.metrics.bootstrap import interval
from openvasa.metrics.capp import (
    SCALES,
    SHIFTS,
    WINDOW,
    Auc,
    capp_score,
    capp_vectors,
    face_pose,
    matched_auc,
)
from openvasa.metrics.face_sequence import follow
from openvasa.metrics.judges import OWN_CAPP, OWN_SYNC, Judges
from openvasa.metrics.mouth_crop import mouth_square
from openvasa.metrics.sync import REACH, SyncScore, sync_score
from openvasa.metrics.sync import WINDOW as SYNC_WINDOW
from openvasa.metrics.sync_figures import own_picture_windows, own_sound_windows
from openvasa.metrics.video_clock import pictures, sound_of
from openvasa.types import SAMPLES_PER_FRAME, Array, InputError

Floats = NDArray[np.float64]
Squares = NDArray[np.uint8]
Row = dict[str, float]

MOVES = (1, -1, 2, -2, 3, -3, 4, -4, 5, -5)  # frames by which the sound is made late
_FRAMES = 250  # of a video at most
_OWN_PEOPLE = 5  # videos of one person from which on pairs are also mixed among them alone


@dataclass(frozen=True)
class Clip:
    """What the experts see and hear of one video of T frames."""

    person: str
    squares: Squares  # [T, 96, 96, 3]
    pose: Floats  # [T, 6]
    sound: Array  # [640 T]


def measure_experts(
    videos: Sequence[Path], judges: Judges, seed: int = 0
) -> dict[str, dict[str, Row]]:
    """Characterizes the experts.

    Args:
        videos: Real ones with sound; what stands before `_` in a name is the person.
        judges: Where the experts are.
        seed: Of the intervals.

    Returns:
        Rows of figures by condition under `sync`, `capp` and `capp_auc`.

    Raises:
        InputError: Fewer than two videos can be used.
    """
    clips = [clip for video in videos if (clip := read_clip(video)) is not None]
    if len(clips) < 2:
        raise InputError("give at least two real videos of 1.5 seconds with a face and sound.")
    capp, auc = _capp(clips, judges, seed)
    return {"sync": _sync(clips, judges, seed), "capp": capp, "capp_auc": auc}


def read_clip(video: Path) -> Clip | None:
    """One video; None where it has no sound, no face, or is too short.

    Raises:
        InputError: It is damaged.
    """
    face = follow(image for _, image in pictures(video, range(_FRAMES)))
    if face is None or len(face) < SYNC_WINDOW + 2 * REACH:
        return None
    sound = sound_of(video, len(face))
    if sound is None:
        return None
    squares = [
        mouth_square(image, face.points[k]) for k, image in pictures(video, range(len(face)))
    ]
    return Clip(video.stem.split("_")[0], np.stack(squares), face_pose(face), sound)


def as_text(found: dict[str, dict[str, Row]]) -> str:
    """Tables."""
    lines = []
    for title, rows in found.items():
        names = list(dict.fromkeys(name for row in rows.values() for name in row))
        names = [name for name in names if not name.endswith(("_low", "_high"))]
        lines.append(f"{title:<24}" + "".join(f"{name:>22}" for name in names))
        lines += [
            f"{what:<24}" + "".join(f"{_cell(row, name):>22}" for name in names)
            for what, row in rows.items()
        ]
        lines.append("")
    return "\n".join(lines)


def _cell(row: Row, name: str) -> str:
    if name not in row:
        return ""
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    span = "" if low is None or high is None else f" ({low:.3f}-{high:.3f})"
    return f"{row[name]:.3f}{span}"


def _sync(clips: list[Clip], judges: Judges, seed: int) -> dict[str, Row]:
    see, hear = (judges.onnx(name) for name in OWN_SYNC)

    def look(squares: Squares) -> Floats:
        return np.asarray(see(own_picture_windows(squares)), np.float64)

    def listen(sound: Array) -> Floats:
        return np.asarray(hear(own_sound_windows(sound)), np.float64)

    seen, heard = [look(c.squares) for c in clips], [listen(c.sound) for c in clips]
    rows = {"real": _sync_row(list(map(sync_score, seen, heard)), 0, seed)}
    strange = []
    for k, vectors in enumerate(seen):
        other = heard[(k + 1) % len(clips)]
        size = min(len(vectors), len(other))
        strange.append(sync_score(vectors[:size], other[:size]))
    rows["another clip's sound"] = _sync_row(strange, 0, seed)
    for late in MOVES:
        scores = [
            sync_score(v, listen(_moved(c.sound, late)))
            for v, c in zip(seen, clips, strict=True)
        ]  # fmt: skip
        rows[f"sound {late:+d} frames"] = _sync_row(scores, late, seed)
    for name, change in _CHANGES.items():
        scores = [sync_score(look(change(c.squares)), h) for c, h in zip(clips, heard, strict=True)]
        rows[name] = _sync_row(scores, 0, seed)
    return rows


def _sync_row(scores: list[SyncScore], true: int, seed: int) -> Row:
    off = np.abs([score.offset - true for score in scores])
    row = {"exact": float((off == 0).mean()), "within 1": float((off <= 1).mean())}
    confidence = [score.confidence for score in scores]
    row |= _with_interval("confidence", confidence, seed)
    return row | _with_interval("distance", [score.distance for score in scores], seed)


def _capp(
    clips: list[Clip], judges: Judges, seed: int
) -> tuple[dict[str, Row], dict[str, Row]]:  # fmt: skip
    networks = judges.onnx(OWN_CAPP[0]), judges.onnx(OWN_CAPP[1])
    long = [clip for clip in clips if len(clip.pose) >= WINDOW]
    if not long:
        return {}, {}
    rows = {}
    for late in SHIFTS:
        rows[f"sound {late:+d} frames"] = _with_interval(
            "cosine",
            [
                capp_score(capp_vectors(c.pose, _moved(c.sound, late), networks)) for c in long
            ],
            seed,
        )  # fmt: skip
    for scale in SCALES:
        rows[f"motion times {scale}"] = _with_interval(
            "cosine",
            [capp_score(capp_vectors(c.pose, c.sound, networks, scale=scale)) for c in long],
            seed,
        )
    vectors = [capp_vectors(clip.pose, clip.sound, networks) for clip in long]
    aucs = {"all": _auc_row(matched_auc(vectors, seed))}
    for person in dict.fromkeys(clip.person for clip in long):
        own = [v for v, clip in zip(vectors, long, strict=True) if clip.person == person]
        if len(own) >= _OWN_PEOPLE:
            aucs[f"only {person}"] = _auc_row(matched_auc(own, seed))
    return rows, aucs


def _auc_row(auc: Auc | None) -> Row:
    return {} if auc is None else {"auc": auc.value, "auc_low": auc.low, "auc_high": auc.high}


def _with_interval(name: str, values: list[float], seed: int) -> Row:
    low, high = interval(values, seed=seed)
    return {name: float(np.mean(values)), f"{name}_low": low, f"{name}_high": high}


def _moved(sound: Array, late: int) -> Array:
    """The sound later by some frames, earlier where negative; silence where there is none."""
    moved = np.zeros_like(sound)
    by = abs(late) * SAMPLES_PER_FRAME
    if late >= 0:
        moved[by:] = sound[: len(sound) - by]
    else:
        moved[:-by] = sound[by:]
    return moved


def _each(change: Callable[[Any], Any]) -> Callable[[Squares], Squares]:
    def changed(squares: Squares) -> Squares:
        def all_() -> Iterator[Any]:
            return (np.clip(change(square), 0, 255) for square in squares)

        return np.stack(list(all_())).astype(np.uint8)

    return changed


def _compressed(square: Squares) -> Any:
    packed = cv2.imencode(".jpg", square, [cv2.IMWRITE_JPEG_QUALITY, 20])[1]
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


def _shrunk(square: Squares) -> Any:
    small = cv2.resize(square, (32, 32), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, square.shape[:2], interpolation=cv2.INTER_LINEAR)


def _off_center(square: Squares) -> Any:
    matrix = np.array([[1.0, 0, 6], [0, 1, -6]])
    return cv2.warpAffine(square, matrix, square.shape[:2], borderMode=cv2.BORDER_REPLICATE)


_CHANGES: dict[str, Callable[[Squares], Squares]] = {
    "mirrored": _each(lambda square: square[:, ::-1]),
    "brighter": _each(lambda square: 255 * (square / 255) ** 0.6),
    "darker": _each(lambda square: 255 * (square / 255) ** 1.7),
    "other colors": _each(lambda square: square[..., ::-1]),
    "JPEG, quality 20": _each(_compressed),
    "shrunk to 32 pixels": _each(_shrunk),
    "6 pixels off center": _each(_off_center),
}
