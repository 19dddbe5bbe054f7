"""The latent space against ground truth: heads drawn by the data engine, motion swapped between.

Every head is drawn with exactly known poses and expressions. The model gets the picture at rest and
a motion, of the head itself or of another one, and its frame is put beside the picture that the
data engine draws of the same pose and expression.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from openvasa.commands.evaluate_latent_drawn import VIEWS, DrawnHead
from openvasa.commands.evaluate_latent_frames import (
    Floats,
    Instruments,
    crop_of,
    renderer_of,
    seen_each,
)
from openvasa.engine.anchor import Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.editing import Edit, edit_motion
from openvasa.metrics.face_sequence import FaceSequence
from openvasa.metrics.findings import Findings
from openvasa.metrics.image_quality import psnr
from openvasa.metrics.latent_proof import (
    curves,
    dynamics_moved,
    extra,
    landmark_errors,
    pose_moved,
)
from openvasa.types import Array, Image, Motion

SWAPS, APART = "Motion swapped between drawn heads", "One code at a time, on drawn heads"
POSES = (Edit(yaw=-15), Edit(yaw=15), Edit(pitch=-10), Edit(pitch=10), Edit(roll=10))
FACES = tuple(
    Edit(expression=values)
    for values in (
        {"jawOpen": 0.5}, {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}, {"mouthPucker": 0.8},
        {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
        {"browInnerUp": 0.8, "browOuterUpLeft": 0.8, "browOuterUpRight": 0.8},
    )
)  # fmt: skip


def swap(
    animator: Animator, one: DrawnHead, other: DrawnHead, tools: Instruments, found: Findings
) -> None:
    """The other's motion, and its own, on one head, beside the truth."""
    anchor, avatar = Anchor(animator.run), one.avatar
    pose, dynamics, fitted = other.read(animator)
    ways: dict[str, tuple[DrawnHead, Callable[[int], Motion]]] = {
        "its own motion, exact codes": (
            one, lambda k: _motion(avatar, one.pose[k], one.expression[k] @ anchor.weight)),
        "another's motion, exact codes": (
            other, lambda k: _motion(avatar, other.pose[k], other.expression[k] @ anchor.weight)),
        "another's motion, expressions fitted to its pictures": (
            other, lambda k: _motion(avatar, pose[k], fitted[k] @ anchor.weight)),
        "another's motion, z_dyn read from its pictures": (
            other, lambda k: _motion(avatar, pose[k], dynamics[k])),
    }  # fmt: skip
    renderer, truths = renderer_of(animator, avatar), {}
    for row, (mover, motion) in ways.items():
        if id(mover) not in truths:
            truths[id(mover)] = one.draw(mover.pose, mover.expression)
        images, points = truths[id(mover)]
        motions = [motion(k) for k in range(VIEWS)]
        bare = [renderer.before_marks(each) for each in motions]
        marked = [renderer(each, k).image for k, each in enumerate(motions)]
        compare(tools, found, row, images, points, bare, marked)
    still = [crop_of(one.rest, avatar)] * VIEWS
    images, points = truths[id(other)]
    compare(tools, found, "static portrait, of another's motion", images, points, still, None)
    _reader(tools, found, one, images, points, other.pose)


def compare(
    tools: Instruments, found: Findings, row: str, true: Sequence[Image], points: Floats,
    bare: Sequence[Image], marked: Sequence[Image] | None,
) -> None:  # fmt: skip
    """Frames beside true pictures; a frame without a face counts as lost."""
    for k, image in enumerate(true):
        face = face_of(points[k], len(image))
        columns = {"PSNR_of_the_face,_dB": psnr(bare[k][face], image[face])}
        if tools.lpips is not None:
            columns["LPIPS_of_the_face"] = tools.lpips(bare[k][face], image[face])
            if marked is not None:
                columns["with_the_mark"] = tools.lpips(marked[k][face], image[face])
        both = seen_each([bare[k], image])
        if both is not None:
            columns |= _both(tools, [bare[k], image], both)
            exact = landmark_errors(both.points[:1], points[k : k + 1])
            columns["points_beside_the_exact_ones,_%"] = float(exact[0])
        found.add(SWAPS, row, **columns)


def face_of(points: Floats, side: int) -> tuple[slice, slice]:
    """Rows and columns of a face in a picture: hair is the data engine's guess, and no truth."""
    low = np.clip(points[:468, :2].min(0), 0, side - 17).astype(int)
    high = np.clip(np.ceil(points[:468, :2].max(0)), low + 16, side).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])


