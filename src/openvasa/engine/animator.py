"""The front door: a model, a portrait and a recording -> a talking-face video."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from openvasa.audio.clock import frame_count
from openvasa.audio.encoder import AudioEncoder, checked
from openvasa.bundle import Bundle
from openvasa.engine.anchor import GAZE, Anchor
from openvasa.engine.avatar import Avatar, create_avatar, model_key
from openvasa.engine.backends import Backend, cores, create_backend, sizes
from openvasa.engine.render import Renderer, Timer, blank_frame, no_timer, render_all
from openvasa.engine.stream import BLOCK, Performer, StreamSession
from openvasa.face.find import find_face
from openvasa.latent.config import LatentConfig
from openvasa.latent.mouth import FaceMesh
from openvasa.latent.surface import POINTS
from openvasa.media.audio import count_samples, stream_audio
from openvasa.media.image import load_photo
from openvasa.media.video import VideoWriter, check_target
from openvasa.motion.conditions import control_arrays
from openvasa.motion.config import GuidanceScales, MotionStats, SampleOptions
from openvasa.motion.windows import MotionModel
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.origin import Origin, weights_hash
from openvasa.types import (
    SAMPLE_RATE,
    AlignedFace,
    Array,
    Controls,
    CropBox,
    Frame,
    Image,
    InputError,
    Motion,
)
from openvasa.weights import DEFAULT_MODEL, load_model

__all__ = ["Animator", "Avatar", "Clip"]

Sound = str | Path | Array  # a file, or f32 [N] mono samples at 16 kHz
Progress = Callable[[int, int], None]  # frames written, frames in all
Release = Callable[[Path], AbstractContextManager[Path]]  # see `provenance.release`
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
            backend: `onnx`, or `torch` for reference (needs the extra `train`).

        Raises:
            InputError: There is no such model or backend, or the model's files are damaged.
        """
        bundle = load_model(model)
        latent, config = sizes(bundle)
        run = create_backend(backend, bundle)
        stats, surface = bundle.tensors("stats"), bundle.tensors("surface")
        topology = FaceMesh.from_tensors(surface)
        motion = MotionModel(config, MotionStats(stats["mean"], stats["std"]), run)
        animator = cls(bundle, latent, run, motion, surface["mean"], topology)
        blank_frame(animator._blank_avatar(), run, topology)
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
        controls: Controls = Controls(),
        seed: int = _DEFAULT.seed,
        guidance: GuidanceScales = _DEFAULT.scales,
        steps: int = _DEFAULT.steps,
        framing: str = "crop",
        size: int | None = None,
        marks: FrameMarks | None = None,
        timer: Timer = no_timer,
    ) -> Clip:
        """Makes an avatar speak a recording; the frames are made when they are asked for.

        Args:
            avatar: From `prepare`.
            audio: Any file with sound, or f32 [N] mono samples at 16 kHz.
            controls: Gaze, distance and emotion; see `Controls` for what None means.
            seed: Another seed is another performance.
            guidance: How strictly to obey each condition.
            steps: Denoising steps a window.
            framing: `crop` or `full` (inside the whole photo).
            size: The video's longer side in pixels, even; None is 512 for `crop` and the
                photo's own, up to 1920, for `full`.
            marks: The content id that every frame carries and whether a visible label is drawn;
                None is a number of the portrait and the model, and no label.
            timer: Called around each stage with its name.

        Raises:
            InputError: The recording or an option cannot be used, or the avatar is of another
                model.
        """
        control_arrays(controls)
        sound: Sound = checked(audio) if isinstance(audio, np.ndarray) else audio
        count = len(sound) if isinstance(sound, np.ndarray) else count_samples(sound)
        if count == 0:
            raise InputError("the recording is empty: give some seconds of speech.")
        options = SampleOptions(seed=seed, steps=steps, scales=guidance)
        renderer = self._renderer(avatar, framing, size, marks, timer)
        origin = Origin(
            model=self.bundle.name,
            model_hash=weights_hash(self.bundle),
            content_id=renderer.marks.content_id,
        )
        performer = self._performer(avatar, options, timer)
        return Clip(sound, count, performer, renderer, controls, origin, timer)

    def stream(
        self,
        avatar: Avatar,
        *,
        controls: Controls = Controls(),
        seed: int = _DEFAULT.seed,
        guidance: GuidanceScales = _DEFAULT.scales,
        steps: int = _DEFAULT.steps,
        framing: str = "crop",
        size: int | None = None,
        marks: FrameMarks | None = None,
        timer: Timer = no_timer,
    ) -> StreamSession:
        """Starts a live performance: `with animator.stream(avatar) as s: frames = s.push(pcm)`.

        Args and errors are those of `animate`.
        """
        options = SampleOptions(seed=seed, steps=steps, scales=guidance)
        renderer = self._renderer(avatar, framing, size, marks, timer)
        return StreamSession(self._performer(avatar, options, timer), renderer, controls)

    def _performer(self, avatar: Avatar, options: SampleOptions, timer: Timer) -> Performer:
        anchor = Anchor(self.run)
        return Performer(
            AudioEncoder(self.run), self.motion, options, anchor.rows(*GAZE), anchor.lids(),
            float(avatar.pose[0, 0]), timer,
        )  # fmt: skip

    def _renderer(
        self, avatar: Avatar, framing: str, size: int | None, marks: FrameMarks | None, timer: Timer
    ) -> Renderer:
        if avatar.model != model_key(self.bundle.config):
            raise InputError(
                "this avatar was prepared by another model: prepare the photo again with "
                f"'{self.bundle.name}'."
            )
        return Renderer(
            avatar, self.run, self.topology, framing=framing, size=size, marks=marks, timer=timer
        )  # fmt: skip

    def _encode(self, face: AlignedFace) -> Avatar:
        return create_avatar(
            face, run=self.run, mean=self.mean, size=self.latent.image_size,
            model=model_key(self.bundle.config),
        )  # fmt: skip

    def _blank_avatar(self) -> Avatar:
        """A gray picture with the mean face on it."""
        landmarks = np.zeros((POINTS, 3), np.float32)
        landmarks[: len(self.mean)] = self.mean * np.array([1, -1, -1], np.float32)
        photo = np.full((64, 64, 3), 128, np.uint8)
        box = CropBox(32.0, 32.0, 64.0)
        return self._encode(
            AlignedFace(photo=photo, box=box, landmarks=landmarks, faces=1, score=1.0)
        )


