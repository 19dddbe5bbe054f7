"""Frames for measuring the latent space, and the instruments that look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.own_points import keep_own
from openvasa.engine.render import Renderer
from openvasa.face.align import cut, soften_beyond
from openvasa.metrics.face_sequence import FaceSequence, follow
from openvasa.metrics.identity import Recognizer
from openvasa.metrics.judges import LPIPS, MOBILE, SFACE, Judges, PoseJudge
from openvasa.types import Image, Motion

if TYPE_CHECKING:
    from openvasa.metrics.lpips import Lpips

Floats = NDArray[np.float64]

SIZE = 256  # pixels at which pictures are compared
RECOGNIZERS = {"SFace": SFACE, "MobileFaceNet": MOBILE}


@dataclass(frozen=True)
class Instruments:
    """What looks at pictures; of `judges` whatever is there."""

    judges: Judges

    @cached_property
    def lpips(self) -> Lpips | None:
        """The distance of two pictures."""
        from openvasa.metrics.lpips import Lpips

        return Lpips(self.judges.path(LPIPS)) if self.judges.has(LPIPS) else None

    @cached_property
    def pose(self) -> PoseJudge | None:
        """6DRepNet360."""
        return self.judges.pose()

    @cached_property
    def recognizers(self) -> dict[str, Recognizer]:
        """By name."""
        return {
            name: Recognizer(self.judges.path(file), normalized=file == MOBILE)
            for name, file in RECOGNIZERS.items()
            if self.judges.has(file)
        }

    def alike(
        self, image: Image, points: Floats, other: Image, at: Floats, what: str = "identity"
    ) -> dict[str, float]:
        """Cosine of two faces by each recognizer, as columns for `Findings`."""
        return {
            f"{what}_({name})": float(network(image, points) @ network(other, at))
            for name, network in self.recognizers.items()
        }

    def angles(self, images: Sequence[Image], faces: FaceSequence) -> Floats | None:
        """Yaw, pitch and roll [T, 3] in degrees by 6DRepNet360; None without it."""
        judge = self.pose
        if judge is None:
            return None
        return np.stack([judge(*pair) for pair in zip(images, faces.points, strict=True)])


def seen_each(images: Sequence[Image]) -> FaceSequence | None:
    """The face in each picture, looked for anew; None where one shows none."""
    found = [follow([image]) for image in images]
    if any(face is None for face in found):
        return None
    points = [face.points for face in found if face is not None]
    return FaceSequence(np.concatenate(points), np.ones(len(points), np.bool_))


class MeasuringRenderer(Renderer):
    """Draws for meters alone: they may see a frame before its marks."""

    def before_marks(self, motion: Motion) -> Image:
        """The crop of one frame before its marks, never to be shown or kept."""
        return self._animate(self._placed(motion.pose), motion.dynamics)[0]


def renderer_of(animator: Animator, avatar: Avatar, size: int = SIZE) -> MeasuringRenderer:
    """Draws the whole square around the face, so that pixels lie where `crop_of` has them."""
    run = keep_own(animator.run, avatar)
    return MeasuringRenderer(avatar, run, animator.topology, size=size, whole=True)


def crop_of(frame: Image, avatar: Avatar, size: int = SIZE) -> Image:
    """The square of a picture in which the avatar's face lies."""
    return soften_beyond(cut(frame, avatar.box, size), avatar.box, *frame.shape[:2])


def drawn(renderer: Renderer, motions: Sequence[Motion]) -> list[Image]:
    """One frame for each motion of one frame, marked as every frame is."""
    return [renderer(motion, k).image for k, motion in enumerate(motions)]
