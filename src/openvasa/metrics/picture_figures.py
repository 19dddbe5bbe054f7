"""Figures that need pixels, on two pictures a second; and the pictures of a contact sheet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from openvasa.face.align import crop_box, cut
from openvasa.metrics import image_quality
from openvasa.metrics.face_sequence import FaceSequence
from openvasa.metrics.head_motion import pose_intensity, pose_range
from openvasa.metrics.identity import Recognizer
from openvasa.metrics.judges import LPIPS, MOBILE, SFACE, Judges
from openvasa.metrics.portrait_facts import PortraitFacts, portrait_facts
from openvasa.metrics.reenactment import expression_distance, pose_distance
from openvasa.metrics.video_case import VideoCase
from openvasa.metrics.video_clock import pictures
from openvasa.types import FPS, Image

Floats = NDArray[np.float64]
Values = dict[str, float]

RATE = 2  # pictures a second
_FEWEST_PAIRS = 6  # of adjacent frames whose pose is judged; more, one a second, in long videos
TILE = 150  # pixels of a picture on a contact sheet
_COMPARED = 256  # pixels at which pictures of two videos are compared
_SQUARE = 0.01  # difference of two pictures' shapes that still counts as the same framing


@dataclass
class _Seen:
    """What the sampled pictures gave."""

    sharp: list[float] = field(default_factory=list)
    identity: list[float] = field(default_factory=list)
    second: list[float] = field(default_factory=list)
    pose: dict[int, Floats] = field(default_factory=dict)
    tiles: dict[int, Image] = field(default_factory=dict)


def sampled(frames: int, rate: float = RATE) -> list[int]:
    """Numbers of the pictures looked at, `rate` a second."""
    return sorted({int(k * FPS / rate) for k in range(int(np.ceil(frames * rate / FPS)))})


def sheet_frames(face: FaceSequence) -> dict[str, int]:
    """Frames that tell most, by what they show."""
    gap, yaw = face.gap, face.angles[:, 0]
    usual = np.abs(yaw - np.median(yaw)) <= max(8.0, float(np.percentile(np.abs(yaw), 30)))
    closed = int(np.where(usual, gap, np.inf).argmin())
    opened = int(np.where(usual, gap, -np.inf).argmax())
    eyes = int(face.eye_opening.argmin())
    return {
        f"lips closed, {100 * gap[closed]:.1f} %": closed,
        f"lips open, {100 * gap[opened]:.1f} %": opened,
        f"yaw {yaw.min():.0f}": int(yaw.argmin()),
        f"yaw {yaw.max():.0f}": int(yaw.argmax()),
        f"lids at {face.eye_opening[eyes] / np.median(face.eye_opening):.0%}": eyes,
    }


def picture_figures(
    case: VideoCase, face: FaceSequence, judges: Judges
) -> tuple[Values, list[tuple[str, Image]]]:
    """Sharpness, identity, head pose by a second network; and captioned pictures to look at."""
    facts = portrait_facts(case.portrait) if case.portrait is not None else None
    every = [k for k in sampled(len(face)) if face.found[k]]
    pairs = sampled(len(face) - 1, max(1, _FEWEST_PAIRS * FPS / len(face)))
    if judges.pose() is None:
        pairs = []
    chosen = sheet_frames(face)
    wanted = {*every, *pairs, *(k + 1 for k in pairs if k + 1 < len(face)), *chosen.values()}
    seen = _Seen()
    for k, image in pictures(case.video, wanted):
        if k in every:
            _judge(seen, facts, image, face.points[k], judges)
        if k in pairs or k - 1 in pairs:
            judge = judges.pose()
            assert judge is not None
            seen.pose[k] = judge(image, face.points[k])
        if k in chosen.values():
            seen.tiles[k] = image
    tiles = [("portrait", facts.image)] if facts is not None else []
    box = crop_box(np.median(face.points, axis=0))
    tiles += [(n, cut(seen.tiles[k], box, TILE)) for n, k in chosen.items() if k in seen.tiles]
    return _values(seen, facts), tiles


def compared_figures(case: VideoCase, face: FaceSequence, driver: FaceSequence,
                     judges: Judges) -> Values:  # fmt: skip
    """Figures against the real video, frame by frame; pixels only where both frame alike."""
    assert case.reference is not None
    count = min(len(face), len(driver))
    unit = 1 / (face.height / face.scale).mean()  # canonical units -> face heights
    values = {
        "expression_distance": expression_distance(
            face.canonical[:count, :468] * unit, driver.canonical[:count, :468] * unit
        ),
        "pose_distance": pose_distance(face.angles[:count], driver.angles[:count]),
    }
    rows: dict[str, list[float]] = {"psnr": [], "ssim": [], "ms_ssim": [], "lpips": []}
    for made, real in _both(case, sampled(count, 1)):
        rows["psnr"].append(image_quality.psnr(made, real))
        rows["ssim"].append(image_quality.ssim(made, real))
        rows["ms_ssim"].append(image_quality.ms_ssim(made, real))
        if judges.has(LPIPS):
            rows["lpips"].append(_lpips(judges.path(LPIPS))(made, real))
    return values | {key: float(np.mean(found)) for key, found in rows.items() if found}


def _judge(
    seen: _Seen, facts: PortraitFacts | None, image: Image, points: Floats, judges: Judges
) -> None:
    seen.sharp.append(image_quality.sharpness(image, points))
    if facts is None:
        return
    for name, into in ((SFACE, seen.identity), (MOBILE, seen.second)):
        if judges.has(name):
            network = _recognizer(judges.path(name))
            into.append(float(network(image, points) @ network(facts.image, facts.points)))


def _values(seen: _Seen, facts: PortraitFacts | None) -> Values:
    values: Values = {"sharpness_absolute": float(np.median(seen.sharp))} if seen.sharp else {}
    if seen.sharp and facts is not None and facts.sharpness > 0:
        values["sharpness"] = values["sharpness_absolute"] / facts.sharpness
    if seen.identity:
        values["identity"] = float(np.mean(seen.identity))
        values["identity_low"] = float(np.percentile(seen.identity, 5))
    if seen.second:
        values["second_identity"] = float(np.mean(seen.second))
    if seen.pose:
        numbers = sorted(seen.pose)
        angles = np.stack([seen.pose[k] for k in numbers])
        adjacent = np.diff(numbers) == 1
        if adjacent.any():
            values["judge_pose_intensity"] = pose_intensity(angles, adjacent)
        values["judge_pose_range"] = float(pose_range(angles).mean())
    return values


def _both(case: VideoCase, wanted: list[int]) -> Iterator[tuple[Image, Image]]:
    """Pictures of both videos at 256 pixels, where their shapes are alike."""
    assert case.reference is not None
    chosen = set(wanted)
    pairs = zip(pictures(case.video, chosen), pictures(case.reference, chosen), strict=False)
    for (first, made), (second, real) in pairs:
        shapes = [image.shape[1] / image.shape[0] for image in (made, real)]
        if first != second or abs(shapes[0] - shapes[1]) > _SQUARE:
            return
        yield _small(made), _small(real)


def _small(image: Image) -> Image:
    picture = PilImage.fromarray(image)
    return np.asarray(picture.resize((_COMPARED, _COMPARED), PilImage.Resampling.BICUBIC))


@lru_cache(maxsize=4)
def _recognizer(path: Path) -> Recognizer:
    return Recognizer(path, normalized=path.name == MOBILE)


@lru_cache(maxsize=1)
def _lpips(path: Path):  # type: ignore[no-untyped-def]
    from openvasa.metrics.lpips import Lpips

    return Lpips(path)
