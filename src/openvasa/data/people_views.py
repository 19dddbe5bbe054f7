"""Eight views of a synthetic person: wished, drawn, measured, and checked to be that person.

The first view is the portrait as the generator drew it; the others are drawn by `head_render` from
the head fitted to it, over a background that stays. What a view shows is measured on its pixels:
the difference between views is never assumed. A view's recipe (pose, expression) can be drawn
again by any renderer of heads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from openvasa.data.head import FittedHead, HeadBasis, fit, index_of
from openvasa.data.head_matte import Matting
from openvasa.data.head_render import HeadRenderer, sample
from openvasa.data.tracks import lay
from openvasa.face.align import crop_box, cut, soften_beyond, to_crop_units
from openvasa.face.landmarks import Mesh
from openvasa.face.matte import split
from openvasa.latent.surface import FLIP, SHEET
from openvasa.types import EXPRESSION_NAMES, Array, CropBox, Image

VIEWS = 8
SIZE = 256  # pixels of a view
PORTRAIT_SIZE = 512  # pixels of the crop that views are drawn from
REACH = np.radians([35.0, 20.0, 20.0])  # largest yaw, pitch, roll
MOST = 1.35  # of the three together, each as a share of its reach: no neck turns all ways at once
SCALES = (0.85, 1.18)  # size of the head relative to the portrait's
EASIER = (1.0, 0.6, 0.25)  # shares of the wish that are tried in turn
# Cosine of MobileFaceNet with the portrait that a view needs, by the larger of |yaw| and |pitch|
# in degrees: near the first percentile of one person's views; 1 % of strangers reach 0.32
# (measured, docs/data.md).
SAME = ((15.0, 0.5), (25.0, 0.42), (90.0, 0.35))
PRESENT = 0.5  # the mesh network's own confidence
POSE_ERROR = np.radians(12.0)  # a view whose pose reads further from its wish did not come out

Identify = Callable[[Image, Array], Array]


class Wish(NamedTuple):
    """What a view shall show: z_pose [6] and e [45]."""

    pose: np.ndarray
    expression: np.ndarray


class View(NamedTuple):
    """A view and what was measured on it.

    Attributes:
        image: u8 [256, 256, 3].
        wish: What it was drawn with.
        pose: f32 [6], read back.
        expression: f32 [45], read back.
        landmarks: f32 [478, 3], read, crop units.
        cosine: Of its identity with the portrait's.
    """

    image: Image
    wish: Wish
    pose: Array
    expression: Array
    landmarks: Array
    cosine: float


def wishes(number: int, head: FittedHead) -> list[Wish]:
    """The seven drawn views of a person: angles spread evenly, seven kinds of expression.

    Args:
        number: Of the person; the same number has the same wishes.
        head: Fitted to the portrait.
    """
    rng = np.random.default_rng([number, 41])
    count = VIEWS - 1
    strata = np.stack([rng.permutation(count) for _ in REACH], 1)
    share = 2 * (strata + rng.random(strata.shape)) / count - 1
    share *= np.minimum(1, MOST / np.linalg.norm(share, axis=1, keepdims=True))
    out = []
    for angles, kind in zip(share * REACH, rng.permutation(count), strict=True):
        pose = head.pose.copy()
        pose[:3] = angles
        pose[5] += np.log(rng.uniform(*SCALES))
        out.append(Wish(pose, _expression(rng, int(kind), head.expression)))
    return out


def _expression(rng: np.random.Generator, kind: int, own: np.ndarray) -> np.ndarray:
    """One of seven: at rest, speaking, wide open, smiling, blinking, looking away, brows."""
    e = 0.25 * own
    lips = ("mouthFunnel", "mouthPucker", "mouthStretch", "mouthLowerDown", "mouthUpperUp")

    def put(stem: str, value: float) -> None:
        for name in (n for n in EXPRESSION_NAMES if n.removesuffix("Left").removesuffix("Right")
                     == stem):  # fmt: skip
            e[index_of(name)] = value

    if kind == 1:
        put("jawOpen", rng.uniform(0.08, 0.35))
        put(str(rng.choice(lips)), rng.uniform(0.2, 0.7))
    elif kind == 2:
        put("jawOpen", rng.uniform(0.4, 0.7))
    elif kind == 3:
        put("mouthSmile", rng.uniform(0.4, 0.9))
        put("cheekSquint", rng.uniform(0.1, 0.4))
        put("jawOpen", rng.uniform(0.0, 0.2))
    elif kind == 4:
        put("eyeBlink", 1.0)
    elif kind == 5:
        e[-2:] = np.radians([rng.uniform(-22, 22), rng.uniform(-12, 12)])
    elif kind == 6:
        put(str(rng.choice(("browInnerUp", "browOuterUp", "browDown"))), rng.uniform(0.4, 0.9))
        put("jawOpen", rng.uniform(0.0, 0.15))
    return e


def portrait_crop(portrait: Image, landmarks: Array) -> tuple[Image, Array, CropBox]:
    """The crop that views are drawn from, its landmarks in crop units, and its place."""
    box = crop_box(landmarks)
    crop = soften_beyond(cut(portrait, box, PORTRAIT_SIZE), box, *portrait.shape[:2])
    return crop, to_crop_units(landmarks, box), box


def measure(image: Image, basis: HeadBasis, near: Array) -> tuple[FittedHead, Array] | None:
    """The fitted head and the landmarks (pixels) of the face in a view; None if it shows none.

    Args:
        image: u8 [S, S, 3].
        basis: The parametric head.
        near: f32 [478, 3], pixels, about where the face is; the mesh network looks there.
    """
    mesh = lay(image, Mesh(points=near.astype(np.float32), presence=1.0))
    if mesh.presence < PRESENT:
        return None
    half = len(image) / 2
    units = (mesh.points / half - [1, 1, 0]).astype(np.float64)
    return fit(basis, units), mesh.points


def same_person(cosine: float, pose: np.ndarray) -> bool:
    """Whether a cosine with the portrait is that of the same person, at this pose."""
    turned = float(np.degrees(np.abs(pose[:2]).max()))
    return cosine >= next(needed for most, needed in SAME if turned <= most)


class Painter:
    """Draws a portrait's head anew over its background."""

    def __init__(self, renderer: HeadRenderer, matting: Matting) -> None:
        """Keeps the renderer of heads and what tells a person from the background."""
        self.renderer, self.matting = renderer, matting

    def paint(self, crop: Image, head: FittedHead, wishes: list[Wish]) -> list[tuple[Image, Array]]:
        """Views u8 [256, 256, 3] and their landmarks f32 [478, 3] in pixels.

        Args:
            crop: The portrait, u8 [512, 512, 3].
            head: Fitted to it.
            wishes: What to show.
        """
        matte = self.matting(crop)
        person, background = split(crop, matte)
        whole = CropBox(len(crop) / 2, len(crop) / 2, float(len(crop)))
        behind = cut(background, whole, SIZE).astype(np.float32) / 255
        levels = np.repeat((255 * matte)[..., None], 3, axis=2).astype(np.uint8)
        surface = self.renderer.surface(head)
        views = []
        for wish in wishes:
            drawn = self.renderer.render(person, head, *wish, SIZE, surface)
            share = np.where(drawn.label == SHEET, sample(levels, drawn.flow)[..., 0], 1.0)
            picture = behind + share[..., None] * (drawn.image - behind)
            points = ((drawn.landmarks + [1, 1, 0]) * (SIZE / 2)).astype(np.float32)
            views.append(((picture.clip(0, 1) * 255 + 0.5).astype(np.uint8), points))
        return views