def _both(tools: Instruments, pair: list[Image], both: FaceSequence) -> dict[str, float]:
    """What is read from a frame and from the true picture: how far apart."""
    angles = tools.angles(pair, both)
    columns = {"pose,_degrees_(mesh)": float(np.abs(both.angles[0] - both.angles[1]).mean())}
    if angles is not None:
        columns["pose,_degrees_(6DRepNet360)"] = float(np.abs(angles[0] - angles[1]).mean())
    apart = landmark_errors(both.points[:1], both.points[1:])
    columns["points,_%_of_the_face"] = float(apart[0])
    columns["dynamics,_%_of_range"] = float(dynamics_moved(np.diff(curves(both), axis=0))[0])
    return columns | tools.alike(pair[0], both.points[0], pair[1], both.points[1])


def _reader(
    tools: Instruments, found: Findings, one: DrawnHead, true: list[Image], points: Floats,
    pose: Array,
) -> None:  # fmt: skip
    """How far the readers themselves are from what is exactly known of the true pictures."""
    faces = seen_each([crop_of(one.rest, one.avatar), *true])
    if faces is None:
        return
    row, exact = "the true pictures, as the readers see them", np.degrees(pose[:, :3])
    for name, read in (
        ("mesh", faces.angles),
        ("6DRepNet360", tools.angles([crop_of(one.rest, one.avatar), *true], faces)),
    ):
        if read is not None:
            for error in np.abs(read[1:] - read[:1] - exact).mean(1):
                found.add(SWAPS, row, **{f"pose,_degrees_({name})": float(error)})
    for error in landmark_errors(faces.points[1:], points):
        found.add(SWAPS, row, **{"points_beside_the_exact_ones,_%": float(error)})


def apart(animator: Animator, one: DrawnHead, tools: Instruments, found: Findings) -> None:
    """Pose alone and dynamics alone on a drawn head: the model's frames and the true pictures."""
    anchor, renderer = Anchor(animator.run), renderer_of(animator, one.avatar)
    own = anchor.read(one.avatar.dynamics)
    for alone, edits in (("pose", POSES), ("dynamics", FACES)):
        motions = [edit_motion(one.avatar, anchor, edit) for edit in (Edit(), *edits)]
        # The true face makes the same change: the model's own reading of the portrait may differ.
        change = np.concatenate([anchor.read(motion.dynamics) - own for motion in motions])
        pose = np.concatenate([motion.pose for motion in motions])
        pictures = {
            "the model's": [renderer.before_marks(motion) for motion in motions],
            "true": one.draw(pose, change)[0],
        }
        faces = {who: seen_each(images) for who, images in pictures.items()}
        _apart(tools, found, alone, pictures, faces)


def _apart(
    tools: Instruments, found: Findings, alone: str, pictures: dict[str, list[Image]],
    faces: dict[str, FaceSequence | None],
) -> None:  # fmt: skip
    seen = {who: face for who, face in faces.items() if face is not None}
    if len(seen) < len(faces):
        return
    readings = {
        "dynamics,_%_of_range": ({who: curves(face) for who, face in seen.items()}, dynamics_moved),
        "pose,_%_of_range_(mesh)": ({who: face.angles for who, face in seen.items()}, pose_moved),
    }
    judged = {who: tools.angles(pictures[who], face) for who, face in seen.items()}
    angles = {who: read for who, read in judged.items() if read is not None}
    if len(angles) == len(seen):
        readings["pose,_%_of_range_(6DRepNet360)"] = angles, pose_moved
    for reader, read in (("mesh", {who: face.angles for who, face in seen.items()}),
                         ("6DRepNet360", angles)):  # fmt: skip
        for who, turned in read.items() if alone == "pose" else ():
            for column in turn_shown(turned, reader):
                found.add(APART, f"pose alone: {who} pictures", **column)
    for name, (each, share) in readings.items():
        for who, values in each.items():
            for value in share(values[1:] - values[:1]):
                found.add(APART, f"{alone} alone: {who} pictures", **{name: float(value)})
        for value in share(extra(each["the model's"], each["true"])):
            found.add(APART, f"{alone} alone: what the model adds", **{name: float(value)})
    for who, face in seen.items():
        images = pictures[who]
        for k in range(1, len(images)):
            alike = tools.alike(images[k], face.points[k], images[0], face.points[0])
            found.add(APART, f"{alone} alone: {who} pictures", **alike)


def turn_shown(angles: Floats, reader: str) -> list[dict[str, float]]:
    """How much of each of `POSES` is shown, along its own axis, as columns for `Findings`.

    Args:
        angles: [1 + P, 3] in degrees, at rest first.
        reader: Who read them.
    """
    out = []
    for edit, read in zip(POSES, angles[1:] - angles[0], strict=True):
        asked = np.array([edit.yaw, edit.pitch, edit.roll])
        axis = int(np.abs(asked).argmax())
        out.append({f"turn_shown_/_asked_({reader})": float(read[axis] / asked[axis])})
    return out


def _motion(avatar: Avatar, pose: Array, change: Array) -> Motion:
    return Motion(pose[None].astype(np.float32), (avatar.dynamics + change).astype(np.float32))
