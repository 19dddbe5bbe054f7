"""A driving video -> head pose and facial dynamics at 25 frames a second.

Head pose is that of the mesh laid on every frame; expressions are found by `expression_fit`. Both
are smoothed by a symmetric kernel, which adds no delay, before they are read at 25 a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from openvasa.engine.anchor import Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.backends import cores
from openvasa.engine.expression_fit import Floats, expression_shapes, fit_expressions, head_pose
from openvasa.engine.own_points import keep_own
from openvasa.engine.render import Renderer, render_all
from openvasa.engine.stream import single_frames
from openvasa.engine.track import Track, smoothed
from openvasa.face.align import crop_box, cut, to_crop_units
from openvasa.face.follow import FaceFollower
from openvasa.face.landmarks import Mesh
from openvasa.latent.control_points import control_points
from openvasa.latent.surface import pose_of
from openvasa.media.timed_video import timed_pictures
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.types import Array, Frame, Image, InputError, Motion

MODES = ("relative", "absolute")
SMOOTH_POSE, SMOOTH_FACE = 0.36, 0.20  # seconds, widths of the smoothing kernels
LOOK_EVERY = 2  # pictures: the encoder looks at each so many
Progress = Callable[[float], None]  # seconds of video read


@dataclass(frozen=True)
class Driver:
    """What a driver does, at 25 frames a second.

    Attributes:
        pose: f32 [T, 6], z_pose in one crop for the whole video.
        expression: f32 [T, 45], in the order of `EXPRESSION_NAMES`.
        faces: How many faces the video began with.
        held: Seconds in which the face was lost and the last sight of it was held.
    """

    pose: Array
    expression: Array
    faces: int
    held: float

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.pose)

    @property
    def rest(self) -> int:
        """The calmest frame: little expression, near the middle of the poses."""
        turned = np.abs(self.pose[:, :3] - np.median(self.pose[:, :3], axis=0)).sum(1)
        shown = np.abs(self.expression[:, :-2]).sum(1)
        return int(np.argmin(turned + 0.3 * shown))

    def motion(self, avatar: Avatar, anchor: Anchor, mode: str = "relative") -> Motion:
        """The driver's motion for a portrait.

        Args:
            avatar: The portrait.
            anchor: Of its model.
            mode: `relative`: what changes from the driver's calmest frame is added to the
                portrait's own pose and expression. `absolute`: the head is turned from the camera
                as the driver's is and the face shows the driver's expression; place and size in
                the picture are relative in both.

        Raises:
            InputError: There is no such mode.
        """
        if mode not in MODES:
            raise InputError(f"there is no mode '{mode}': choose one of {', '.join(MODES)}.")
        pose = self.pose - self.pose[self.rest]
        if mode == "absolute":
            pose[:, :3] = self.pose[:, :3] - avatar.pose[0, :3]
            return Motion(pose, self.expression @ anchor.weight)
        own = anchor.read(avatar.dynamics)
        wanted = own + self.expression - self.expression[self.rest]
        wanted[:, :-2] = np.clip(wanted[:, :-2], np.minimum(own[:, :-2], 0), 1)
        return Motion(pose, avatar.dynamics + (wanted - own) @ anchor.weight)


def read_driver(
    animator: Animator, path: str | Path, *, face: int | None = None,
    progress: Progress | None = None,
) -> Driver:  # fmt: skip
    """Follows one face through a video and reads what it does.

    Args:
        animator: The model.
        path: Any video, at any rate.
        face: Which face of the first picture that shows one, counted from 1, the largest first;
            None is the largest.
        progress: Called with the seconds read so far.

    Raises:
        InputError: The video cannot be read, shows no such face, or loses it for longer than
            `HOLD`.
    """
    follower, track = FaceFollower(face), Track(Path(path))
    looks: list[Look] = []
    for time, picture in timed_pictures(path):
        mesh = follower.add(picture)
        track.add(time, mesh)
        if mesh is not None and (not looks or len(track) % LOOK_EVERY == 0):
            looks.append(look(animator, picture, mesh))
            track.looked()
        if progress is not None:
            progress(time - track.times[0])
    track.check_end()
    poses, expressions = _read(animator, track, looks)
    rate = track.rate
    pose = track.resampled(smoothed(poses, SMOOTH_POSE * rate))
    expression = track.resampled(smoothed(expressions, SMOOTH_FACE * rate))
    expression[:, :-2] = expression[:, :-2].clip(0, 1)
    held = sum(mesh is None for mesh in track.meshes) / rate
    return Driver(pose, expression, follower.faces, held)


def reenacted(
    animator: Animator, avatar: Avatar, motion: Motion, *, framing: str = "crop",
    size: int | None = None, marks: FrameMarks | None = None,
) -> tuple[tuple[int, int], Iterator[Frame]]:  # fmt: skip
    """A portrait doing a known motion.

    Args:
        animator: The model that prepared the avatar.
        avatar: The portrait.
        motion: Such as `Driver.motion` gives.
        framing: As for `Animator.animate`.
        size: As for `Animator.animate`.
        marks: As for `Animator.animate`.

    Returns:
        (width, height) of the frames, and the frames in order; few are in memory at any time.
    """
    renderer = Renderer(
        avatar, keep_own(animator.run, avatar), animator.topology, framing=framing, size=size,
        marks=marks,
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        with ThreadPoolExecutor(cores(), thread_name_prefix="openvasa-frame") as pool:
            yield from render_all(renderer, single_frames(motion), 0, pool, 2 * cores())

    return renderer.size, frames()


class Look(NamedTuple):
    """What the model's encoders say of one picture: z_id f32 [1, I] and z_dyn [1, 48]."""

    identity: Array
    dynamics: Array


def look(animator: Animator, picture: Image, mesh: Mesh) -> Look:
    """Shows one picture u8 [H, W, 3] of a video to the model's encoders."""
    box, size = crop_box(mesh.surface), animator.latent.image_size
    landmarks = to_crop_units(mesh.points, box).astype(np.float64)
    points, place = control_points(landmarks, animator.mean.astype(np.float64))
    image = cut(picture, box, size).astype(np.float32).transpose(2, 0, 1) / np.float32(255)
    code = animator.run("portrait", {
        "image": image[None], "points": points.astype(np.float32)[None],
        "pose": pose_of(place)[None],
    })  # fmt: skip
    return Look(code["identity"], code["dynamics"])


def _read(animator: Animator, track: Track, looks: list[Look]) -> tuple[Floats, Floats]:
    """z_pose [N, 6] and expressions [N, 45] of every picture."""
    points, anchor = track.points(), Anchor(animator.run)
    box = crop_box(np.median(points, axis=0))
    placed = [head_pose(to_crop_units(one, box).astype(np.float64), animator.mean)
              for one in points]  # fmt: skip
    poses, canonical = (np.stack(part).astype(np.float64) for part in zip(*placed, strict=True))
    identity = np.mean([look.identity for look in looks], axis=0)
    identity = (identity / np.linalg.norm(identity)).astype(np.float32)
    middle = np.median(canonical, axis=0).astype(np.float32)
    shapes = expression_shapes(animator.run, anchor, middle, identity)
    seen = anchor.read(np.concatenate([look.dynamics for look in looks])).astype(np.float64)
    expressions, _ = fit_expressions(canonical, track.between_looks(seen), shapes)
    return poses, expressions
