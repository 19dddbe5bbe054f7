"""Makes the video of one case and measures it; everything found goes into one JSON file."""

from __future__ import annotations

import importlib.util
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from openvasa import Animator, Avatar
from openvasa.media.image import load_photo
from openvasa.media.video import read_video
from openvasa.metrics.baselines import STILL_SIZE, write_puppet, write_shuffled, write_still
from openvasa.metrics.cases import Case, PortraitCase, other_photo
from openvasa.metrics.identity import Recognizer, hard_frames
from openvasa.metrics.lips import measure_lips
from openvasa.metrics.track import FaceTrack, RecordingDetector
from openvasa.types import Array, Image, InputError


@dataclass(frozen=True)
class Settings:
    """Where everything lies; paths as the command was given them."""

    model: str
    task: Path
    identity: Path
    meter: Path
    out: Path
    seconds: float


@dataclass
class Tools:
    """What one process needs to run cases, loaded once."""

    settings: Settings
    animator: Animator
    meter: Any
    detector: RecordingDetector
    recognizer: Recognizer
    avatars: dict[str, Avatar] = field(default_factory=dict)

    @classmethod
    def load(cls, settings: Settings) -> Tools:
        """Loads model, meter, landmarker and recognizer."""
        meter = load_meter(settings.meter)
        if not settings.task.is_file():
            raise InputError(f"there is no file '{settings.task}': give face_landmarker.task.")
        detector = RecordingDetector(meter.detector(str(settings.task)))
        recognizer = Recognizer(settings.identity)
        return cls(settings, Animator.load(settings.model), meter, detector, recognizer)

    def avatar(self, case: PortraitCase) -> Avatar:
        """The portrait, prepared."""
        if case.name not in self.avatars:
            self.avatars[case.name] = self.animator.prepare(case.path)
        return self.avatars[case.name]

    def look(self, images: list[Image]) -> FaceTrack | None:
        """The track of some pictures; None where no face is seen in any."""
        import mediapipe

        self.detector.take()
        for image in images:
            pixels = np.ascontiguousarray(image)
            self.detector.detect(
                mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=pixels)
            )
        return self.detector.take()

    def vector(self, image: Image) -> tuple[Array, FaceTrack] | None:
        """Who is in a picture, and where."""
        track = self.look([image])
        return None if track is None else (self.recognizer(image, track.points[0]), track)


def load_meter(path: Path) -> Any:
    """The foreign meter as a module; it offers `detector(task)` and `measure(video, detector)`."""
    spec = importlib.util.spec_from_file_location("face_metrics", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise InputError(f"there is no meter '{path}': give the path of face_metrics.py.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_case(tools: Tools, case: Case) -> dict[str, Any]:
    """Makes and measures one case, unless that was done before.

    Returns:
        What its JSON file holds. A run that fails is told by `error`, and tried again next time.
    """
    folder = tools.settings.out / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    stored = folder / f"{case.name}.json"
    if stored.is_file():
        return dict(json.loads(stored.read_text(encoding="utf-8")))
    row: dict[str, Any] = {
        "name": case.name, "system": case.system, "portrait": case.portrait.name,
        "group": case.portrait.group, "recording": case.recording.name,
    }  # fmt: skip
    try:
        row |= _measured(tools, case, folder / f"{case.name}.mp4", folder / f"{case.name}.npz")
    except Exception as error:  # a failed run is a result, not an end
        return row | {"error": f"{type(error).__name__}: {error}"}
    stored.write_text(json.dumps(row), encoding="utf-8")
    return row


def portrait_facts(tools: Tools, case: PortraitCase) -> dict[str, Any]:
    """The portrait's `vector`, `yaw` and mesh `points`; `other`: the vector of its other photo."""
    stored = tools.settings.out / "portraits" / f"{case.name}.npz"
    if not stored.is_file():
        stored.parent.mkdir(parents=True, exist_ok=True)
        seen = tools.vector(tools.avatar(case).crop(STILL_SIZE))
        if seen is None:
            raise InputError(f"the landmarker sees no face in '{case.path}': drop this portrait.")
        facts: dict[str, Any] = {"vector": seen[0], "yaw": seen[1].angles[0, 0]}
        facts["points"] = seen[1].points[0]
        second = other_photo(case)
        if second is not None:
            other = tools.vector(load_photo(second))
            if other is not None:
                facts["other"] = other[0]
        np.savez(stored, **facts)
    with np.load(stored, allow_pickle=False) as held:
        return {name: held[name] for name in held.files}


def _measured(tools: Tools, case: Case, video: Path, kept: Path) -> dict[str, Any]:
    sound = case.recording.sound(tools.settings.seconds)
    start = time.monotonic()
    _make(tools, case, sound, video)
    made = time.monotonic()
    tools.detector.take()
    row: dict[str, Any] = {"meter": tools.meter.measure(str(video), tools.detector)}
    row["meter"].pop("video", None)
    track = tools.detector.take()
    if track is None:
        raise InputError(f"no face is seen in '{video.name}': look at it.")
    track.save(kept)
    phones = case.recording.phones()
    if phones is not None:
        row["lips"] = asdict(measure_lips(track, phones))
    if case.system == "ours":
        row["likeness"] = _likeness(tools, case, video, track)
    done = time.monotonic()
    return row | {"seconds_made": made - start, "seconds_measured": done - made}


def _make(tools: Tools, case: Case, sound: Array, video: Path) -> None:
    animator, avatar = tools.animator, tools.avatar(case.portrait)
    if case.system == "ours":
        animator.animate(avatar, sound).save(video)
    elif case.system == "shuffled":
        other = case.other.sound(tools.settings.seconds)
        write_shuffled(animator, avatar, sound, other, video)
    elif case.system == "puppet":
        write_puppet(animator, avatar, sound, video)
    else:
        write_still(avatar, sound, video)


def _likeness(tools: Tools, case: Case, video: Path, track: FaceTrack) -> list[float]:
    """Likeness of hard frames to the portrait, cosine."""
    facts = portrait_facts(tools, case.portrait)
    hard = set(hard_frames(track, float(facts["yaw"])).tolist())
    return [
        float(facts["vector"] @ tools.recognizer(image, track.points[i]))
        for i, image in enumerate(read_video(video))
        if i in hard
    ]
