"""Real videos damaged on purpose, so that it shows which figure notices which damage.

| damage | what is done | made for it |
|---|---|---|
| blurred | Gaussian blur, sigma 1 % of the face's height | sharpness |
| sharpened | unsharp mask, strength 2 | sharpness |
| shaken | each picture shifted at random, spread 1 % of the face's height | jitter |
| shift 1 to 5 | sound that many frames late | sync offset |
| frozen | the first picture all the time | pose intensity, aperture |
| audio shuffled | the sound of the next video | sync confidence |
| identity swapped | judged against the portrait of the next video | identity |
| mouth closed | the most closed mouth of all frames, carried along by the face | aperture |
| gaze frozen | the eyes of the first frame, carried along by the face | gaze spread |

Pictures are written at high quality; the undamaged copy goes through the same writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from openvasa.media.video import VideoWriter
from openvasa.metrics.face_sequence import FaceSequence, follow
from openvasa.metrics.video_case import VideoCase
from openvasa.metrics.video_clock import pictures, sound_of
from openvasa.types import SAMPLES_PER_FRAME, Array, Image, InputError

Floats = NDArray[np.float64]
Change = Callable[[list[Image], FaceSequence], Iterator[Image]]

CLEAN, SHUFFLED, SWAPPED = "clean", "audio shuffled", "identity swapped"
SHIFTS = (1, 2, 3, 4, 5)
# The figures made for each damage; the lip map stands in where no sync network is given.
_SYNC = ("syncnet_confidence", "openvasa_sync_confidence", "lip_map_confidence")
_OFFSET = ("syncnet_offset", "openvasa_sync_offset", "lip_map_offset")
MADE_FOR: dict[str, tuple[str, ...]] = {
    "blurred": ("sharpness",),
    "sharpened": ("sharpness",),
    "shaken": ("jitter", "roughness"),
    **{f"shift {k}": _OFFSET for k in SHIFTS},
    "frozen": (
        "pose_intensity",
        "judge_pose_intensity",
        "pose_range",
        "judge_pose_range",
        "aperture",
    ),
    SHUFFLED: _SYNC,
    SWAPPED: ("identity", "identity_low", "second_identity"),
    "mouth closed": ("aperture",),
    "gaze frozen": ("gaze_spread",),
}
_CRF = 8  # nearly lossless
_MOST = 250  # frames of a video; they are held in memory
_MOUTH = np.array([61, 291, 0, 17, 13, 14, 37, 267, 84, 314, 40, 270, 91, 321])
_AROUND_MOUTH = np.array([61, 291, 2, 98, 327, 165, 391, 50, 280, 4])
_EYES = (
    np.array([33, 133, 159, 145, 468, 469, 470, 471, 472]),
    np.array([362, 263, 386, 374, 473, 474, 475, 476, 477]),
)
_EYE_ANCHORS = (np.array([33, 133, 168, 6, 4]), np.array([362, 263, 168, 6, 4]))


def plan(videos: list[Path], folder: Path) -> list[tuple[VideoCase, Callable[[], None]]]:
    """The clean copies and all damaged ones, each with what makes it, unless it is there.

    Args:
        videos: Real videos with sound, of different people.
        folder: Where copies go; the portraits that identity is judged by too.
    """
    jobs: list[tuple[VideoCase, Callable[[], None]]] = []
    for k, video in enumerate(videos):
        following = videos[(k + 1) % len(videos)]
        for damage in (CLEAN, *MADE_FOR):
            shown = following if damage == SWAPPED else video
            case = VideoCase(
                video.stem, damage, folder / damage / f"{video.stem}.mp4",
                folder / "portraits" / f"{shown.stem}.png",
            )  # fmt: skip
            jobs.append((case, _maker(video, following, damage, folder)))
    return jobs


def _maker(video: Path, following: Path, damage: str, folder: Path) -> Callable[[], None]:
    def make() -> None:
        target = folder / damage / f"{video.stem}.mp4"
        for source in (video, following):
            _portrait(source, folder / "portraits" / f"{source.stem}.png")
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(video, following, damage, target)

    return make


def _portrait(video: Path, target: Path) -> None:
    """The first picture, which identity and sharpness are judged by."""
    if target.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part.png")
    for _, image in pictures(video, {0}):
        PilImage.fromarray(image).save(part)
    part.replace(target)


def _write(video: Path, following: Path, damage: str, target: Path) -> None:
    images = [image for _, image in pictures(video, range(_MOST))]
    sound = sound_of(video, len(images))
    other = sound_of(following, len(images))
    if sound is None or other is None:
        raise InputError(f"'{video}' or '{following}' has no sound: leave it out.")
    if damage == SHUFFLED:
        sound = other
    if damage.startswith("shift "):
        late = int(damage.removeprefix("shift ")) * SAMPLES_PER_FRAME
        sound = np.concatenate([np.zeros(late, np.float32), sound[:-late]])
    if damage in _CHANGES:
        face = follow(images)
        if face is None:
            raise InputError(f"no face is seen in '{video}': leave it out.")
        changed = _CHANGES[damage](images, face)
    else:
        changed = iter(images)
    _save(changed, images[0].shape, sound, target)


def _save(images: Iterator[Image], shape: tuple[int, ...], sound: Array, target: Path) -> None:
    height, width = shape[0] // 2 * 2, shape[1] // 2 * 2
    with VideoWriter(target, (width, height), sound, crf=_CRF) as writer:
        for image in images:
            writer.write(np.ascontiguousarray(image[:height, :width]))


def _blurred(images: list[Image], face: FaceSequence) -> Iterator[Image]:
    sigma = 0.01 * float(np.median(face.height))
    return (np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8) for image in images)


def _sharpened(images: list[Image], face: FaceSequence) -> Iterator[Image]:
    sigma = 0.01 * float(np.median(face.height))
    for image in images:
        soft = cv2.GaussianBlur(image, (0, 0), sigma).astype(np.float64)
        yield np.clip(image + 2 * (image - soft), 0, 255).astype(np.uint8)


def _shaken(images: list[Image], face: FaceSequence) -> Iterator[Image]:
    rng = np.random.default_rng(0)
    spread = 0.01 * float(np.median(face.height))
    for image in images:
        x, y = rng.normal(0, spread, 2)
        yield _warped(image, np.array([[1, 0, x], [0, 1, y]]))


def _frozen(images: list[Image], face: FaceSequence) -> Iterator[Image]:
    return (images[0] for _ in images)


def _mouth_closed(images: list[Image], face: FaceSequence) -> Iterator[Image]:
    source = int(face.gap.argmin())
    region = np.concatenate([_MOUTH, _AROUND_MOUTH[2:3]])
    for k, image in enumerate(images):
        yield carried(image, images[source], face.points[k], face.points[source], region,
                      _AROUND_MOUTH, 1.5)  # fmt: skip


def _gaze_frozen(images: list[Image], face: FaceSequence) -> Iterator[Image]:
    for k, image in enumerate(images):
        for region, anchors in zip(_EYES, _EYE_ANCHORS, strict=True):
            image = carried(image, images[0], face.points[k], face.points[0], region, anchors, 1.3)
        yield image


def carried(
    image: Image, source: Image, points: Floats, own: Floats, region: NDArray[np.int64],
    anchors: NDArray[np.int64], reach: float,
) -> Image:  # fmt: skip
    """A picture whose part is taken from another picture of the same face.

    Args:
        image: Where the part goes, u8 [H, W, 3].
        source: Where it comes from.
        points: The mesh in `image`, [478, >= 2].
        own: The mesh in `source`.
        region: Points that the part must cover.
        anchors: Points that tell how the part is laid, by an affine map.
        reach: Size of the part relative to the box of `region`.
    """
    design = np.concatenate([own[anchors, :2], np.ones((len(anchors), 1))], 1)
    matrix = np.linalg.lstsq(design, points[anchors, :2], rcond=None)[0].T
    moved = _warped(source, matrix)
    covered = np.concatenate([points[region, :2], own[region, :2] @ matrix[:, :2].T + matrix[:, 2]])
    low, high = covered.min(0), covered.max(0)
    axes = np.maximum(reach * (high - low) / 2, 2)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    middle = (low + high) / 2
    away = np.hypot((x + 0.5 - middle[0]) / axes[0], (y + 0.5 - middle[1]) / axes[1])
    share = np.clip((1.15 - away) / 0.3, 0, 1)[..., None]
    return np.rint(moved * share + image * (1 - share)).astype(np.uint8)


def _warped(image: Image, matrix: Floats) -> Image:
    size = (image.shape[1], image.shape[0])
    warped = cv2.warpAffine(
        image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


_CHANGES: dict[str, Change] = {
    "blurred": _blurred, "sharpened": _sharpened, "shaken": _shaken, "frozen": _frozen,
    "mouth closed": _mouth_closed, "gaze frozen": _gaze_frozen,
}  # fmt: skip
