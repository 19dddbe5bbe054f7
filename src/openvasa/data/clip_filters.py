"""Which clips are kept: thresholds, each with its unit and reason, and the words when one fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openvasa.data.clip_cutting import Stretch
from openvasa.data.shards import Line
from openvasa.types import FPS, Array, CropBox


@dataclass(frozen=True, kw_only=True)
class VideoInput:
    """A video, and where it is from.

    Attributes:
        path: The file.
        source: Where it was got.
        licence: Under which it may be used.
        consent: How the person agreed.
        person: Who it shows; None: somebody who is in no other video.
        language: What is spoken, if known.
        pixel_aspect: Width per height of a stored pixel, besides what the file states.
        split: Where its clips belong; None decides by the person.
    """

    path: Path
    source: str
    licence: str
    consent: str
    person: str | None = None
    language: str | None = None
    pixel_aspect: float = 1.0
    split: str | None = None


@dataclass(frozen=True, kw_only=True)
class VideoOptions:
    """Sizes, and what a clip must be to be kept.

    Attributes:
        size: Pixels, side of the crops.
        min_seconds: Shorter clips hold less than one window of the motion model and its past.
        max_seconds: Longer ones are cut in pauses; one crop would not hold the head.
        min_face: Pixels, forehead to chin; smaller faces have no lips to learn from.
        identity: The SFace network, to tell people of one video apart.
        min_found: Share of frames with a face; the rest are filled from their neighbors.
        other_size: A second face from this share of the height on is another person, not a
            bystander.
        max_others: Share of frames that may show one.
        max_yaw: Degrees from which half the face is hidden.
        max_roll: Degrees from which a head lies on its side: the video was not turned upright.
        max_turned: Share of frames that may be turned or lie so far.
        min_presence: The mesh's mean confidence; hands and microphones lower it.
        min_loudness: Decibels below full scale of the louder frames; less is silence.
        max_clipped: Share of clipped samples from which sound is distorted.
        min_sound: Share of the clip that has sound.
        min_sharpness: See `quality.sharpness`; less is out of focus or much enlarged.
        brightness: Mean level of the face, lowest and highest; beyond, detail is lost.
        max_blockiness: See `quality.blockiness`.
        max_frozen_seconds: A picture that stands still for longer is no video.
        max_frozen: Share of frames like the one before from which a picture is a still.
        drop_offset: Whether clips whose sound is surely too early or late are dropped.
    """

    size: int = 256
    min_seconds: float = 2.0
    max_seconds: float = 20.0
    min_face: int = 64
    identity: Path | None = None
    min_found: float = 0.9
    other_size: float = 0.5
    max_others: float = 0.1
    max_yaw: float = 50.0
    max_roll: float = 50.0
    max_turned: float = 0.3
    min_presence: float = 0.9
    min_loudness: float = -50.0
    max_clipped: float = 0.01
    min_sound: float = 0.9
    min_sharpness: float = 0.045
    brightness: tuple[float, float] = (30.0, 230.0)
    max_blockiness: float = 2.0
    max_frozen_seconds: float = 1.0
    max_frozen: float = 0.5
    drop_offset: bool = True

    @property
    def too_short(self) -> str:
        """The reason for what is too short."""
        return f"shorter than {self.min_seconds:g} s"


def bad_motion(
    stretch: Stretch, heights: Array, box: CropBox | None, options: VideoOptions
) -> tuple[str, Line]:
    """What is wrong with a face's track, empty if nothing is; and what was measured.

    Args:
        stretch: The track.
        heights: f32 [T], forehead to chin in pixels.
        box: The clip's crop; None if the head goes too far for one.
        options: The thresholds.
    """
    meshes = [mesh for mesh in stretch.meshes if mesh is not None]
    beside, inside = _others(stretch, heights, box, options)
    presence = float(np.mean([mesh.presence for mesh in meshes]))
    turned = float(np.mean([abs(np.degrees(mesh.yaw)) > options.max_yaw for mesh in meshes]))
    lying = float(np.mean([abs(np.degrees(mesh.roll)) > options.max_roll for mesh in meshes]))
    found, face = len(meshes) / len(stretch), float(np.median(heights))
    about = {
        "others": round(beside, 3), "others_in_crop": round(inside, 3),
        "presence": round(presence, 3), "turned": round(turned, 3),
    }  # fmt: skip
    reason = ""
    if len(stretch) < options.min_seconds * FPS:
        reason = options.too_short
    elif face < options.min_face:
        reason = f"face of {face:.0f} pixels, want {options.min_face}"
    elif beside > options.max_others:
        reason = f"two faces side by side in {beside:.0%} of the frames"
    elif inside > options.max_others:
        reason = f"another face in the crop in {inside:.0%} of the frames"
    elif found < options.min_found:
        reason = f"a face in {found:.0%} of the frames"
    elif turned > options.max_turned:
        reason = f"head turned away in {turned:.0%} of the frames"
    elif lying > options.max_turned:
        reason = f"head lies on its side in {lying:.0%} of the frames"
    elif presence < options.min_presence:
        reason = f"face hidden (confidence {presence:.2f})"
    elif box is None:
        reason = "head goes too far for one crop"
    return reason, about


def bad_sound(exists: bool, about: Line, options: VideoOptions) -> str:
    """What is wrong with a clip's sound, empty if nothing is.

    Args:
        exists: Whether the file has any.
        about: What was measured.
        options: The thresholds.
    """
    if not exists:
        return "no sound"
    if about["sound"] < options.min_sound:
        return f"sound for {about['sound']:.0%} of the clip"
    if about["loudness"] < options.min_loudness:
        return "silent"
    if about["clipped"] > options.max_clipped:
        return f"sound clipped in {about['clipped']:.1%} of the samples"
    return ""


def bad_picture(about: Line, frozen_run: int, options: VideoOptions) -> str:
    """What is wrong with a clip's pictures or their time, empty if nothing is.

    Args:
        about: What was measured.
        frozen_run: Frames, the longest run without a change.
        options: The thresholds.
    """
    low, high = options.brightness
    if frozen_run > options.max_frozen_seconds * FPS:
        return f"picture frozen for {frozen_run / FPS:.1f} s"
    if about["frozen"] > options.max_frozen:
        return f"picture frozen in {about['frozen']:.0%} of the frames"
    if about["brightness"] < low:
        return f"face too dark (level {about['brightness']:.0f} of 255)"
    if about["brightness"] > high:
        return f"face too bright (level {about['brightness']:.0f} of 255)"
    if about["sharpness"] < options.min_sharpness:
        return f"face not sharp ({about['sharpness']:.2f})"
    if about["blockiness"] > options.max_blockiness:
        return f"compression blocks ({about['blockiness']:.1f})"
    if options.drop_offset and about["sync_wrong"]:
        late = about["sync_offset"] * 1000 // FPS
        return f"sound {abs(late)} ms too {'late' if late > 0 else 'early'}"
    return ""


def _others(
    stretch: Stretch, heights: Array, box: CropBox | None, options: VideoOptions
) -> tuple[float, float]:
    """Share of frames with a second face of comparable size, and with any other in the crop."""
    beside = inside = 0
    for height, others in zip(heights, stretch.others, strict=True):
        beside += any(other.height > options.other_size * height for other in others)
        if box is not None:
            inside += any(
                np.all(np.abs((other.box[:2] + other.box[2:]) / 2 - box[:2]) < box.side / 2)
                for other in others
            )
    return beside / len(stretch), inside / len(stretch)