class Clip:
    """One performance, made while it is read or saved. Reading it again makes it again.

    Attributes:
        origin: What the credentials of its files say.
    """

    def __init__(
        self,
        sound: Sound,
        samples: int,
        performer: Performer,
        renderer: Renderer,
        controls: Controls,
        origin: Origin,
        timer: Timer = no_timer,
    ) -> None:
        """Use `Animator.animate`."""
        self.origin = origin
        self._sound, self._samples = sound, samples
        self._performer, self._renderer = performer, renderer
        self._controls, self._timer = controls, timer

    def __len__(self) -> int:
        """Number of frames: 25 a second."""
        return frame_count(self._samples)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self._renderer.size

    @property
    def motion(self) -> Motion:
        """The whole motion, made without any picture."""
        frames = list(self._performer.perform(self._pieces(), self._controls))
        return Motion(
            np.concatenate([frame.pose for frame in frames]),
            np.concatenate([frame.dynamics for frame in frames]),
        )

    def frames(self) -> Iterator[Frame]:
        """The frames in order; only a few are in memory at any time."""
        workers = cores()
        with ThreadPoolExecutor(workers, thread_name_prefix="openvasa-frame") as pool:
            motion = self._performer.perform(self._pieces(), self._controls)
            yield from render_all(self._renderer, motion, 0, pool, 2 * workers)

    def save(
        self,
        path: str | Path,
        progress: Progress | None = None,
        release: Release | None = None,
    ) -> None:
        """Writes an MP4 with the recording as its sound, signed and whole or not at all.

        Args:
            path: Ends in .mp4.
            progress: Called with (frames written, frames in all) after each frame.
            release: Signs the file and gives it its name; None signs with the user's identity,
                see `provenance.identity.load_identity`.

        Raises:
            InputError: The video cannot be written or signed.
        """
        from openvasa.provenance.identity import load_identity
        from openvasa.provenance.release import release_file

        check_target(path)
        if release is None:
            release = partial(release_file, origin=self.origin, identity=load_identity())
        with release(Path(path)) as hidden, VideoWriter(hidden, self.size, self._sound) as writer:
            for frame in self.frames():
                with self._timer("mux"):
                    writer.write(frame.image)
                if progress is not None:
                    progress(writer.frames, len(self))
            # The encoder still holds frames: finishing them is work of the same stage.
            with self._timer("mux"):
                writer.close()

    def _pieces(self) -> Iterator[Array]:
        if isinstance(self._sound, np.ndarray):
            return iter([self._sound])
        return stream_audio(self._sound, BLOCK / SAMPLE_RATE)
