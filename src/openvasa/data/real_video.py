"""One video -> the clips in it that can be trained on, and why the rest cannot.

    pictures -> shots -> tracks of faces -> stretches -> crop, motion, sound, quality -> samples

Streams: memory does not grow with the length of the video. Nothing that a video holds stops it.
A sample of T frames has the arrays

    jpeg u8 [bytes], offsets i64 [T + 1]   crops (`crop_pictures.read_frames`)
    landmarks f32 [T, 478, 3]   crop units (x right, y down, z toward the camera negative)
    found bool [T]              False: no face there, the points of the nearest frame are repeated
    box f32 [3]                 the crop in the video: center x, center y, side, in its pixels
    valid f32 [4]               left, top, right, bottom (crop units); beyond, edges repeat
    pose f32 [T, 6], expression f32 [T, 45]   of the parametric head
    gaze f32 [T, 2]             yaw and pitch in degrees relative to the camera
    audio i16 [640 T]           16 kHz mono, in time with the frames
    times f32 [T]               seconds of each frame in the video

Its line tells, besides where it is from, what was measured, and `identity` [128], who it is
(SFace), where a network was given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from openvasa.data.clip_cutting import Stretch, TrackCutter
from openvasa.data.clip_filters import VideoInput, VideoOptions, bad_motion, bad_picture, bad_sound
from openvasa.data.clip_measures import clip_box, described, filled, head_motion
from openvasa.data.clip_people import People
from openvasa.data.clip_pictures import ClipPictures
from openvasa.data.crop_pictures import joined, valid_region
from openvasa.data.head import load_basis
from openvasa.data.lip_prediction import lip_curves, load_prediction
from openvasa.data.quality import BlackBars, sound_quality
from openvasa.data.shards import Arrays, Line, Sample
from openvasa.data.shots import mark_cuts
from openvasa.data.store import clean_name, split_of
from openvasa.data.sync_offset import REACH, sync_offset
from openvasa.data.tracks import EVERY, Tracker, height_of
from openvasa.data.video_pictures import Pictures, Tick, Unreadable
from openvasa.data.video_sound import Sound, loudness
from openvasa.face.align import to_crop_units
from openvasa.types import FPS, Array

__all__ = ["VideoInput", "VideoOptions", "prepare_video", "unit_name"]
NOISE = 5  # frames; a face seen for less was none
PRINTED = 65_536  # bytes at either end of a file that tell it from others


class _Rejected(Exception):
    """A stretch is of no use; the message says why, `about` what was measured."""

    def __init__(self, reason: str, about: Line) -> None:
        super().__init__(reason)
        self.about = about


def unit_name(video: VideoInput) -> str:
    """The video's name in the store: two videos never share one, two copies of one do.

    Args:
        video: Its source and content count, not the folder it lies in.
    """
    digest = hashlib.sha256(video.source.encode())
    try:
        with video.path.open("rb") as file:
            digest.update(file.read(PRINTED))
            digest.update(str(size := file.seek(0, 2)).encode())
            file.seek(max(0, size - PRINTED))
            digest.update(file.read())
    except OSError:
        digest.update(video.path.as_posix().encode())
    return f"{clean_name(video.path.stem)[:60]}-{digest.hexdigest()[:10]}"


def prepare_video(
    video: VideoInput, options: VideoOptions, dropped: list[Line]
) -> Iterator[Sample]:
    """Finds and measures the clips of one video.

    Args:
        video: The file, and where it is from.
        options: Sizes and thresholds.
        dropped: Gets a line for whatever cannot be used, with the reason.

    Yields:
        Samples, as they are found.

    Raises:
        OSError: The network of identities cannot be read; nothing for what the video holds.
    """
    work = _Work(video, options, dropped)
    try:
        yield from work.run()
    except Unreadable as error:
        work.drop(str(error), {"start": 0.0, "end": 0.0})
    except (ValueError, ArithmeticError, np.linalg.LinAlgError, cv2.error, MemoryError) as error:
        work.drop(f"cannot be measured: {error}"[:200], {"start": work.time, "end": work.time})


class _Work:
    """The state of one video while it is read."""

    def __init__(self, video: VideoInput, options: VideoOptions, dropped: list[Line]) -> None:
        self.video, self.options, self.dropped = video, options, dropped
        self.unit = unit_name(video)
        self.pictures = Pictures(video.path, video.pixel_aspect)
        self.again = ClipPictures(video.path, video.pixel_aspect)
        self.sound = Sound(video.path)
        self.people = People(video.person or self.unit, options.identity)
        self.cutters: dict[int, TrackCutter] = {}
        self.bars = BlackBars()
        self.start = self.time = 0.0
        self.count = 0

    def run(self) -> Iterator[Sample]:
        tracker, shot, faces = Tracker(self.options.min_face / 2), 0, False
        for tick, cut in mark_cuts(self.pictures):
            if tick.index == 0:
                self.start = tick.time
            if cut and tick.index > 0:
                yield from self._end_shot(shot, tick.index, faces)
            if cut:
                tracker, shot, faces = Tracker(self.options.min_face / 2), tick.index, False
            yield from self._follow(tracker, tick, tick.index - shot)
            faces |= any(len(cutter) >= NOISE for cutter in self.cutters.values())
            self.time = tick.time + 1 / FPS
        yield from self._end_shot(shot, round((self.time - self.start) * FPS), faces)

    def drop(self, reason: str, about: Line) -> None:
        """Records what is left out."""
        self.dropped.append(self._line(self.people.default, "dropped", reason) | about)

    def _follow(self, tracker: Tracker, tick: Tick, seen: int) -> Iterator[Sample]:
        if seen % EVERY == 0:
            self.bars.update(tick.picture)
        shortest = max(round(self.options.min_seconds * FPS), 1)
        longest = max(round(self.options.max_seconds * FPS), 2 * shortest)
        for track in tracker.update(tick.picture, tick.index):
            yield from self._samples(self.cutters.pop(track.number).close())
        for track in tracker.tracks:
            if track.number not in self.cutters:
                self.cutters[track.number] = TrackCutter(track, shortest, longest, self._level)
            yield from self._samples(self.cutters[track.number].take())

    def _end_shot(self, first: int, end: int, faces: bool) -> Iterator[Sample]:
        for cutter in self.cutters.values():
            yield from self._samples(cutter.close())
        self.cutters.clear()
        self.bars = BlackBars()
        if not faces:
            short = end - first < self.options.min_seconds * FPS
            reason = self.options.too_short if short else "no face in any frame"
            self.drop(reason, self._span(first, end - first))

    def _samples(self, stretches: list[Stretch]) -> Iterator[Sample]:
        for stretch in stretches:
            if len(stretch) < NOISE:
                continue
            span = self._span(stretch.first, len(stretch))
            try:
                yield self._sample(stretch, span)
            except _Rejected as rejected:
                self.drop(str(rejected), span | rejected.about)

    def _sample(self, stretch: Stretch, span: Line) -> Sample:
        points, found = filled(stretch.meshes)
        heights = height_of(points)
        box = clip_box(points)
        about: Line = {"face_pixels": round(float(np.median(heights)), 1)}
        about |= {"found": round(float(found.mean()), 3), "fps": round(self.pictures.rate, 3)}
        reason, more = bad_motion(stretch, heights, box, self.options)
        _check(reason, about := about | more)
        assert box is not None
        audio, share = self.sound.between(self.start + stretch.first / FPS, len(stretch))
        about |= {"sound": round(share, 3), **sound_quality(audio)}
        _check(bad_sound(self.sound.exists, about, self.options), about)

        width, height = self.pictures.size
        motion = head_motion(load_basis(), points, box)
        about |= described(motion, heights, height)
        landmarks = to_crop_units(points, box)
        about |= _synchrony(landmarks, audio)
        inside = self.bars.inside or (0, 0, width, height)
        crops = self.again.crops(stretch.first, landmarks, box, inside, self.options.size)
        about |= crops.about
        _check(bad_picture(about, crops.frozen_run, self.options), about)

        jpeg, offsets = joined(crops.files)
        arrays: Arrays = {
            "jpeg": jpeg, "offsets": offsets, "landmarks": landmarks, "found": found,
            "box": np.array(box, np.float32), "valid": valid_region(box, inside),
            "pose": motion.pose, "expression": motion.expression, "gaze": motion.gaze,
            "audio": audio, "times": crops.times,
        }  # fmt: skip
        person, vector = self.people.name(crops.shown, landmarks)
        if vector is not None:
            about["identity"] = [round(float(v), 4) for v in vector]
        key = f"{self.unit}-{self.count:04d}"
        self.count += 1
        return Sample(key, "real", self._line(person, "kept", "") | span | about, arrays)

    def _line(self, person: str, status: str, reason: str) -> Line:
        video = self.video
        line: dict[str, Any] = {
            "source": video.source, "licence": video.licence, "consent": video.consent,
            "person": person, "split": video.split or split_of(person),
            "status": status, "reason": reason,
            "video": video.path.name, "language": video.language,
        }  # fmt: skip
        return line | ({"damage": self.pictures.damage} if self.pictures.damage else {})

    def _span(self, first: int, frames: int) -> Line:
        start = self.start + first / FPS
        return {"start": round(start, 3), "end": round(start + frames / FPS, 3), "frames": frames}

    def _level(self, first: int, frames: int) -> Array:
        audio, _ = self.sound.between(self.start + first / FPS, frames)
        return loudness(audio).astype(np.float32)


def _check(reason: str, about: Line) -> None:
    if reason:
        raise _Rejected(reason, about)


def _synchrony(landmarks: Array, audio: Any) -> Line:
    """How sound and lips lie; `sync_offset` is None where that cannot be told."""
    predict = load_prediction()
    if predict is None or len(landmarks) <= 2 * REACH:
        return {"sync_offset": None, "sync_fit": None, "sync_lead": None, "sync_wrong": False}
    found = sync_offset(predict(audio), lip_curves(landmarks))
    return {
        "sync_offset": found.frames, "sync_fit": round(found.fit, 3),
        "sync_lead": round(found.lead, 3), "sync_wrong": found.wrong,
    }  # fmt: skip
