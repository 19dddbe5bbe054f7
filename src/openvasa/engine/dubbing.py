"""A video of a person, new speech: the lower face from the sound, all else from the video.

Every picture is the portrait of its own frame: the model moves its jaw and lips to what the sound
asks, and of the result only the lower face is laid over the picture, through a soft mask drawn
with the mesh. What the person looks like at rest is found from the whole video, so that the old
speech does not show in the new; meshes are smoothed over time without delay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from openvasa.engine.anchor import Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import create_avatar, model_key
from openvasa.engine.driving import LOOK_EVERY, SMOOTH_FACE, Look, Progress, look
from openvasa.engine.expression_fit import Floats, head_pose
from openvasa.engine.render import Renderer
from openvasa.engine.rest_face import at_rest, lips_met
from openvasa.engine.track import Track, smoothed
from openvasa.face.align import crop_box, to_crop_units
from openvasa.face.follow import FaceFollower
from openvasa.face.paste import Paster
from openvasa.latent.raster import pixels
from openvasa.latent.surface import INNER_LOWER, INNER_UPPER, OVAL, smooth
from openvasa.media.timed_video import timed_pictures
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.origin import content_id
from openvasa.types import EXPRESSION_NAMES, FPS, AlignedFace, Array, Frame, Image

# Noses and cheeks too: they pull at the upper lip.
LOWER = tuple(
    k
    for k, name in enumerate(EXPRESSION_NAMES)
    if name.startswith(("jaw", "mouth", "cheek", "nose"))
)
CALM = 0.25  # share of the pictures, those with the lips nearest together, that show a face at rest
BLOCK = 16  # pictures in memory at a time
# Around the lower face: along the jaw from ear to ear, then back under the eyes and the nose.
_JAW = np.array([*OVAL[8:29], 117, 118, 119, 120, 2, 349, 348, 347, 346])
_LID, _NOSE = (145, 374), 2  # between these heights the face passes from still to moving
_MASK = 128  # pixels, side of the mask
_WIDER, _SOFT = 11, 3.0  # pixels of the mask: how far it reaches beyond the mesh, and its rim


@dataclass(frozen=True)
class Actor:
    """A followed person in a video.

    Attributes:
        path: The video.
        times: Seconds of each picture.
        points: f64 [N, 478, 3], the mesh in pixels, smoothed.
        seen: bool [N], whether the picture shows the face.
        expression: f32 [N, 45].
        neutral: f32 [478, 3], the face without expression, canonical.
        frames: Length at 25 frames a second.
        faces: How many faces the video began with.
    """

    path: Path
    times: Floats
    points: Floats
    seen: np.ndarray
    expression: Array
    neutral: Array
    frames: int
    faces: int


def read_actor(
    animator: Animator, path: str | Path, *, face: int | None = None,
    progress: Progress | None = None,
) -> Actor:  # fmt: skip
    """Follows one face through a video and finds what it looks like at rest.

    Args and errors are those of `driving.read_driver`.
    """
    follower, track, looks = FaceFollower(face), Track(Path(path)), list[Look]()
    for time, picture in timed_pictures(path):
        mesh = follower.add(picture)
        track.add(time, mesh)
        if mesh is not None and (not looks or len(track) % LOOK_EVERY == 0):
            looks.append(look(animator, picture, mesh))
            track.looked()
        if progress is not None:
            progress(time - track.times[0])
    track.check_end()
    flat = track.points().reshape(len(track), -1)
    points = smoothed(flat, SMOOTH_FACE * track.rate).reshape(len(track), -1, 3)
    canonical = np.stack([_placed(animator, one)[1] for one in points])
    gap = np.linalg.norm(canonical[:, INNER_UPPER] - canonical[:, INNER_LOWER], axis=2).mean(1)
    calm = gap <= np.quantile(gap, CALM)
    still = np.median(canonical[calm], axis=0).astype(np.float32)
    still = at_rest(still, still, np.zeros(6, np.float32), animator.mean)
    still = lips_met(animator.run, still, looks[len(looks) // 2].identity, animator.mean)
    seen = Anchor(animator.run).read(np.concatenate([one.dynamics for one in looks]))
    expression = track.between_looks(seen.astype(np.float64))
    return Actor(
        Path(path), np.array(track.times), points,
        np.array([mesh is not None for mesh in track.meshes]), expression.astype(np.float32),
        still, track.frames, follower.faces,
    )  # fmt: skip


def back_and_forth(count: int, frames: int) -> np.ndarray:
    """Which of `frames` pictures shows at each of `count` moments: to the end, back, and again."""
    if frames == 1:
        return np.zeros(count, np.int64)
    at = np.arange(count) % (2 * frames - 2)
    return np.minimum(at, 2 * frames - 2 - at)


def dubbed(
    animator: Animator, actor: Actor, dynamics: Array, marks: FrameMarks | None = None
) -> Iterator[Frame]:
    """The video with new lips, frame by frame at 25 a second; played back and forth if needed.

    Args:
        animator: The model.
        actor: From `read_actor`.
        dynamics: f32 [T, 48], z_dyn of the speech.
        marks: As for `Renderer`; None is one content id for the whole video.

    Yields:
        T frames as large as the video, made even.
    """
    told = (actor.neutral.tobytes().hex(), np.asarray(dynamics).tobytes().hex())
    marks = marks or FrameMarks(content_id(*told))
    spoken = Anchor(animator.run).read(dynamics)
    clock = actor.times[0] + back_and_forth(len(dynamics), actor.frames) / FPS
    numbers = np.abs(actor.times[None] - clock[:, None]).argmin(1)
    for first in range(0, len(numbers), BLOCK):
        block = numbers[first : first + BLOCK]
        held = dict(_pictures(actor, int(block.min()), int(block.max())))
        for index, number in enumerate(block, first):
            frame = _DubbedFrame(animator, actor, held[int(number)], int(number), marks)
            yield frame(spoken[index], index)


def _pictures(actor: Actor, first: int, last: int) -> Iterator[tuple[int, Image]]:
    for time, picture in timed_pictures(actor.path, float(actor.times[first])):
        number = int(np.abs(actor.times - time).argmin())
        yield number, picture
        if number >= last:
            return


class _DubbedFrame(Renderer):
    """One picture of the video, ready to have its lower face moved."""

    def __init__(
        self, animator: Animator, actor: Actor, picture: Image, number: int,
        marks: FrameMarks | None,
    ) -> None:  # fmt: skip
        points = actor.points[number]
        box = crop_box(points)
        face = AlignedFace(
            photo=picture, box=box, landmarks=to_crop_units(points, box), faces=1, score=1.0
        )  # fmt: skip
        avatar = create_avatar(
            face, run=animator.run, mean=animator.mean, size=animator.latent.image_size,
            model=model_key(animator.bundle.config),
        )  # fmt: skip
        own = avatar.points.copy()
        avatar = replace(avatar, neutral=actor.neutral[None])
        self._own, self._seen, self._moved = own, bool(actor.seen[number]), own
        self._below = _lower(own)[:, None]
        side = min(max(2 * round(box.side / 2), 64), 1024)
        super().__init__(avatar, animator.run, animator.topology, size=side, whole=True,
                         marks=marks)  # fmt: skip
        self._plain, self._run = animator.run, self._move
        self._anchor, self._expression = Anchor(animator.run), actor.expression[number]
        longest = max(picture.shape[:2])
        self._whole = Paster(picture, box, side, longest)
        self._mask = Paster(np.zeros_like(picture), box, _MASK, longest)
        self._picture = picture[: self._whole.size[1], : self._whole.size[0]]

    def __call__(self, spoken: Array, index: int) -> Frame:  # type: ignore[override]
        """The frame at the speech's expression f32 [45]; unchanged where the face is lost."""
        if not self._seen:
            return self._release(self._picture, index)
        wanted = self._expression.copy()
        wanted[list(LOWER)] = spoken[list(LOWER)]
        crop, _ = self._animate(self._avatar.pose, wanted[None] @ self._anchor.weight)
        share = self._mask(np.repeat(self._drawn()[..., None], 3, 2)).astype(np.float32) / 255
        whole = self._picture + share * (self._whole(crop).astype(np.float32) - self._picture)
        return self._release(np.rint(whole).astype(np.uint8), index)

    def _move(self, graph: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The model's graphs; of the points that move only those of the lower face do."""
        out = self._plain(graph, inputs)
        if graph == "move":
            points = self._own + self._below * (out["points"][0] - self._own)
            self._moved = points.astype(np.float32)
            out = {**out, "points": self._moved[None]}
        return out

    def _drawn(self) -> Image:
        """Where the lower face is, or was, u8 [128, 128]."""
        mask = Pillow.new("L", (_MASK, _MASK))
        draw = ImageDraw.Draw(mask)
        for points in (self._own, self._moved):
            at = pixels(points[_JAW].astype(np.float64), _MASK)
            draw.polygon([tuple(one) for one in at.tolist()], fill=255)
        wide = mask.filter(ImageFilter.MaxFilter(_WIDER))
        return np.asarray(wide.filter(ImageFilter.GaussianBlur(_SOFT)), np.uint8)


def _placed(animator: Animator, points: Floats) -> tuple[Array, Floats]:
    landmarks = to_crop_units(points, crop_box(points)).astype(np.float64)
    return head_pose(landmarks, animator.mean)


def _lower(points: Array) -> Array:
    """How much each control point [478, 3] belongs to the lower face, f32 [478] in [0, 1]."""
    high, low = float(points[list(_LID), 1].mean()), float(points[_NOSE, 1])
    return smooth((high - points[:, 1]) / (high - low)).astype(np.float32)
