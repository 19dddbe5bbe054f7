"""The latent space on photographs of people never trained on: codes one at a time, codes swapped.

There is no truth of a photo's other poses here; instruments that did not label the data look at the
frames, and what they mix up by themselves is known from drawn heads (`evaluate_latent_heads`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from openvasa.commands.evaluate_latent_frames import (
    Floats,
    Instruments,
    drawn,
    renderer_of,
    seen_each,
)
from openvasa.commands.evaluate_latent_heads import FACES, POSES, turn_shown
from openvasa.engine.anchor import Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.driving import Driver
from openvasa.engine.editing import Edit, edit_motion
from openvasa.metrics.codes import change
from openvasa.metrics.face_sequence import FaceSequence, follow
from openvasa.metrics.findings import Findings
from openvasa.metrics.image_quality import sharpness
from openvasa.metrics.latent_proof import (
    CURVES,
    correlations,
    curves,
    dynamics_moved,
    pose_moved,
)
from openvasa.types import Image, Motion

APART, SWAPS = "One code at a time, on photographs", "Codes swapped between photographs"
CROSS, DRIVEN = "Identity on frames that are hard", "Driven by another person's clip"
SHARP = "Sharpness of the face, of the portrait's own"
TURNED, OPEN = 10.0, 0.03  # degrees of yaw; lip gap in face heights: beyond, a frame is hard
FINE = 512  # pixels at which sharpness is looked at
EVERY = 8  # frames of a clip, of which one is made


def apart(animator: Animator, avatar: Avatar, tools: Instruments, found: Findings) -> None:
    """Pose alone, then dynamics alone: what else changes, by the mesh and the judges."""
    anchor, renderer = Anchor(animator.run), renderer_of(animator, avatar)
    for alone, edits in (("pose", POSES), ("dynamics", FACES)):
        motions = [edit_motion(avatar, anchor, edit) for edit in (Edit(), *edits)]
        images = drawn(renderer, motions)
        faces = seen_each(images)
        if faces is None:
            continue
        angles = tools.angles(images, faces)
        if alone == "pose":
            for reader, read in (("mesh", faces.angles), ("6DRepNet360", angles)):
                for column in turn_shown(read, reader) if read is not None else ():
                    found.add(APART, "pose alone", **column)
        for k in range(1, len(images)):
            columns = {
                "dynamics,_%_of_range": float(dynamics_moved(curves(faces)[k] - curves(faces)[0])),
                "pose,_%_of_range_(mesh)": float(pose_moved(faces.angles[k] - faces.angles[0])),
            }
            if angles is not None:
                moved = float(pose_moved(angles[k] - angles[0]))
                columns["pose,_%_of_range_(6DRepNet360)"] = moved
            alike = tools.alike(images[k], faces.points[k], images[0], faces.points[0])
            found.add(APART, f"{alone} alone", **columns, **alike)


def swap_codes(
    animator: Animator, avatar: Avatar, other: Avatar, tools: Instruments, found: Findings
) -> None:
    """Each code replaced by another person's: change of pixels, motion and identity."""
    still = Motion(np.zeros((1, 6), np.float32), avatar.dynamics)
    # A turned head with a moved face, where a code can show what it is for.
    moved = edit_motion(avatar, Anchor(animator.run), Edit(yaw=12, expression={"jawOpen": 0.3}))
    swaps: dict[str, tuple[Avatar, Motion]] = {
        "nothing": (avatar, moved),
        "V_app, the appearance volume": (replace(avatar, appearance=other.appearance), moved),
        "z_id, the identity code": (replace(avatar, identity=other.identity), moved),
        "z_pose, the head pose": (
            avatar, Motion(moved.pose + other.pose - avatar.pose, moved.dynamics)),
        "z_dyn, the facial dynamics": (
            avatar, Motion(moved.pose, moved.dynamics + other.dynamics - avatar.dynamics)),
    }  # fmt: skip
    images = {what: renderer_of(animator, who).before_marks(motion)
              for what, (who, motion) in swaps.items()}  # fmt: skip
    theirs = renderer_of(animator, other).before_marks(
        Motion(np.zeros((1, 6), np.float32), other.dynamics)
    )
    own = renderer_of(animator, avatar).before_marks(still)
    faces = seen_each([*images.values(), own, theirs])
    if faces is None:
        return
    read, base = curves(faces), images["nothing"]
    for k, (what, image) in enumerate(images.items()):
        levels, _, share = change(avatar, [base], [image])
        found.add(SWAPS, what, **{
            "change_of_255": levels, "share_of_pixels_that_changes": share,
            "dynamics,_%_of_range": float(dynamics_moved(read[k] - read[0])),
            "pose,_%_of_range": float(pose_moved(faces.angles[k] - faces.angles[0])),
            **tools.alike(image, faces.points[k], own, faces.points[-2], "own identity"),
            **tools.alike(image, faces.points[k], theirs, faces.points[-1], "the other's"),
        })  # fmt: skip


