"""Contact sheets: one motion on three people, pose and dynamics by themselves, and works of art."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from openvasa.commands.evaluate_latent_frames import Instruments, drawn, renderer_of
from openvasa.engine.anchor import Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.driving import Driver
from openvasa.engine.editing import Edit, edit_motion, labeled
from openvasa.metrics.face_sequence import follow
from openvasa.metrics.findings import Findings
from openvasa.types import Image, InputError, Motion

TILE = 160  # pixels of a picture on a sheet
ART = "Works of art"
ACTED = {
    "as it is": Edit(),
    "left": Edit(yaw=-15, expression={"jawOpen": 0.3}),
    "right": Edit(yaw=15),
    "up": Edit(pitch=8, expression={"browInnerUp": 0.8, "jawOpen": 0.5}),
    "smile": Edit(yaw=5, expression={"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}),
    "blink": Edit(expression={"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}),
}
MOTIONS = {
    "motion": "One motion on three people",
    "pose": "Its pose without its dynamics",
    "dynamics": "Its dynamics without its pose",
}


def motions(
    animator: Animator, avatars: Sequence[Avatar], driver: Driver, turns: float = 4.0
) -> dict[str, Image]:
    """One driver's motion on some people, whole and in its two parts, by name.

    Args:
        animator: The model.
        avatars: The people.
        driver: Who moves.
        turns: Head turns are shown this much larger: GRID's speakers hardly turn theirs.
    """
    numbers = np.linspace(0, len(driver) - 1, 7).astype(int)
    sheets = {}
    for name in MOTIONS:
        rows = []
        for avatar in avatars:
            motion = driver.motion(avatar, Anchor(animator.run))
            pose = motion.pose * np.float32(turns) * (name != "dynamics")
            face = np.tile(avatar.dynamics, (len(motion), 1)) if name == "pose" else motion.dynamics
            played = Motion(pose, face)
            renderer = renderer_of(animator, avatar, TILE)
            rows.append(drawn(renderer, [played[int(k) : int(k) + 1] for k in numbers]))
        left = [f"person {k + 1}" for k in range(len(rows))]
        sheets[name] = labeled(rows, left, [f"{k / 25:.1f} s" for k in numbers])
    return sheets


def art(animator: Animator, folder: Path, tools: Instruments, found: Findings) -> Image:
    """Every picture of a folder acting: a sheet, and likeness to the picture itself.

    Raises:
        InputError: None of them shows a face that can be found.
    """
    rows, names = [], []
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".jpg", ".png")):
        try:
            avatar = animator.prepare(path)
        except InputError:
            found.add(ART, path.stem, face_found=0.0)
            continue
        anchor, renderer = Anchor(animator.run), renderer_of(animator, avatar, 256)
        images = drawn(renderer, [edit_motion(avatar, anchor, edit) for edit in ACTED.values()])
        faces = [follow([image]) for image in images]
        seen = [k for k, face in enumerate(faces) if face is not None]
        share = len(seen) / len(images)
        found.add(ART, path.stem, face_found=1.0, face_found_in_frames=share)
        for k in seen[1:]:
            here, first = faces[k], faces[seen[0]]
            if here is not None and first is not None:
                pair = images[k], here.points[0], images[seen[0]], first.points[0]
                found.add(ART, path.stem, **tools.alike(*pair))
        rows.append([_small(image) for image in images])
        names.append(path.stem.replace("_", " "))
    if not rows:
        raise InputError(f"no picture in '{folder}' shows a face that can be found: give others.")
    return labeled(rows, names, list(ACTED))


def _small(image: Image) -> Image:
    small = Pillow.fromarray(image).resize((TILE, TILE), Pillow.Resampling.LANCZOS)
    return np.asarray(small, np.uint8)
