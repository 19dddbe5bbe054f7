"""Self-reenactment: clips of people never trained on, made again from their first frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from openvasa.commands.evaluate_latent_frames import (
    SIZE,
    Instruments,
    crop_of,
    drawn,
    renderer_of,
)
from openvasa.engine.anchor import Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.driving import Driver
from openvasa.metrics.face_sequence import FaceSequence, follow
from openvasa.metrics.findings import Findings
from openvasa.metrics.identity import similarity
from openvasa.metrics.image_quality import psnr
from openvasa.metrics.latent_proof import landmark_errors
from openvasa.metrics.video_clock import pictures
from openvasa.types import Image, Motion

SELF = "Self-reenactment of real clips"
OURS, FIRST = "ours", "earlier weights"
EVERY = 12  # frames of a clip, of which one is made


def frames_of(clip: Path) -> list[Image]:
    """All frames at 25 a second."""
    return [picture for _, picture in pictures(clip)]


def again(
    animator: Animator, name: str, frames: Sequence[Image], driver: Driver, tools: Instruments,
    found: Findings,
) -> None:  # fmt: skip
    """A clip made again from its first frame; by ours, beside that frame alone and moved whole."""
    avatar = animator.prepare(frames[0])
    numbers = np.arange(EVERY // 2, min(len(frames), len(driver)), EVERY)
    real = [crop_of(frames[int(k)], avatar) for k in numbers]
    seen = follow(real)
    if seen is None:
        return
    motion = from_first(driver, avatar, Anchor(animator.run))
    renderer = renderer_of(animator, avatar)
    motions = [motion[int(k) : int(k) + 1] for k in numbers]
    bare = [renderer.before_marks(each) for each in motions]
    _compare(tools, found, name, bare, drawn(renderer, motions), real, seen)
    if name != OURS:
        return
    still = crop_of(frames[0], avatar)
    _compare(tools, found, "static portrait", [still] * len(real), None, real, seen)
    begin = follow([still])
    if begin is not None:
        moved = [warped(still, begin, seen, k) for k in range(len(real))]
        _compare(tools, found, "similarity warp", moved, None, real, seen)


def from_first(driver: Driver, avatar: Avatar, anchor: Anchor) -> Motion:
    """What changes from the driver's first frame, for an avatar made of that frame."""
    change = (driver.expression - driver.expression[:1]) @ anchor.weight
    return Motion(driver.pose - driver.pose[:1], (avatar.dynamics + change).astype(np.float32))


def warped(still: Image, begin: FaceSequence, seen: FaceSequence, k: int) -> Image:
    """The first frame turned, scaled and moved so that its face lies best on that of frame k."""
    a, b, x, y = similarity(seen.points[k, :468, :2], begin.points[0, :468, :2])
    edge = np.pad(still, ((SIZE, SIZE), (SIZE, SIZE), (0, 0)), "edge")
    x, y = x + SIZE - SIZE * (a - b), y + SIZE - SIZE * (a + b)  # both pictures begin earlier
    moved = Pillow.fromarray(edge).transform(
        edge.shape[:2], Pillow.Transform.AFFINE, (a, -b, x, b, a, y), Pillow.Resampling.BICUBIC
    )
    return np.asarray(moved)[SIZE:-SIZE, SIZE:-SIZE]


def _compare(
    tools: Instruments, found: Findings, row: str, bare: Sequence[Image],
    marked: Sequence[Image] | None, real: Sequence[Image], seen: FaceSequence,
) -> None:  # fmt: skip
    faces = follow(bare)
    for k, image in enumerate(real):
        columns = {"PSNR,_dB": psnr(bare[k], image)}
        if tools.lpips is not None:
            columns["LPIPS"] = tools.lpips(bare[k], image)
            if marked is not None:
                columns["LPIPS_with_the_mark"] = tools.lpips(marked[k], image)
        if faces is not None:
            at, true = faces.points[k : k + 1], seen.points[k : k + 1]
            columns["points,_%_of_the_face"] = float(landmark_errors(at, true)[0])
            columns |= tools.alike(bare[k], at[0], image, true[0])
        found.add(SELF, row, **columns)