def pairs(
    same: Sequence[tuple[Image, Image]], tools: Instruments, found: Findings
) -> None:  # fmt: skip
    """The scale of identity: two photos of one person, and photos of two."""
    for k, (first, second) in enumerate(same):
        stranger = same[(k + 1) % len(same)][0]
        faces = seen_each([first, second, stranger])
        if faces is None:
            continue
        at = faces.points
        found.add(CROSS, "two photos of one person", **tools.alike(first, at[0], second, at[1]))
        found.add(CROSS, "photos of two people", **tools.alike(first, at[0], stranger, at[2]))


def turned(animator: Animator, avatar: Avatar, tools: Instruments, found: Findings) -> None:
    """Identity of frames turned by 10 and 15 degrees, with the mouth shut, open and smiling."""
    anchor, renderer = Anchor(animator.run), renderer_of(animator, avatar)
    shown: list[dict[str, float]] = [
        {}, {"jawOpen": 0.4}, {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8},
    ]  # fmt: skip
    edits = [Edit(yaw=yaw, expression=face) for yaw in (-15, -10, 10, 15) for face in shown]
    images = drawn(renderer, [edit_motion(avatar, anchor, edit) for edit in edits])
    faces, portrait = seen_each(images), avatar.crop(256)
    own = follow([portrait])
    if faces is not None and own is not None:
        _alike(tools, found, "turned by 10 and 15 degrees", images, faces, portrait, own)


def cross(
    animator: Animator, avatar: Avatar, frames: Sequence[Image], driver: Driver, mode: str,
    tools: Instruments, found: Findings,
) -> None:  # fmt: skip
    """A portrait driven by another person: pose, expression, and identity where that is hard."""
    numbers = np.arange(0, min(len(frames), len(driver)), EVERY)
    motion = driver.motion(avatar, Anchor(animator.run), mode)
    renderer = renderer_of(animator, avatar)
    made = drawn(renderer, [motion[int(k) : int(k) + 1] for k in numbers])
    real = [frames[int(k)] for k in numbers]
    ours, theirs = follow(made), follow(real)
    portrait = avatar.crop(256)
    own = follow([portrait])
    if ours is None or theirs is None or own is None:
        return
    columns = {"lost_frames,_%": 100 * float((~ours.found).mean())}
    for name, value in zip(CURVES, correlations(ours, theirs), strict=True):
        columns[f"r_of_{name}"] = float(value)
    read = (ours.angles - ours.angles[:1]) - (theirs.angles - theirs.angles[:1])
    columns["pose,_degrees_(mesh)"] = float(np.abs(read).mean())
    ours_judged, theirs_judged = tools.angles(made, ours), tools.angles(real, theirs)
    if ours_judged is not None and theirs_judged is not None:
        apart = (ours_judged - ours_judged[:1]) - (theirs_judged - theirs_judged[:1])
        columns["pose,_degrees_(6DRepNet360)"] = float(np.abs(apart).mean())
    found.add(DRIVEN, mode, **columns)
    hard = (np.abs(ours.angles[:, 0]) >= TURNED) | (ours.gap >= OPEN)
    chosen = np.flatnonzero(hard & ours.found)
    at = FaceSequence(ours.points[chosen], ours.found[chosen])
    row = f"driven, {mode}: turned by 10 degrees or mouth open"
    _alike(tools, found, row, [made[k] for k in chosen], at, portrait, own)


def sharp(animator: Animator, avatar: Avatar, found: Findings) -> None:
    """Sharpness of the face at rest and turned by 10 degrees, as the frame leaves and before."""
    anchor, renderer = Anchor(animator.run), renderer_of(animator, avatar, FINE)
    portrait = avatar.crop(FINE)
    own = follow([portrait])
    if own is None:
        return
    base = sharpness(portrait, own.points[0])
    for yaw in (0, -10, 10):
        motion = edit_motion(avatar, anchor, Edit(yaw=yaw))
        for column, image in (
            ("with the mark", renderer(motion, 0).image),
            ("before it", renderer.before_marks(motion)),
        ):
            face = follow([image])
            if face is not None:
                row = f"yaw {abs(yaw)} degrees, {FINE} pixels"
                found.add(SHARP, row, **{column: sharpness(image, face.points[0]) / base})


def _alike(
    tools: Instruments, found: Findings, row: str, images: Sequence[Image], faces: FaceSequence,
    portrait: Image, own: FaceSequence,
) -> None:  # fmt: skip
    points: Floats = own.points[0]
    for k, image in enumerate(images):
        found.add(CROSS, row, **tools.alike(image, faces.points[k], portrait, points))