def draw_views(
    painter: Painter, identify: Identify, crop: Image, head: FittedHead, number: int
) -> list[View] | None:
    """All views of a person, easier ones in place of those that did not come out.

    Args:
        painter: Draws.
        identify: Face (u8 picture, landmarks in pixels) -> unit vector.
        crop: The portrait, u8 [512, 512, 3].
        head: Fitted to it.
        number: Of the person.

    Returns:
        `VIEWS` views, or None where even easy ones are not the person.
    """
    basis = painter.renderer.basis
    small = cut(crop, CropBox(len(crop) / 2, len(crop) / 2, float(len(crop))), SIZE)
    own = Wish(head.pose, head.expression)
    here = (head.landmarks * FLIP + [1, 1, 0]) * (SIZE / 2)
    first = _check(small, own, basis, identify, here, None)
    if first is None:
        return None
    views: list[View | None] = [first[0], *([None] * (VIEWS - 1))]
    planned = wishes(number, head)
    for share in EASIER:
        missing = [i for i, view in enumerate(views) if view is None]
        tried = [_between(own, planned[i - 1], share) for i in missing]
        for i, wish, (picture, near) in zip(missing, tried, painter.paint(crop, head, tried),
                                            strict=True):  # fmt: skip
            found = _check(picture, wish, basis, identify, near, first[1])
            views[i] = None if found is None else found[0]
        if all(views):
            return [view for view in views if view is not None]
    return None


def _between(own: Wish, wish: Wish, share: float) -> Wish:
    pairs = zip(own, wish, strict=True)
    mixed = (np.asarray(a + share * (b - a), np.float32) for a, b in pairs)  # as it is stored
    return Wish(*(values.astype(np.float64) for values in mixed))


def _check(
    image: Image, wish: Wish, basis: HeadBasis, identify: Identify, near: Array,
    portrait: Array | None,
) -> tuple[View, Array] | None:  # fmt: skip
    """The measured view and its identity, or None if it is not what and whom it should show."""
    found = measure(image, basis, near)
    if found is None:
        return None
    head, points = found
    vector = identify(image, points)
    cosine = 1.0 if portrait is None else float(vector @ portrait)
    off = np.abs(head.pose[:3] - wish.pose[:3]).max()
    if portrait is not None and (off > POSE_ERROR or not same_person(cosine, wish.pose)):
        return None
    landmarks = (points / (len(image) / 2) - [1, 1, 0]).astype(np.float32)
    view = View(image, wish, head.pose.astype(np.float32), head.expression.astype(np.float32),
                landmarks, cosine)  # fmt: skip
    return view, vector
