"""A portrait as a scene: one mesh of skin, eyes, mouth and a sheet of hair, neck and shoulders.

`HeadScene` holds what all portraits share, `Portrait` what is prepared once for each, and `pose`
places the vertices of a batch of frames. numpy only; `head_truth` draws it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from openvasa.data.head import (
    OUTER_LIPS,
    FittedHead,
    HeadBasis,
    express,
    iris_points,
    vertex_normals,
)
from openvasa.data.head import index_of as shape
from openvasa.data.head_light import Floats, fit_light, shade, to_linear
from openvasa.data.head_mouth import TEETH as TEETH_KIND
from openvasa.data.head_mouth import MouthInterior, white_of
from openvasa.data.head_render import bare_skin, sample, triangulate
from openvasa.latent.control_points import FLATTEST
from openvasa.latent.raster import inside
from openvasa.latent.surface import (
    EYEBALL_REACH,
    EYES,
    GRID,
    IRIS,
    OVAL,
    POINTS,
    PortraitSurface,
    rotation_from,
    smooth,
    to_canonical,
    transform,
)
from openvasa.types import Image

# Segmentation labels.
BACKGROUND, HAIR, SKIN, LIPS, EYES_SEEN, TEETH, MOUTH = range(7)
SEGMENTS = ("background", "hair and body", "skin", "lips", "eyes", "teeth", "mouth interior")
EYEBALL = 21  # vertices: five of the iris, sixteen around
BEHIND = 6.0  # crop units by which the sheet stands behind the face where both want a pixel
SOFTNESS = 0.08  # of the bend in `control_points.shallow`
DEPTH = 1.15  # the mesh is a little flat: turns are then read as smaller than they are
LAYER = 10.0  # apart in the surface coordinate's x, so that layers are told from each other
CROWN = 0.22  # crop units outside the oval where the head's outline is reached
SLOPE = 0.7  # the sheet falls back by this much a unit of distance from the oval
SEEN_FLAT, SEEN_WELL = 0.12, 0.42  # cosine to the camera: texture is invented, is the photo's


@dataclass(frozen=True)
class Posed:
    """Vertices of N frames.

    Attributes:
        points: f64 [N, V, 3], y up, crop units.
        shade: f32 [N, V, 3], linear factor on the albedo; for the mouth the color itself.
    """

    points: np.ndarray
    shade: np.ndarray


@dataclass(frozen=True)
class Portrait:
    """What is worked out once a portrait.

    Attributes:
        photo: u8 [P, P, 3], the crop.
        head: The fitted head.
        surface: How the sheet follows it.
        light: [9, 3], the photo's own.
        white: [3], linear color of white things in it.
        uv: f32 [V, 2], where the photo shows each vertex (crop units, y down).
        mirrored: f32 [V, 2], where it shows the vertex of the other side.
        blend: f32 [V], share of the other side where the photo hides this one.
        rest: f32 [V, 3], the surface coordinate (see `HeadScene.rest`).
    """

    photo: Image
    head: FittedHead
    surface: PortraitSurface
    light: np.ndarray
    white: np.ndarray
    uv: np.ndarray
    mirrored: np.ndarray
    blend: np.ndarray
    rest: np.ndarray


class HeadScene:
    """Triangles, layers and labels of the scene for one `HeadBasis`."""

    def __init__(self, basis: HeadBasis) -> None:
        """Join the layers' triangles."""
        self.basis, self.topology = basis, triangulate(basis)
        self.inside = MouthInterior(basis)
        self.cheeks = bare_skin(basis)
        self.mirror = np.linalg.norm(
            basis.mean[:, None] * [-1.0, 1.0, 1.0] - basis.mean[None], axis=2
        ).argmin(1)
        grid = _grid_triangles()
        self.eyeballs = POINTS
        self.mouth = POINTS + 2 * EYEBALL
        self.sheet = self.mouth + len(self.inside.mean)
        self.vertices = self.sheet + GRID * GRID
        skin = self.topology.skin
        spread = basis.mean + 0.4 * basis.expression[shape("jawOpen")]
        lips = inside(spread[skin].mean(1)[:, :2].astype(np.float64),
                      spread[OUTER_LIPS, :2].astype(np.float64))  # fmt: skip
        kinds = self.inside.kind[self.inside.triangles[:, 0]]
        mouth_labels = np.where(kinds == TEETH_KIND, TEETH, MOUTH)
        balls = [POINTS + EYEBALL * k + self.topology.eyeballs[k] for k in range(2)]
        layers = (
            (skin, np.where(lips, LIPS, SKIN)),
            (self.topology.eyes, EYES_SEEN),
            (self.topology.mouth, MOUTH),
            (self.sheet + grid, HAIR),
            (np.concatenate(balls), EYES_SEEN),
            (self.mouth + self.inside.triangles, mouth_labels),
        )
        self.triangles = np.concatenate([t for t, _ in layers]).astype(np.int64)
        self.labels = np.concatenate([np.broadcast_to(v, len(t)) for t, v in layers])
        # Through the openings of lids and lips, and only there, eyeballs and mouth are seen.
        ends = np.cumsum([len(t) for t, _ in layers])
        self.lids, self.hole = slice(ends[0], ends[1]), slice(ends[1], ends[2])
        self.outside = int(ends[3])
        self.behind = np.zeros(self.outside)
        self.behind[ends[2] :] = BEHIND

    def prepare(self, photo: Image, head: FittedHead) -> Portrait:
        """Work out what one portrait's frames share."""
        head = deepened(head)
        surface = PortraitSurface(self.topology, head.landmarks, head.pose)
        normals = vertex_normals(head.landmarks[:468], self.topology.skin)
        small = sample(photo, head.landmarks[None, :468, :2] * [1.0, -1.0])[0]
        light = fit_light(to_linear(small[self.cheeks]), normals[self.cheeks])
        ball = self._eyeball_points(surface, head.landmarks, head.pose)
        points = np.concatenate([
            head.landmarks, ball, np.zeros((len(self.inside.mean), 3)),
            np.concatenate([surface.grid, np.zeros((GRID * GRID, 1))], 1),
        ])  # fmt: skip
        uv = (points[:, :2] * [1.0, -1.0]).astype(np.float32)
        mirrored, blend = uv.copy(), np.zeros(self.vertices, np.float32)
        mirrored[:468] = uv[self.mirror]
        facing = normals[:, 2]
        hidden = 1 - smooth((facing - SEEN_FLAT) / (SEEN_WELL - SEEN_FLAT))
        better = smooth((facing[self.mirror] - facing - 0.1) / 0.3)
        blend[:468] = hidden * better
        return Portrait(photo, head, surface, light, white_of(photo, head), uv, mirrored, blend,
                        self.rest(head, surface))  # fmt: skip

    def rest(self, head: FittedHead, surface: PortraitSurface) -> np.ndarray:
        """Surface coordinate f32 [V, 3]: unique for every point of the person, in all frames.

        Skin: canonical position. Eyeballs, mouth, sheet: theirs, with `LAYER`, 2 and 3 times
        `LAYER` added to x.
        """
        ball = self._eyeball_points(surface, head.landmarks, head.pose)
        ball[:, 0] += LAYER
        mouth = self.inside.mean + [2 * LAYER, 0, 0]
        sheet = np.concatenate([surface.grid, np.zeros((GRID * GRID, 1))], 1) + [3 * LAYER, 0, 0]
        iris = to_canonical(head.landmarks[468:], head.pose)
        return np.concatenate([head.canonical, iris, ball, mouth, sheet]).astype(np.float32)

    def pose(self, portrait: Portrait, poses: Floats, expressions: Floats,
             lights: Floats | None = None) -> Posed:  # fmt: skip
        """Place and light the vertices of N frames.

        Args:
            portrait: From `prepare`.
            poses: z_pose [N, 6].
            expressions: e [N, 45].
            lights: [N, 9, 3] in the camera's frame; None keeps what the photo's light left on
                each point of the skin, however the head turns.
        """
        head, count = portrait.head, len(poses)
        own = np.broadcast_to(head.canonical, (count, 468, 3))
        before = np.broadcast_to(head.expression, (count, len(head.expression)))
        faces = express(self.basis, own, before, expressions)
        mouths = self.inside.place(head, expressions)
        points = np.zeros((count, self.vertices, 3))
        shades = np.zeros((count, self.vertices, 3), np.float32)
        for k in range(count):
            baked = lights is None
            light = portrait.light if lights is None else lights[k]
            face = np.concatenate([faces[k], iris_points(head, expressions[k])])
            seen = portrait.surface.shut_lids(transform(face, poses[k]), poses[k])
            points[k] = self._place(portrait, seen, mouths[k], poses[k])
            lit = head.landmarks if baked else seen
            shades[k] = self._shade(portrait, lit, light)
            shades[k, self.mouth : self.sheet] = self.inside.shade(
                mouths[k], faces[k], poses[k], light, portrait.white
            )
        return Posed(points, shades)

    def _place(self, portrait: Portrait, seen: np.ndarray, mouth: np.ndarray,
               pose: np.ndarray) -> np.ndarray:  # fmt: skip
        surface = portrait.surface
        return np.concatenate([
            seen, self._eyeball_points(surface, seen, pose), transform(mouth, pose),
            place_sheet(surface, seen, pose),
        ])  # fmt: skip

    def _eyeball_points(self, surface: PortraitSurface, seen: np.ndarray,
                        pose: np.ndarray) -> np.ndarray:  # fmt: skip
        out = []
        for contour, iris in zip(EYES, IRIS, strict=True):
            base = transform(surface.canonical[contour], pose)
            center = base.mean(0)
            out += [seen[iris : iris + 5], center + EYEBALL_REACH * (base - center)]
        return np.concatenate(out)

    def _shade(self, portrait: Portrait, points: np.ndarray, light: np.ndarray) -> np.ndarray:
        """Shading [V, 3] of skin, eyes and sheet, from the normals of the face."""
        normals = vertex_normals(points[:468], self.topology.skin)
        value = np.ones((self.vertices, 3), np.float32)
        value[:468] = shade(light, normals)
        for k, contour in enumerate(EYES):
            value[468 + 5 * k : 473 + 5 * k] = value[contour].mean(0)
            start = self.eyeballs + EYEBALL * k
            value[start : start + EYEBALL] = value[contour].mean(0)
        value[self.sheet :] = portrait.surface.weight @ value[OVAL]
        return value


