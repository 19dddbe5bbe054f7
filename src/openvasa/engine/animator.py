"""The front door: a model, a portrait and a recording -> a talking-face video."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from openvasa.audio.clock import frame_count
from openvasa.audio.encoder import AudioEncoder
from openvasa.bundle import Bundle
from openvasa.engine.acting import Actor
from openvasa.engine.anchor import Anchor
from openvasa.engine.avatar import Avatar, create_avatar, model_key
from openvasa.engine.backends import Backend, create_backend, sizes
from openvasa.engine.clip import Clip, Sound, heard, pieces
from openvasa.engine.control_track import Asked, check_asked
from openvasa.engine.render import Renderer, Timer, blank_frame, no_timer
from openvasa.engine.scene import Scene
from openvasa.engine.stream import GivenMotion, Performer, StreamSession, joined
from openvasa.face.find import find_face
from openvasa.latent.config import LatentConfig
from openvasa.latent.mouth import FaceMesh
from openvasa.latent.surface import POINTS
from openvasa.media.image import load_photo
from openvasa.motion.config import GuidanceScales, MotionStats, SampleOptions
from openvasa.motion.lips import lip_part
from openvasa.motion.windows import MotionModel
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.origin import Origin, weights_hash
from openvasa.types import (
    POSE_DIM,
    AlignedFace,
    Array,
    Controls,
    CropBox,
    Image,
    InputError,
    Motion,
)
from openvasa.weights import DEFAULT_MODEL, load_model

__all__ = ["Animator", "Avatar", "Clip"]

_DEFAULT = SampleOptions()


@dataclass(frozen=True)
class Animator:
    """A loaded model; its networks hold no state, so one serves any number of performances.

    Attributes:
        bundle: The model's folder.
        latent: Sizes of the face model.
        run: Runs its graphs.
        motion: What the motion windows need.
        mean: f32 [468, 3], the mean face.
        topology: Meshes of the face's surface and mouth.
    """

    bundle: Bundle
    latent: LatentConfig
    run: Backend
    motion: MotionModel
    mean: Array
    topology: FaceMesh

    @classmethod
    def load(cls, model: str | Path = DEFAULT_MODEL, *, backend: str = "onnx") -> Animator:
        """Loads and verifies a model, and warms up.

        Args:
            model: A model that ships, or a bundle's folder.
            backend: What runs the networks, see `engine.backends.BACKENDS`: `onnx`, `openvino`
                (its extra), `torch` for reference (the extra `train`), on a GPU `cuda` (the same)
                or `tensorrt`.

        Raises:
            InputError: There is no such model or backend, or the model's files are damaged.
        """
        bundle = load_model(model)
        latent, config = sizes(bundle)
        run = create_backend(backend, bundle)
        stats, surface = bundle.tensors("stats"), bundle.tensors("surface")
        topology = FaceMesh.from_tensors(surface)
        lips = lip_part(Anchor(run).weight, stats["std"])
        motion = MotionModel(config, MotionStats(stats["mean"], stats["std"]), run, lips)
        animator = cls(bundle, latent, run, motion, surface["mean"], topology)
        blank_frame(animator.blank_avatar(), run, topology)
        return animator

    def prepare(self, photo: str | Path | Image, *, face: int | None = None) -> Avatar:
        """Finds the face in a photo and encodes it.

        Args:
            photo: A file, or u8 [H, W, 3] RGB.
            face: Which face, counted from 1, the largest first; None is the largest.

        Raises:
            InputError: The photo cannot be read or used, or has no such face.
        """
        image = photo if isinstance(photo, np.ndarray) else load_photo(photo)
        return self._encode(find_face(image, face))

    def animate(
        self,
        avatar: Avatar,
        audio: Sound,
        *,
        controls: Asked = Controls(),
        seed: int = _DEFAULT.seed,
        guidance: GuidanceScales = _DEFAULT.scales,
        steps: int = _DEFAULT.steps,
        pose: Array | None = None,
        listen: Sound | None = None,
        framing: str = "crop",
        size: int | None = None,
        scene: Scene = Scene(),
        marks: FrameMarks | None = None,
        timer: Timer = no_timer,
    ) -> Clip:
        """Makes an avatar speak a recording; the frames are made when they are asked for.

        Args:
            avatar: From `prepare`.
            audio: Any file with sound, or f32 [N] mono samples at 16 kHz.
            controls: What is asked for, as constants or as a `ControlTrack`; see `Controls` for
                what None means.
            seed: Another seed is another performance.
            guidance: How strictly to obey each condition.
            steps: Denoising steps a window.
            pose: f32 [T, 6], pose offsets that the head takes instead of the model's, played
                forth and back; one of zeros keeps it where the portrait has it.
            listen: What the other side says at the same time; the face listens in its own pauses.
            framing: `crop` or `full` (inside the whole photo).
            size: The video's longer side in pixels, even; None is 512 for `crop` and the
                photo's own, up to 1920, for `full`.
            scene: The picture's shape, and what shows behind the person.
            marks: The content id that every frame carries and whether a visible label is drawn;
                None is a number of the portrait and the model, and no label.
            timer: Called around each stage with its name.

        Raises:
            InputError: The recording or an option cannot be used, or the avatar is of another
                model.
        """
        check_asked(controls)
        options = SampleOptions(seed=seed, steps=steps, scales=guidance)
        sound, count = heard(audio)
        renderer = self._renderer(avatar, framing, size, scene, marks, timer)
        performer = self._performer(float(avatar.pose[0, 0]), options, timer, pose, listen)
        return Clip(sound, count, performer, renderer, controls, self._origin(renderer), timer)

    def play(
        self,
        avatar: Avatar,
        motion: Motion,
        audio: Sound,
        *,
        framing: str = "crop",
        size: int | None = None,
        scene: Scene = Scene(),
        marks: FrameMarks | None = None,
        timer: Timer = no_timer,
    ) -> Clip:
        """Gives an avatar a motion that is already made; the recording is the sound alone.

        The clip is as long as the recording: motion that ends earlier holds its last frame.

        Args:
            avatar: From `prepare`.
            motion: From `perform`, or `engine.motion_file.read_motion`.
            audio: As in `animate`.
            framing: As in `animate`.
            size: As in `animate`.
            scene: As in `animate`.
            marks: As in `animate`.
            timer: As in `animate`.

        Raises:
            InputError: As `animate`; or the motion has no frames.
        """
        if not len(motion):
            raise InputError("the motion has no frames: give at least one.")
        sound, count = heard(audio)
        renderer = self._renderer(avatar, framing, size, scene, marks, timer)
        given = GivenMotion(motion, frame_count(count))
        return Clip(sound, count, given, renderer, Controls(), self._origin(renderer), timer)

    def perform(
        self,
        audio: Sound,
        *,
        controls: Asked = Controls(),
        seed: int = _DEFAULT.seed,
        guidance: GuidanceScales = _DEFAULT.scales,
        steps: int = _DEFAULT.steps,
        pose: Array | None = None,
        listen: Sound | None = None,
    ) -> Motion:
        """The motion of a recording for nobody in particular: a face that looks ahead.

        Args and errors are those of `animate`.
        """
        check_asked(controls)
        options = SampleOptions(seed=seed, steps=steps, scales=guidance)
        sound, _ = heard(audio)
        performer = self._performer(0.0, options, no_timer, pose, listen)
        return joined(performer.perform(pieces(sound), controls))

    def stream(
        self,
        avatar: Avatar,
        *,
        controls: Asked = Controls(),
        seed: int = _DEFAULT.seed,
        guidance: GuidanceScales = _DEFAULT.scales,
        steps: int = _DEFAULT.steps,
        pose: Array | None = None,
        framing: str = "crop",
        size: int | None = None,
        scene: Scene = Scene(),
        marks: FrameMarks | None = None,
        timer: Timer = no_timer,
    ) -> StreamSession:
        """Starts a live performance: `with animator.stream(avatar) as s: frames = s.push(pcm)`.

        Args and errors are those of `animate`.
        """
        options = SampleOptions(seed=seed, steps=steps, scales=guidance)
        renderer = self._renderer(avatar, framing, size, scene, marks, timer)
        performer = self._performer(float(avatar.pose[0, 0]), options, timer, pose)
        return StreamSession(performer, renderer, controls)

    def _origin(self, renderer: Renderer) -> Origin:
        return Origin(
            model=self.bundle.name,
            model_hash=weights_hash(self.bundle),
            content_id=renderer.marks.content_id,
        )

    def _performer(
        self, turned: float, options: SampleOptions, timer: Timer, pose: Array | None = None,
        listen: Sound | None = None,
    ) -> Performer:  # fmt: skip
        if pose is not None and (pose.ndim != 2 or pose.shape[1] != POSE_DIM or not len(pose)):
            raise InputError(f"a given pose must be [T, {POSE_DIM}] with at least one frame.")
        actor = Actor.of(Anchor(self.run), options.seed, turned, pose)
        told = None if listen is None else partial(pieces, heard(listen)[0])
        return Performer(AudioEncoder(self.run), self.motion, options, actor, told, timer)

    def _renderer(
        self, avatar: Avatar, framing: str, size: int | None, scene: Scene,
        marks: FrameMarks | None, timer: Timer,
    ) -> Renderer:  # fmt: skip
        if avatar.model != model_key(self.bundle.config):
            raise InputError(
                "this avatar was prepared by another model: prepare the photo again with "
                f"'{self.bundle.name}'."
            )
        return Renderer(
            avatar, self.run, self.topology, framing=framing, size=size, scene=scene, marks=marks,
            timer=timer,
        )  # fmt: skip

    def _encode(self, face: AlignedFace) -> Avatar:
        return create_avatar(
            face, run=self.run, mean=self.mean, size=self.latent.image_size,
            model=model_key(self.bundle.config),
        )  # fmt: skip

    def blank_avatar(self) -> Avatar:
        """A gray picture with the mean face on it."""
        landmarks = np.zeros((POINTS, 3), np.float32)
        landmarks[: len(self.mean)] = self.mean * np.array([1, -1, -1], np.float32)
        photo = np.full((64, 64, 3), 128, np.uint8)
        box = CropBox(32.0, 32.0, 64.0)
        return self._encode(
            AlignedFace(photo=photo, box=box, landmarks=landmarks, faces=1, score=1.0)
        )
