"""Heads that the data engine draws, as portraits for the model and as the truth of its frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openvasa.commands.evaluate_latent_frames import Floats, crop_of
from openvasa.data.head import FittedHead, fit
from openvasa.data.head_truth import Textures, TruthRenderer
from openvasa.data.heads import Subject, to_bytes
from openvasa.data.random_faces import random_expression
from openvasa.engine.anchor import Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.engine.driving import look
from openvasa.engine.expression_fit import expression_shapes, fit_expressions, head_pose
from openvasa.face.align import crop_box, to_crop_units
from openvasa.face.find import find_faces
from openvasa.types import EXPRESSION_NAMES, Array, Image

DRAWN = 320  # pixels of the data engine's pictures
VIEWS = 4  # of each head's motion
REACH = np.radians([15.0, 10.0, 8.0])  # of the motion, either way


@dataclass(frozen=True)
class DrawnHead:
    """A held-out person as the data engine draws them.

    Attributes:
        engine: Draws.
        head: The fitted head.
        textures: Its skin, hair and background.
        rest: u8 [S, S, 3], the picture at rest, which is the model's portrait.
        avatar: Made of that picture.
        pose: f32 [V, 6], z_pose of V views less the head's own.
        expression: f32 [V, 45], the same of expressions.
    """

    engine: TruthRenderer
    head: FittedHead
    textures: Textures
    rest: Image
    avatar: Avatar
    pose: Array
    expression: Array

    def draw(self, pose: Array, expression: Array) -> tuple[list[Image], Floats]:
        """True pictures in the avatar's square, and their landmarks f64 [N, 478, 3] in pixels.

        Args:
            pose: [N, 6] less the head's own.
            expression: [N, 45] less the head's own.
        """
        truth = self.engine.render(
            self.textures, (self.head.pose + pose).astype(np.float32),
            _allowed(self.head.expression + expression), DRAWN,
        )  # fmt: skip
        box, images = self.avatar.box, [crop_of(one, self.avatar) for one in to_bytes(truth)]
        pixels = (truth.landmarks.astype(np.float64) + [1, 1, 0]) * DRAWN / 2
        corner = np.array([box.cx - box.side / 2, box.cy - box.side / 2, 0])
        return images, (pixels - corner) * len(images[0]) / box.side

    def read(self, animator: Animator) -> tuple[Array, Array, Array]:
        """Poses [V, 6], z_dyn [V, 48] and expressions [V, 45] of its views, less those at rest.

        Read from pictures: pose from the mesh, z_dyn by the encoder, expressions by the fit that
        `openvasa reenact` uses.
        """
        own = np.zeros((1, 6), np.float32), np.zeros((1, 45), np.float32)
        whole = self.engine.render(
            self.textures, (self.head.pose + np.concatenate([own[0], self.pose])).astype("f4"),
            _allowed(self.head.expression + np.concatenate([own[1], self.expression])), DRAWN,
        )  # fmt: skip
        meshes = [find_faces(picture)[0].mesh for picture in to_bytes(whole)]
        looks = [look(animator, *pair) for pair in zip(to_bytes(whole), meshes, strict=True)]
        box = crop_box(meshes[0].surface)
        placed = [
            head_pose(to_crop_units(mesh.points, box).astype(np.float64), animator.mean)
            for mesh in meshes
        ]
        poses, canonical = (np.stack(part) for part in zip(*placed, strict=True))
        anchor = Anchor(animator.run)
        shapes = expression_shapes(
            animator.run, anchor, np.median(canonical, axis=0).astype(np.float32), looks[0].identity
        )
        dynamics = np.concatenate([one.dynamics for one in looks])
        seen = anchor.read(dynamics).astype(np.float64)
        fitted = fit_expressions(canonical.astype(np.float64), seen, shapes)[0].astype(np.float32)
        poses[:, 3:] = 0  # views differ in angles only
        return poses[1:] - poses[:1], dynamics[1:] - dynamics[:1], fitted[1:] - fitted[:1]


def drawn_head(
    animator: Animator, engine: TruthRenderer, found: Subject, seed: int
) -> DrawnHead | None:  # fmt: skip
    """Draws a person at rest and makes up a motion for them; None where no face is seen."""
    head = fit(engine.scene.basis, found.landmarks)
    textures = engine.prepare(found.photo, head)
    own = head.pose[None].astype(np.float32), _allowed(head.expression[None])
    rest = to_bytes(engine.render(textures, *own, DRAWN))[0]
    if not find_faces(rest):
        return None
    rng = np.random.default_rng(seed)
    pose = np.zeros((VIEWS, 6), np.float32)
    pose[:, :3] = rng.uniform(-REACH, REACH, (VIEWS, 3))
    wanted = [random_expression(rng, head.expression[None]) for _ in range(VIEWS)]
    change = (np.stack(wanted) - head.expression).astype(np.float32)
    return DrawnHead(engine, head, textures, rest, animator.prepare(rest), pose, change)


def _allowed(expression: Array) -> Array:
    """Scores in [0, 1], gaze as it is."""
    scores = len(EXPRESSION_NAMES) - 2
    kept = np.clip(expression[:, :scores], 0, 1)
    return np.concatenate([kept, expression[:, scores:]], 1).astype(np.float32)