def deepened(head: FittedHead) -> FittedHead:
    """The head with its whole depth: takes back `control_points.shallow`, for large turns need it.

    At the head's own pose nothing moves in the picture.
    """
    points = head.landmarks.astype(np.float64).copy()
    excess = np.maximum((points[:, 2] - FLATTEST) / SOFTNESS, 1e-3)
    points[:, 2] = DEPTH * (FLATTEST + SOFTNESS * np.log(np.expm1(excess)))
    for contour, iris in zip(EYES, IRIS, strict=True):
        points[iris : iris + 5, 2] = points[contour, 2].mean()
    return replace(head, canonical=to_canonical(points[:468], head.pose), landmarks=points)


def place_sheet(surface: PortraitSurface, seen: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """The sheet [GRID * GRID, 3]: on the skull near the face, still at the crop's border.

    A turning head keeps its outline (a ball does), so what is seen as the outline only shifts,
    tilts and grows with the skull, while what is next to the face turns with it.
    """
    grid, own = surface.grid, surface.pose
    apart = np.linalg.norm(grid[:, None] - surface.points[None, OVAL, :2], axis=2).min(1)
    apart = np.where(inside(grid, surface.points[OVAL, :2]), 0.0, apart)
    depth = surface.weight @ surface.points[OVAL, 2] - SLOPE * np.minimum(apart, CROWN)
    turned = transform(to_canonical(np.concatenate([grid, depth[:, None]], 1), own), pose)
    roll = [0.0, 0.0, pose[2] - own[2]]
    from_skull = np.concatenate([grid - own[3:5] * [1.0, -1.0], np.zeros((len(grid), 1))], 1)
    outline = np.exp(pose[5] - own[5]) * from_skull @ rotation_from(np.array(roll)).T
    outline[:, :2] += pose[3:5] * [1.0, -1.0]
    share = smooth(apart / CROWN)[:, None]
    share = share * smooth((grid[:, 1:] - surface.points[152, 1]) / 0.2)  # necks do turn
    moved = turned[:, :2] + share * (outline[:, :2] - turned[:, :2]) - grid
    stiff = transform(surface.canonical[OVAL], pose)[:, :2]
    moved = moved * surface.fade + (surface.weight @ (seen[OVAL, :2] - stiff)) * surface.near
    z = depth + (turned[:, 2] - depth) * surface.fade[:, 0]
    return np.concatenate([grid + moved, z[:, None]], 1)


def _grid_triangles() -> np.ndarray:
    index = np.arange(GRID * GRID).reshape(GRID, GRID)
    a, b, c, d = (q.ravel() for q in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1],
                                      index[1:, 1:]))  # fmt: skip
    return np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
